import { createHash } from 'node:crypto';
import { type FailModeReport, type Finding, tableText } from './check-fail-modes.ts';
import type { Rule, Severity } from './rule.ts';
import { RULES } from './rules.ts';

const LEVELS: Readonly<Record<Severity, string>> = { error: 'error', warning: 'warning', info: 'note' };

function ruleEntry(rule: Rule) {
  const text = `${rule.natively}. The table of fail modes says: ${tableText(rule)}.`;
  return {
    id: rule.id,
    shortDescription: { text: `${rule.stage}, ${rule.actions.join(', ')}: on missing data` },
    fullDescription: { text },
    help: { text: `${text}\n\nSources: ${rule.sources.join(', ')}` },
    defaultConfiguration: { level: LEVELS[rule.severity] },
    properties: { tags: [rule.stage, ...rule.actions] },
  };
}

/** SARIF wants addresses: forward slashes, no blanks. */
function uriOf(file: string): string {
  return file.split(/[\\/]/).map(encodeURIComponent).join('/');
}

/** The same finding in the same object stays the same when lines move. */
function fingerprint({ id, file, object, found }: Finding): string {
  return createHash('sha256').update([id, file, object, found].join('\n')).digest('hex').slice(0, 32);
}

function locations({ file, line, column }: { file: string; line: number; column: number }) {
  const region = { startLine: line, startColumn: column };
  return [{ physicalLocation: { artifactLocation: { uri: uriOf(file) }, region } }];
}

/** SARIF 2.1.0, as code scanning of GitHub and others reads it. */
export function toSarif(report: FailModeReport, version: string): object {
  const results = report.findings.map((finding) => ({
    ruleId: finding.id,
    ruleIndex: RULES.findIndex(({ id }) => id === finding.id),
    level: LEVELS[finding.severity],
    message: {
      text: `${finding.object}: ${finding.found}. Natively: ${finding.natively}. The table says ${finding.table}. Fix:\n${finding.fix}`,
    },
    locations: locations(finding),
    partialFingerprints: { 'plumblineFailMode/v1': fingerprint(finding) },
    ...(finding.suppressed === null
      ? {}
      : { suppressions: [{ kind: 'inSource', justification: finding.suppressed }] }),
  }));
  const toolExecutionNotifications = report.refusals.map((refusal) => ({
    level: 'error',
    message: { text: `${refusal.message} (${refusal.hint})` },
    locations: locations(refusal),
  }));
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'plumbline failmodes', version, rules: RULES.map(ruleEntry) } },
        columnKind: 'utf16CodeUnits',
        invocations: [{ executionSuccessful: report.refusals.length === 0, toolExecutionNotifications }],
        results,
      },
    ],
  };
}
