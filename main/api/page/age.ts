import { rfc3339 } from '../../../core/time.ts';
import { type Html, html } from './html.ts';

/** `12 s ago` with the exact time behind it; a time ahead of ours is said as such. */
export function age(timeMs: number, nowMs: number): Html {
  return html`<time datetime="${rfc3339(timeMs)}" title="${rfc3339(timeMs)}">${ageText(nowMs - timeMs)}</time>`;
}

export function ageText(ageMs: number): string {
  const seconds = Math.round(Math.abs(ageMs) / 1_000);
  const amount =
    seconds < 120
      ? `${seconds} s`
      : seconds < 7_200
        ? `${Math.round(seconds / 60)} min`
        : seconds < 172_800
          ? `${Math.round(seconds / 3_600)} h`
          : `${Math.round(seconds / 86_400)} d`;
  return ageMs < 0 ? `in ${amount}` : `${amount} ago`;
}
