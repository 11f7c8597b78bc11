import { decodeAnswer } from '../decode-answer.ts';
import type { Answer } from './post.ts';

/** The google.rpc.Status that a refusal brings, in whichever encoding. */
export function statusOf(answer: Answer): Record<string, unknown> {
  return answer.headers['content-type'] === 'application/json'
    ? (JSON.parse(answer.text) as Record<string, unknown>)
    : decodeAnswer('Status', answer.body);
}
