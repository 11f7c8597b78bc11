import { STAGES } from '../../core/decision.ts';
import { ACTION_KINDS, isSafe } from './action-kinds.ts';
import { ANCHORS, SOURCES } from './anchors.ts';
import { CASES, type Expected, type TortureCase } from './cases.ts';

const UNSAFE: Readonly<Record<Expected, string>> = {
  mode: 'hold or deny, by kind',
  stopped: 'hold or deny',
  never: 'hold or deny',
  hold: 'hold',
  deny: 'deny',
  refused: 'refused (400)',
};
const SAFE: Readonly<Record<Expected, string>> = {
  ...UNSAFE,
  mode: 'goes on, within its cap',
  stopped: 'goes on, within its cap',
};

const unique = (all: readonly string[]) => [...new Set(all)];

function row({ name, variants }: TortureCase): string {
  const of = (words: typeof UNSAFE) => unique(variants.map(({ expected }) => words[expected])).join('; ');
  const codes = unique(variants.map(({ code }) => `\`${code}\``)).join(' ');
  const how = variants.map((variant) => variant.how).join('; ');
  return `| **${name}**: ${how} | ${of(UNSAFE)} | ${of(SAFE)} | ${codes} | ${ANCHORS[name] ?? '–'} |`;
}

function kindsRow(stage: (typeof STAGES)[number]): string {
  const of = (mode: string) =>
    ACTION_KINDS.filter((kind) => kind.stage === stage && kind.onUnknown === mode)
      .map(({ kind, capRatio }) =>
        capRatio === undefined ? `\`${kind}\`` : `\`${kind}\` (+${100 * capRatio} %)`,
      )
      .join(', ') || '–';
  return `| ${stage} | ${of('allow-capped')} | ${of('allow')} | ${of('hold')} | ${of('deny')} |`;
}

/** docs/torture.md, from the tables that the suite runs. */
export function tortureDocument(): string {
  const variantCount = CASES.reduce((sum, { variants }) => sum + variants.length, 0);
  const safeCount = ACTION_KINDS.filter(isSafe).length;
  return `# Missing-data torture: what a gate answers when the data lie

Most tools decide on the *values* of metrics, and turn *no data* into a number or a pass. This suite spoils everything that a
decision rests on, one thing at a time, and asks about every kind of action: **${CASES.length} cases in ${variantCount} variants, ${ACTION_KINDS.length} kinds of action
at all seven stages, ${safeCount} of them in the safe direction: ${(variantCount * ACTION_KINDS.length).toLocaleString('en')} questions**. None that is unsafe is allowed; what is safe goes on within its
cap. Random corruption of any part is tried besides, and eight faults are sent over OTLP to a real server and asked about over HTTP.

Run it: \`npx vitest run test/torture\`. The tables are \`test/torture/cases.ts\` and \`action-kinds.ts\`; this page is made from
them (\`npx vitest run test/torture/document.test.ts -u\`).

## What unknown or bad data comes to

| Stage | goes on within a cap | goes on | hold | deny |
|---|---|---|---|---|
${STAGES.map(kindsRow).join('\n')}

## The cases

*By kind* is the table above. The last column is what others are documented to do, or do by their code, on the like.

| Case and its variants | Unsafe direction | Safe direction | Reasons | Elsewhere |
|---|---|---|---|---|
${CASES.map(row).join('\n')}

## Sources

${SOURCES.map((source, index) => `${index + 1}. ${source}`).join('\n')}

State of the repositories: July and August 2026.
`;
}
