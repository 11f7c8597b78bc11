import type { DecisionBody } from '../../gates/decide.ts';
import { type IncidentCase, readIncidents } from './read-incident.ts';
import { replayIncident } from './replay-incident.ts';

function answerLine(incident: IncidentCase, { decision, reasons }: DecisionBody, index: number): string {
  const ask = incident.asks[index];
  const named = reasons.find(({ code }) => code === ask?.incident.reason);
  return `\`${ask?.kind}\`, ${ask?.what}: **${decision}**, \`${named?.code}\`. ${named?.text.replace(' As the test says. (GIVEN)', '')}`;
}

function section(incident: IncidentCase): string {
  const answers = replayIncident(incident, 'incident').map((body, index) =>
    answerLine(incident, body, index),
  );
  const shown =
    answers.length === 1 ? ` ${answers[0]}` : `\n${answers.map((answer) => `  - ${answer}`).join('\n')}`;
  return `## ${incident.title}

- *What happened.* ${incident.happened.trim()} (${incident.source})
- *What the constraint says.* ${incident.says} (\`test/incidents/${incident.name}/constraints.yaml\`)
- *What the gate answers.*${shown}
- *Allowed, when* ${incident.twin.of}.
`;
}

/** docs/incidents.md, from the files of the pack and what the gate answers to them. */
export function incidentsDocument(): string {
  const incidents = readIncidents();
  return `# ${incidents.length} incidents, and what a gate would have answered

Public post-mortems in which automation did the harm. Each is a folder of \`test/incidents/\`: the constraint file as a user would write
it, what was known, what was asked, and the check that stops it; and the *healthy twin*, the same action by the same constraints
when all is well, which is allowed. Three are sent as telemetry through the real receiver, store and judge
(\`test/torture/end-to-end.test.ts\`). This page is made from them (\`npx vitest run test/incidents -u\`).

What a gate cannot do: stop a caller that holds credentials of its own and does not ask. Enforce at the actuator
(\`docs/adapters.md\`, receipts), and look at \`plumbline coverage\` for who does not ask.

${incidents.map(section).join('\n')}`;
}
