import { Html, html } from './html.ts';

/** Colour, shape and word together: whoever cannot see one of them still has the others. */
const SHAPES: Readonly<Record<string, { kind: string; shape: string }>> = {
  good: { kind: 'good', shape: '<circle cx="8" cy="8" r="7"/><path class="sign" d="M4.5 8.5 7 11l4.5-6"/>' },
  bad: { kind: 'bad', shape: '<path d="M8 1 15.5 15H.5z"/><path class="sign" d="M8 6v4M8 12v1.4"/>' },
  care: {
    kind: 'care',
    shape: '<rect x="1" y="1" width="14" height="14" rx="2"/><path class="sign" d="M6 4.5v7M10 4.5v7"/>',
  },
  unknown: {
    kind: 'unknown',
    shape:
      '<rect x="1" y="1" width="14" height="14"/><path class="hatch" d="M1 6 6 1M1 11 11 1M1 15 15 1M5 15 15 5M10 15 15 10"/>',
  },
  over: { kind: 'over', shape: '<circle cx="8" cy="8" r="6.5"/>' },
};

const SHAPE_OF: Readonly<Record<string, string>> = {
  pass: 'good',
  allow: 'good',
  fail: 'bad',
  deny: 'bad',
  confirmed: 'bad',
  open: 'bad',
  hold: 'care',
  suspect: 'care',
  closed: 'over',
};

/** A mark with its word; a state nobody foresaw is drawn as unknown, never as good. */
export function stateMark(state: string): Html {
  const { kind, shape } = SHAPES[SHAPE_OF[state] ?? 'unknown'] as { kind: string; shape: string };
  const drawing = new Html(shape);
  return html`<span class="mark ${kind}"><svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">${drawing}</svg> ${state}</span>`;
}
