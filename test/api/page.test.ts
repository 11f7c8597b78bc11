import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type JudgedSource, judgedSources, lastReceivedAtMs } from '../../main/api/judged-source.ts';
import { ageText } from '../../main/api/page/age.ts';
import { CONTENT_SECURITY_POLICY } from '../../main/api/page/document.ts';
import { type FirstPageContent, firstPage } from '../../main/api/page/first-page.ts';
import { escapeHtml, html } from '../../main/api/page/html.ts';
import { measure } from '../../main/api/page/measure.ts';
import { reportPage } from '../../main/api/page/report-page.ts';
import { stateMark } from '../../main/api/page/state-mark.ts';
import {
  AT_MS,
  sampleDecision,
  sampleFinding,
  sampleReport,
  sampleSource,
  sampleVerdict,
} from './samples.ts';

const AT = { otlpHttpUrl: 'http://127.0.0.1:4318', otlpGrpcUrl: 'http://127.0.0.1:4317', needsKey: false };
const EMPTY: FirstPageContent = { sources: [], decisions: [], findings: [], reports: [] };

function pageOf(content: Partial<FirstPageContent>, nowMs = AT_MS): string {
  return firstPage({ content: { ...EMPTY, ...content }, at: AT, nowMs });
}

/** Tags outside the style and script of ours; an injected one would be among them. */
function tagsOf(page: string): Set<string> {
  const body = page.replace(/<style>[\s\S]*?<\/style>|<script>[\s\S]*?<\/script>/g, '');
  return new Set([...body.matchAll(/<\/?([a-z0-9]+)/gi)].map(([, tag]) => (tag as string).toLowerCase()));
}

describe('escaping', () => {
  it('leaves no character by which text could become markup', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        expect(escapeHtml(text)).not.toMatch(/[<>"']|&(?!amp;|lt;|gt;|quot;|#39;)/);
      }),
      { numRuns: 500 },
    );
  });

  it('shows characters that turn text around', () => {
    expect(escapeHtml('safe\u202egnp.exe')).toBe('safe\ufffdgnp.exe');
    expect(escapeHtml('line\nand\ttab')).toBe('line\nand\ttab');
  });

  it('escapes values of a template once, and its own markup never', () => {
    expect(html`<b title="${'"><script>'}">${html`<i>${'<&'}</i>`}</b>`.markup).toBe(
      '<b title="&quot;&gt;&lt;script&gt;"><i>&lt;&amp;</i></b>',
    );
  });
});

