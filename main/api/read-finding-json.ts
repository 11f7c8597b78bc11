import type { ClickHouseClient } from '@clickhouse/client';
import type { z } from 'zod';
import type { Finding } from '../../core/finding.ts';
import type { FindingAct } from '../../core/finding-act.ts';
import { silenceOf } from '../../core/silence.ts';
import { readFindingActs } from '../../store/finding-acts.ts';
import { toFindingActJson } from './finding-act-json.ts';
import { type findingJson, toFindingJson } from './finding-json.ts';

type FindingJson = z.infer<typeof findingJson>;

/** A finding and what people did about it. @throws PipelineError store_unavailable */
export async function readFindingJson(
  client: ClickHouseClient,
  finding: Finding,
  nowMs: number,
): Promise<FindingJson> {
  const [read] = await readFindingsJson(client, [finding], nowMs);
  return read as FindingJson;
}

export async function readFindingsJson(
  client: ClickHouseClient,
  findings: readonly Finding[],
  nowMs: number,
): Promise<FindingJson[]> {
  const acts = await readFindingActs(
    client,
    findings.map(({ id }) => id),
  );
  const byFinding = Map.groupBy(acts, ({ findingId }) => findingId);
  return findings.map((finding) => withActs(finding, byFinding.get(finding.id) ?? [], nowMs));
}

function withActs(finding: Finding, acts: readonly FindingAct[], nowMs: number): FindingJson {
  const { by } = finding.state === 'closed' ? { by: null } : silenceOf([finding], acts, nowMs);
  return {
    ...toFindingJson(finding),
    acts: acts.map(toFindingActJson),
    silencedBy: by === null ? null : toFindingActJson(by),
  };
}
