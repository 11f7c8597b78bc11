/** A command on-call can paste, and what it answers while the report is true. */
export interface Confirmation {
  readonly command: string;
  readonly expected: string;
}

/** The parts of a report in the order they are read; lines are Markdown already, `picture` is plain text. */
export interface ReportParts {
  readonly headline: string;
  readonly state: string;
  readonly intent: string;
  readonly matters?: string | undefined;
  readonly picture: readonly string[];
  readonly evidence: readonly string[];
  readonly hiddenBy?: readonly string[];
  readonly dataTrust: readonly string[];
  readonly reach: readonly string[];
  readonly whoActed?: readonly string[];
  readonly gateDecisions: readonly string[];
  readonly confirm: readonly Confirmation[];
  readonly falsifiedBy?: readonly string[];
  readonly options: readonly string[];
  /** Commands by which people say what they think of it. */
  readonly answers?: readonly string[] | undefined;
}

/**
 * Markdown that on-call finishes in 60 seconds: what is wrong and how sure that is stands first, then whether the
 * data can be trusted, who is hit, who acted, one command to check it, what would show that it is wrong, and what can be
 * done. An empty part is left out.
 */
export function reportMarkdown(parts: ReportParts): string {
  const blocks = [
    `# ${parts.headline}`,
    facts(parts).join('  \n'),
    ...section('Evidence', [codeBlock('text', parts.picture), bullets(parts.evidence)]),
    ...section('What hides it', [bullets(parts.hiddenBy ?? [])]),
    ...section('Data trust at that time', [bullets(parts.dataTrust)]),
    ...section('Reach', [bullets(parts.reach)]),
    ...section('Who acted', [bullets(parts.whoActed ?? [])]),
    ...section('What the gate did', [bullets(parts.gateDecisions)]),
    ...section('Check it in 60 seconds', parts.confirm.flatMap(confirmation)),
    ...section('What would show that this is wrong', [bullets(parts.falsifiedBy ?? [])]),
    ...section('What you can do', [bullets(parts.options)]),
    ...section('Answer it', [codeBlock('sh', parts.answers ?? [])]),
  ];
  return `${blocks.join('\n\n')}\n`;
}

function facts({ state, intent, matters }: ReportParts): string[] {
  const always = [`**State:** ${state}`, `**Intent:** ${intent}`];
  return matters === undefined ? always : [...always, `**Why it matters:** ${matters}`];
}

function section(title: string, blocks: readonly string[]): string[] {
  const filled = blocks.filter((block) => block !== '');
  return filled.length === 0 ? [] : [`## ${title}`, ...filled];
}

function bullets(lines: readonly string[]): string {
  return lines.map((line) => `- ${line}`).join('\n');
}

function codeBlock(language: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : [`\`\`\`${language}`, ...lines, '```'].join('\n');
}

function confirmation({ command, expected }: Confirmation): string[] {
  return [codeBlock('sh', [command]), `Expected: ${expected}`];
}