describe('the first page', () => {
  it('shows names of attackers as text, wherever they stand', () => {
    const attack = `"><img src=x onerror=alert(1)><script>alert(1)</script>' onload='x`;
    const verdict = sampleVerdict({
      source: { ...sampleSource(attack), serviceNamespace: attack, serviceInstanceId: attack },
      reasons: [{ code: attack, text: attack }],
    });
    const decision = sampleDecision({
      decisionId: attack,
      reasons: [{ ...(sampleDecision().response.reasons[0] as never as object), text: attack } as never],
    });
    const request = {
      actor: { id: attack },
      action: { kind: attack, from: { [attack]: attack }, to: { [attack]: attack } },
      target: { [attack]: attack },
    };
    const page = pageOf({
      sources: judgedSources([], [verdict], AT_MS),
      decisions: [{ ...decision, request }],
      findings: [sampleFinding({ id: attack, subject: attack, reasons: [{ code: attack, text: attack }] })],
      reports: [sampleReport({ id: attack, headline: attack })],
    });
    expect(tagsOf(page)).toEqual(
      tagsOf(
        pageOf({
          sources: judgedSources([], [sampleVerdict()], AT_MS),
          decisions: [sampleDecision()],
          findings: [sampleFinding()],
          reports: [sampleReport()],
        }),
      ),
    );
    expect(page).not.toContain('<img');
    // Within quotes it is text; outside them it would be an attribute.
    expect(page.replaceAll(/"[^"]*"/g, '""')).not.toMatch(/<[^>]*\son(error|load)=/);
    expect(tagsOf(reportPage(sampleReport({ headline: attack, markdown: attack })))).not.toContain('img');
  });

  it('puts the worst first and says what is wrong', () => {
    const pass = sampleVerdict({
      source: sampleSource('a-good'),
      outcome: 'pass',
      estimate: 0,
      lower: 0,
      upper: 0.03,
    });
    const unknown = sampleVerdict({ source: sampleSource('b-unknown'), outcome: 'unknown' });
    const fail = sampleVerdict({ source: sampleSource('c-bad') });
    const page = pageOf({ sources: judgedSources([], [pass, unknown, fail], AT_MS) });
    const order = ['c-bad', 'b-unknown', 'a-good'].map((name) => page.indexOf(name));
    expect(order).toEqual([...order].sort((left, right) => left - right));
    expect(order.every((index) => index > 0)).toBe(true);
    expect(page).toContain('20.0 % lost (14.0 to 28.0 %)');
    expect(page).toContain('<title>Plumbline: 1 fail, 1 unknown, 1 pass</title>');
  });

  it('never shows an expired verdict as what it was', () => {
    const sources = judgedSources([], [sampleVerdict({ outcome: 'pass' })], AT_MS + 15_001);
    expect(sources[0]?.outcome).toBe('unknown');
    const page = pageOf({ sources }, AT_MS + 15_001);
    expect(page).toContain('the last verdict has expired');
    expect(page).not.toContain('class="mark good"');
  });

  it('counts a source that nobody judged as unknown', () => {
    const activity = { source: sampleSource(), itemCount: 12, lastReceivedAtMs: AT_MS - 3_000 };
    const [source] = judgedSources([activity], [], AT_MS);
    expect(source).toMatchObject({ outcome: 'unknown', verdicts: [], activities: [activity] });
    expect(pageOf({ sources: judgedSources([activity], [], AT_MS) })).toContain('class="mark unknown"');
  });

  it('folds instances into their service, unless they were judged by themselves', () => {
    const of = (serviceInstanceId: string) => ({ ...sampleSource(), serviceInstanceId });
    const activity = (id: string, agoMs: number) => ({
      source: of(id),
      itemCount: 5,
      lastReceivedAtMs: AT_MS - agoMs,
    });
    const activities = [activity('pod-1', 4_000), activity('pod-2', 2_000), activity('pod-3', 9_000)];
    const judged = judgedSources(
      activities,
      [sampleVerdict(), sampleVerdict({ source: of('pod-3') })],
      AT_MS,
    );
    expect(judged.map(({ source, activities: own }) => [source.serviceInstanceId, own.length])).toEqual([
      ['', 2],
      ['pod-3', 1],
    ]);
    expect(lastReceivedAtMs(judged[0] as JudgedSource)).toBe(AT_MS - 2_000);
    expect(pageOf({ sources: judged })).toContain('2 instances');
  });

  it('lists its own telemetry last among equals, and still says how data arrives', () => {
    const own = { ...sampleSource('plumbline'), serviceNamespace: '' };
    const judged = judgedSources([], [sampleVerdict({ source: own }), sampleVerdict()], AT_MS);
    expect(judged.map(({ source }) => source.serviceName)).toEqual(['checkout', 'plumbline']);
    expect(pageOf({ sources: judged.slice(1) })).toContain('No telemetry has arrived yet');
    expect(pageOf({ sources: judged })).not.toContain('No telemetry has arrived yet');
  });

  it('shows on an empty system how data arrives, with the ports of this one', () => {
    const page = firstPage({
      content: EMPTY,
      at: { ...AT, otlpHttpUrl: 'http://127.0.0.1:14318' },
      nowMs: AT_MS,
    });
    expect(page).toContain('OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:14318');
    expect(page).toContain('endpoint: http://127.0.0.1:14318');
    expect(page).toContain('curl http://127.0.0.1:14318/v1/traces');
    expect(page).not.toContain('Bearer');
    expect(firstPage({ content: EMPTY, at: { ...AT, needsKey: true }, nowMs: AT_MS })).toContain(
      'Bearer &lt;key&gt;',
    );
  });

  it('says so when nothing can be read', () => {
    const page = firstPage({ content: { problem: 'The store does not answer.' }, at: AT, nowMs: AT_MS });
    expect(page).toContain('role="alert">Nothing can be said now: The store does not answer.');
  });

  it('runs only its own script and style', () => {
    const page = pageOf({});
    const inline = [...page.matchAll(/<(?:style|script)>([\s\S]*?)<\/(?:style|script)>/g)].map(
      ([, text]) => text as string,
    );
    expect(inline).toHaveLength(2);
    for (const text of inline) {
      const hash = createHash('sha256').update(text).digest('base64');
      expect(CONTENT_SECURITY_POLICY).toContain(`'sha256-${hash}'`);
    }
    expect(CONTENT_SECURITY_POLICY).toContain("default-src 'none'");
    expect(page).not.toMatch(/\sstyle="|(?:src|href)="https?:/);
  });
});

describe('marks', () => {
  it.each([
    ['pass', 'good'],
    ['allow', 'good'],
    ['fail', 'bad'],
    ['hold', 'care'],
    ['unknown', 'unknown'],
    ['cannot-say', 'unknown'],
    ['a state of tomorrow', 'unknown'],
  ])('%s looks %s and says its word', (state, kind) => {
    const { markup } = stateMark(state);
    expect(markup).toContain(`class="mark ${kind}"`);
    expect(markup).toMatch(new RegExp(`</svg> ${state}</span>$`));
  });
});

describe('numbers for people', () => {
  it.each([
    ['a share', {}, '20.0 % lost (14.0 to 28.0 %)'],
    [
      'seconds',
      { dimension: 'timeliness', unit: 's', estimate: 0.61, lower: 0.5, upper: 0.8 },
      '0.61 s late (0.50 to 0.80 s)',
    ],
    ['no bound', { upper: Number.POSITIVE_INFINITY }, '20.0 % lost (14.0 to ? %)'],
    ['nothing', { estimate: null }, 'not measured'],
  ] as const)('%s', (_, given, expected) => {
    expect(measure(sampleVerdict(given))).toBe(expected);
  });

  it.each([
    [0, '0 s ago'],
    [119_000, '119 s ago'],
    [180_000, '3 min ago'],
    [10_800_000, '3 h ago'],
    [259_200_000, '3 d ago'],
    [-5_000, 'in 5 s'],
  ])('age of %i ms', (ageMs, expected) => {
    expect(ageText(ageMs)).toBe(expected);
  });
});
