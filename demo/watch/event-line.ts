import { styleText } from 'node:util';
import { type Source, sourceLabel } from '../../core/source.ts';
import { FAULT_TEXT, type Fault } from '../faults/fault.ts';
import type { Asked } from '../messages.ts';
import type { SeenVerdict, Turn } from './verdict-turns.ts';

type Style = 'bold' | 'dim' | 'blue' | 'red' | 'yellow';
/** Colours text, or leaves it: `styleText` of node:util asks the terminal and NO_COLOR. */
type Paint = (style: Style, text: string) => string;

/** Blue is good, red is bad, yellow asks for care: not green, which too many eyes cannot tell from red. */
const STYLE_OF: Readonly<Record<string, Style>> = {
  pass: 'blue',
  allow: 'blue',
  fail: 'red',
  deny: 'red',
  unknown: 'yellow',
  hold: 'yellow',
  unreachable: 'yellow',
};

export const paintForTerminal: Paint = (style, text) => styleText(style, text, { stream: process.stdout });

const word = (outcome: string, paint: Paint): string => paint(STYLE_OF[outcome] ?? 'bold', outcome);
const WIDTH = 9;

function line(nowMs: number, topic: string, text: string, paint: Paint): string {
  const time = new Date(nowMs).toISOString().slice(11, 19);
  return `${paint('dim', time)}  ${topic.padEnd(WIDTH)} ${text}`;
}

/** `20.3 % lost (14.1 to 28.2 %)`; unknown parts are said, never shown as 0. */
export function measureText(verdict: SeenVerdict): string {
  const { dimension, unit, estimate, lower, upper } = verdict;
  if (estimate === null) return 'cannot say how much';
  const number = (value: number | null): string => {
    if (value === null) return '?';
    return unit === 'ratio' ? (value * 100).toFixed(1) : value.toFixed(2);
  };
  const sign = unit === 'ratio' ? ' %' : ' s';
  const noun = { completeness: ' lost', timeliness: ' late', sampling: ' marked wrongly' }[dimension] ?? '';
  return `${number(estimate)}${sign}${noun} (${number(lower)} to ${number(upper)}${sign})`;
}

/** The API has the whole of it; a line that wraps three times hides the next one. */
const REASON_CHARS_MAX = 150;

function whyText(reason: string | undefined, paint: Paint): string {
  if (reason === undefined) return '';
  const text = reason.length > REASON_CHARS_MAX ? `${reason.slice(0, REASON_CHARS_MAX)}...` : reason;
  return paint('dim', ` - ${text}`);
}

export function turnLine({ verdict, from, to }: Turn, nowMs: number, paint: Paint): string {
  const label = `${sourceLabel(verdict.source as Source)} ${verdict.dimension}`;
  const why = to === 'pass' ? '' : whyText(verdict.reasons[0]?.text, paint);
  const change = `${from === null ? 'new' : word(from, paint)} -> ${word(to, paint)}`;
  return line(nowMs, 'verdict', `${paint('bold', label)}: ${change}, ${measureText(verdict)}${why}`, paint);
}

/** Many verdicts that turned the same way at once are one event for a reader. */
export function turnsLine(turns: readonly Turn[], nowMs: number, paint: Paint): string {
  const { from, to } = turns[0] as Turn;
  const services = [...new Set(turns.map(({ verdict }) => verdict.source.serviceName))].join(', ');
  const change = `${from === null ? 'new' : word(from, paint)} -> ${word(to, paint)}`;
  return line(nowMs, 'verdict', `${turns.length} verdicts of ${services}: ${change}`, paint);
}

export function askedLine(asked: Asked, nowMs: number, paint: Paint): string {
  const { action, from, to, answer, reasons, failMode, acted } = asked;
  const how = failMode === null ? '' : ' without sure data';
  const why = answer === 'allow' ? '' : whyText(reasons[0], paint);
  const done = acted ? 'done' : 'not done';
  return line(
    nowMs,
    'gate',
    `${action} ${from} -> ${to}: ${word(answer, paint)}${how}, ${done}${why}`,
    paint,
  );
}

export function reportLine(
  report: { readonly id: string; readonly state: string; readonly headline: string },
  nowMs: number,
  paint: Paint,
): string {
  return line(nowMs, 'report', `${report.state}: ${paint('bold', report.headline)} (${report.id})`, paint);
}

export function faultLine(fault: Fault, on: boolean, nowMs: number, paint: Paint): string {
  return line(nowMs, 'fault', `${fault} ${paint('bold', on ? 'on' : 'off')}: ${FAULT_TEXT[fault]}`, paint);
}

export function noteLine(text: string, nowMs: number, paint: Paint): string {
  return line(nowMs, 'demo', text, paint);
}
