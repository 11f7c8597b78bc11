/** C0 and C1 controls, and the marks that turn the direction of text: nobody sees them, terminals obey them. */
const INVISIBLE = /[\p{Cc}\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]+/gu;
const LENGTH_MAX = 200;

/** Names come from telemetry, which anybody may send: one line, without invisible characters, not too long. */
export function oneLine(text: string): string {
  const line = text.replaceAll(INVISIBLE, ' ').trim();
  return line.length <= LENGTH_MAX ? line : `${line.slice(0, LENGTH_MAX - 1)}…`;
}

/** What Markdown would read as markup; `_` inside a word and `<` before a number are none. */
const MARKUP = /[\\`*[\]|#~]|(?<!\w)_|_(?!\w)|<(?=[a-z/!?])|!(?=\[)|&(?=[#\w])/gi;
/** What it would turn into a link by itself. */
const LINK_MARK = /:(?=\/\/)|(?<=\bwww)\./gi;

/** Text that Markdown shows as it is: no link, image, tag or heading comes out of a service's name. */
export function markdownText(text: string): string {
  return oneLine(text)
    .replaceAll(MARKUP, (mark) => `\\${mark}`)
    .replaceAll(LINK_MARK, (mark) => `\\${mark}`);
}

/** Text inside a fenced code block, where nothing is escaped: it must not end the block. */
export function codeText(text: string): string {
  return oneLine(text).replaceAll('`', "'");
}
