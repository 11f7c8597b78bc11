import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findingsOfRun } from '../../eval/drift/findings-of-run.ts';
import { readRun } from '../../eval/drift/read-run.ts';

const START = Date.UTC(2026, 0, 5);
const at = (minute: number) => START + minute * 60_000;
const lines = (rows: readonly object[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'plumbline-run-'));
  write('intent.json', JSON.stringify({ topology: [{ from: 'web', to: 'cart' }], gated_actors: ['tuner'] }));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, text: string): void {
  writeFileSync(join(folder, name), name.endsWith('.gz') ? gzipSync(text) : text);
}

describe('readRun', () => {
  it('tells what is unknown from what is nothing, and reads gzipped files', async () => {
    const services = [0, 1, 3].map((minute) => ({
      t: at(minute),
      service: 'web',
      req: 100 + minute,
      err: 0,
    }));
    write('services.jsonl.gz', lines(services));
    const call = { t: at(10), from: 'web', to: 'cart', calls: 7, attempts: 8, failures: 1, latency_ms: 5 };
    write('edges.jsonl', lines([call]));
    const global = Array.from({ length: 25 }, (_, minute) => ({
      t: at(minute),
      req: 5,
      ok: 5,
      p50_ms: 1,
      p99_ms: 2,
      cost: 3,
    }));
    write('global.jsonl', lines(global));
    const history = await readRun(folder);
    expect(history).toMatchObject({ startMs: START, minutes: 25, pools: [] });
    const web = history.services.get('web')?.series;
    expect([...(web?.requests?.slice(0, 5) ?? [])]).toEqual([100, 101, Number.NaN, 103, Number.NaN]);
    expect(web?.p99Ms).toBeUndefined();
    const [edge] = history.edges;
    expect([...(edge?.calls ?? [])]).toEqual([0, 7, 0]);
    expect([...(edge?.latencyMs ?? [])]).toEqual([Number.NaN, 5, Number.NaN]);
    expect(history.users?.cost.length).toBe(25);
    expect(history.intent.gatedActors).toEqual(['tuner']);
    expect(history.intent.retryBudgetRatio).toBeNull();
  });

  it('reads who did what, and with which decision', async () => {
    write('services.jsonl', lines([{ t: at(0), service: 'web', req: 1 }]));
    const action = { minute: 4, actor: 'tuner', service: 'web', action: 'set-ttl', to: 90, gate_id: 'g1' };
    write('actions.jsonl', lines([action, { ...action, to: 'a/b', gate_id: null }]));
    write(
      'gates.jsonl',
      lines([
        { minute: 4, gate_id: 'g1', actor: 'tuner', service: 'web', action: 'set-ttl', verdict: 'allow' },
      ]),
    );
    write('changes.jsonl', lines([{ minute: 9, service: 'web', summary: 'moved', expect: 'faster' }]));
    const { actions, decisions, changes } = await readRun(folder);
    expect(actions.map(({ to, decisionId }) => [to, decisionId])).toEqual([
      [90, 'g1'],
      [null, null],
    ]);
    expect(decisions).toEqual([
      { minute: 4, id: 'g1', actor: 'tuner', service: 'web', kind: 'set-ttl', outcome: 'allow' },
    ]);
    expect(changes[0]?.expects).toBe('faster');
  });

  it('finds nothing in a run without a day of data, and does not fail over it', async () => {
    write('services.jsonl', lines([{ t: at(0), service: 'web', req: 1 }]));
    expect(findingsOfRun(await readRun(folder))).toEqual([]);
    write('services.jsonl', '');
    expect(findingsOfRun(await readRun(folder))).toEqual([]);
  });

  it('names the file and the line of what it cannot read', async () => {
    write('services.jsonl', `${JSON.stringify({ t: at(0), service: 'web', req: 1 })}\n{"t":\n`);
    await expect(readRun(folder)).rejects.toThrow(/services\.jsonl, line 2 is not JSON/);
  });
});
