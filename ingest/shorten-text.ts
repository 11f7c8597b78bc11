/** The text itself, or as many whole characters as fit into `bytesMax` with an ellipsis. */
export function shortenText(text: string, bytesMax: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= bytesMax) return text;
  let end = bytesMax - 3;
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end--; // never inside a character
  return `${bytes.toString('utf8', 0, end)}…`;
}
