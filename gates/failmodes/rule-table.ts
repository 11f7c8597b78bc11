import { tableText } from './check-fail-modes.ts';
import { RULES } from './rules.ts';

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

/** Every rule, as the Markdown table of docs/failmodes.md. */
export function ruleTable(): string {
  const rows = RULES.map((rule) => {
    const kinds = rule.kinds.map((kind) => kind.slice(kind.indexOf('/') + 1)).join(', ');
    return [
      rule.id,
      rule.severity,
      kinds,
      cell(rule.natively),
      cell(tableText(rule)),
      rule.sources.join('<br>'),
    ];
  });
  const head = ['Rule', 'Severity', 'Object', 'Natively', 'The table says', 'Source'];
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |\n`).join('');
}
