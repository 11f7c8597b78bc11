/**
 * Thrown by the walk when a message that should occur once occurs again, where protobuf says that the two are one,
 * or when a resource stands behind its items. No encoder writes that, so the walk does not pay for it: the body is
 * put in order aside and walked once more.
 */
export class SplitMessageFound extends Error {
  override name = 'SplitMessageFound';
}

/** One instance: its stack is of no interest, and a hostile body must not make thousands. */
export const SPLIT_MESSAGE_FOUND = new SplitMessageFound('a singular message occurs twice, or late');
