import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { checkFailModes } from '../../../gates/failmodes/check-fail-modes.ts';
import { RULES } from '../../../gates/failmodes/rules.ts';
import { toSarif } from '../../../gates/failmodes/to-sarif.ts';

const check = (text: string, isNamed = true) => checkFailModes([{ file: 'a.yaml', text, isNamed }]);
const ids = (text: string) => check(text).findings.map(({ id, line, column }) => `${id} ${line}:${column}`);

const ZERO = `apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: { name: web, namespace: shop }
spec:
  minReplicas: 0
  maxReplicas: 3
  metrics: [{ type: Resource, resource: { name: cpu } }]
  behavior: { scaleDown: { selectPolicy: Disabled } }
`;
const ORDER = { apiVersion: 'v1', kind: 'List', items: [parse(ZERO), parse(ZERO)] };

describe('what is read', () => {
  it('finds the items of a List, as YAML and as JSON, with or without tabs', () => {
    const inYaml = `apiVersion: v1\nkind: List\nitems:\n${ZERO.replaceAll(/^/gm, '    ').replace('    ', '  - ')}`;
    expect(ids(inYaml)).toEqual(['HPA004 8:20']);
    expect(ids(JSON.stringify(ORDER, null, 2))).toEqual(['HPA004 13:24', 'HPA004 38:24']);
    expect(ids(JSON.stringify(ORDER, null, '\t'))).toHaveLength(2);
    expect(ids(JSON.stringify(ORDER))).toHaveLength(2);
    const [first] = check(JSON.stringify(ORDER)).findings;
    expect(first?.fix).toBe('spec:\n  minReplicas: 1');
    expect(first?.edits).toEqual([{ set: ['spec', 'minReplicas'], to: 1 }]);
  });

  it('counts lines over documents, comments, CRLF and anchors', () => {
    expect(ids(`# head\n---\n# only a comment\n---\n${ZERO}---\n${ZERO}`)).toEqual([
      'HPA004 9:16',
      'HPA004 18:16',
    ]);
    expect(ids(`\uFEFF${ZERO}`)).toEqual(['HPA004 5:16']);
    expect(ids(ZERO.replaceAll('\n', '\r\n'))).toEqual(['HPA004 5:16']);
    const anchored = ZERO.replace('minReplicas: 0', 'minReplicas: &none 0').replace(
      'maxReplicas: 3',
      'maxReplicas: 3\n  x: *none',
    );
    expect(ids(anchored)).toEqual(['HPA004 5:22']);
  });

  it('finds a policy inside a ConfigMap, at its own line and column', () => {
    const text = `apiVersion: v1
kind: ConfigMap
metadata: { name: descheduler, namespace: kube-system }
data:
  policy.yaml: |
    apiVersion: descheduler/v1alpha2
    kind: DeschedulerPolicy
    maxNoOfPodsToEvictTotal: 5
    profiles:
      - name: default
        pluginConfig:
          - name: DefaultEvictor
            args:
              nodeFit: true
              evictLocalStoragePods: true
`;
    expect(ids(text)).toEqual(['DESC003 15:38']);
    expect(check(text).findings[0]?.object).toBe('DeschedulerPolicy descheduler');
  });

  it.each([
    ['broken YAML', 'apiVersion: v1\nkind: [', '3:1', 'check indentation'],
    [
      'a Helm template',
      'kind: X\nmetadata: { name: {{ .Values.name }} }\napiVersion: v1',
      '1:1',
      'helm template',
    ],
    ['a Helm control line', '{{- if .Values.on }}\nkind: X\n{{- end }}', '1:', 'helm template'],
    ['a template in quotes', 'apiVersion: v1\nkind: "{{ .Values.kind }}"', '2:', 'helm template'],
    [
      'a kind misspelt',
      'apiVersion: keda.sh/v1alpha1\nkind: ScaledObjekt\nmetadata: {}',
      '2:7',
      'ScaledObject?',
    ],
    ['no object', 'services: { web: { image: nginx } }', '1:1', 'apiVersion and kind'],
    ['a duplicate key', 'apiVersion: v1\nkind: A\nkind: B', '3:1', 'check indentation'],
    ['an alias of nothing', 'apiVersion: v1\nkind: *gone', '', ''],
  ])('refuses %s, and loses nothing else', (_, text, at, hint) => {
    const report = check(`${text}\n---\n${ZERO}`);
    expect(report.refusals).toHaveLength(1);
    const [refusal] = report.refusals;
    expect(`${refusal?.line}:${refusal?.column}`).toContain(at);
    expect(refusal?.hint).toContain(hint);
    expect(report.findings.map(({ id }) => id)).toEqual(['HPA004']);
  });

  it('takes the braces of Prometheus and Argo for what they are', () => {
    const text = `groups: [{ name: a, rules: [{ alert: A, expr: "absent(x)", annotations: { s: "{{ $labels.job }} {{ if true }}x{{ end }}" } }] }]`;
    const report = check(text);
    expect([report.refusals, report.findings, report.objectCount]).toEqual([[], [], 1]);
  });

  it('passes over foreign files of a folder, and counts kinds without fail modes', () => {
    const report = check('services: {}\n---\napiVersion: v1\nkind: Service\nmetadata: { name: a }', false);
    expect(check('apiVersion: v1\nkind: List\nitems: []').refusals).toEqual([]);
    expect(report).toMatchObject({ refusals: [], foreignCount: 1, unjudged: { Service: 1 }, stages: [] });
  });

  it.each([
    ['', true],
    ['# nothing\n---\n', true],
    ['services: {}', false],
  ])('does not pass on nothing: %j', (text, isNamed) => {
    expect(check(text, isNamed).refusals.map(({ message }) => message)).toEqual([
      'no Kubernetes object was found',
    ]);
  });

  it('refuses a foreign file that is named, once', () => {
    expect(check('services: {}').refusals.map(({ message }) => message)).toEqual([
      'this is no Kubernetes object',
    ]);
  });

  it('says how many places it looked at, by stage', () => {
    const report = check(ZERO);
    expect(report.stages).toEqual([{ stage: 'scaling', checked: 4, contradict: 1, weaker: 0 }]);
  });
});

describe('a fix', () => {
  it('is written as Kubernetes reads it, with what an item of a list is known by', () => {
    const vpa = `apiVersion: autoscaling.k8s.io/v1
kind: VerticalPodAutoscaler
metadata: { name: web, namespace: shop }
spec:
  targetRef: { kind: Deployment, name: web }
  updatePolicy: { updateMode: Auto }
`;
    const hpa = ZERO.replace(
      'minReplicas: 0',
      'minReplicas: 2, scaleTargetRef: { kind: Deployment, name: web }'.replace(', ', '\n  '),
    );
    const [fix] = check(`${vpa}---\n${hpa}`).findings.filter(({ id }) => id === 'VPA001');
    expect(fix?.fix).toBe('spec:\n  updatePolicy:\n    updateMode: "Off"');
    const template = `apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
spec:
  metrics:
    - name: errors
      successCondition: isNil(result) || default(result, 0) < 5
      failureCondition: result >= 5
      provider: { datadog: {} }
`;
    expect(check(template).findings.map((one) => one.fix)).toEqual([
      'spec:\n  metrics:\n    - name: errors\n      successCondition: result != nil && result < 5',
    ]);
  });
});

describe('suppressions', () => {
  const ignore = '# plumbline.dev/failmodes-ignore:';
  const open = (text: string) => check(text).findings.filter(({ suppressed }) => suppressed === null);

  it.each([
    ['on the line', ZERO.replace('minReplicas: 0', `minReplicas: 0 ${ignore} HPA004 a batch job`)],
    [
      'before the line',
      ZERO.replace('  minReplicas: 0', `  ${ignore} HPA001,HPA004 a batch job\n  minReplicas: 0`),
    ],
    ['before the document', `${ignore} HPA004 a batch job\n${ZERO}`],
    [
      'before a later document',
      `${ZERO.replace('minReplicas: 0', 'minReplicas: 2')}---\n# why\n${ignore} HPA004 a batch job\n${ZERO}`,
    ],
    [
      'in an annotation',
      ZERO.replace(
        'namespace: shop',
        'namespace: shop, annotations: { plumbline.dev/failmodes-ignore: "WEB001 no; HPA004 a batch job" }',
      ),
    ],
  ])('hold %s', (_, text) => {
    const { findings, stages } = check(text);
    expect(findings.map(({ id, suppressed }) => [id, suppressed])).toEqual([['HPA004', 'a batch job']]);
    expect(stages[0]).toMatchObject({ contradict: 0 });
  });

  it.each([
    ['another rule', `${ignore} HPA001 why\n${ZERO}`, 'nothing here is suppressed by HPA001'],
    ['no such rule', `${ignore} HPA999 why\n${ZERO}`, 'there is no rule HPA999'],
    ['no reason', `${ignore} HPA004\n${ZERO}`, 'a suppression without a reason suppresses nothing'],
    [
      'another line',
      ZERO.replace('spec:', `spec: ${ignore} HPA004 why`),
      'nothing here is suppressed by HPA004',
    ],
    [
      'another document',
      `${ignore} HPA004 why\nkind: A\napiVersion: v1\n---\n${ZERO}`,
      'nothing here is suppressed by HPA004',
    ],
  ])('do not hold for %s, and say so', (_, text, note) => {
    expect(open(text).map(({ id }) => id)).toEqual(['HPA004']);
    expect(check(text).notes.map(({ message }) => message)).toEqual([note]);
  });
});

describe('SARIF', () => {
  it('has every rule, each result with its place, and what was refused', () => {
    const ignored = ZERO.replace(
      'minReplicas: 0',
      'minReplicas: 0 # plumbline.dev/failmodes-ignore: HPA004 why',
    );
    const texts = [
      { file: 'k8s/a b.yaml', text: `${ZERO}---\nkind: [`, isNamed: true },
      { file: 'c.yaml', text: ignored, isNamed: true },
    ];
    const sarif = JSON.parse(JSON.stringify(toSarif(checkFailModes(texts), '1.2.3')));
    const [run] = sarif.runs;
    expect([sarif.version, run.tool.driver.version, run.tool.driver.rules.length]).toEqual([
      '2.1.0',
      '1.2.3',
      RULES.length,
    ]);
    expect(run.results).toHaveLength(2);
    const [result, suppressed] = run.results;
    expect(run.tool.driver.rules[result.ruleIndex].id).toBe(result.ruleId);
    expect(result).toMatchObject({ ruleId: 'HPA004', level: 'error' });
    expect(result.locations[0].physicalLocation).toEqual({
      artifactLocation: { uri: 'k8s/a%20b.yaml' },
      region: { startLine: 5, startColumn: 16 },
    });
    expect(suppressed.suppressions).toEqual([{ kind: 'inSource', justification: 'why' }]);
    expect(run.invocations[0]).toMatchObject({ executionSuccessful: false });
    expect(run.invocations[0].toolExecutionNotifications).toHaveLength(1);
    // The finding keeps its fingerprint when lines move above it.
    const moved = toSarif(
      checkFailModes([{ file: 'k8s/a b.yaml', text: `# moved\n${ZERO}`, isNamed: true }]),
      '1',
    );
    const print = (of: object) => (of as typeof sarif).runs[0].results[0].partialFingerprints;
    expect(print(moved)).toEqual(print(sarif));
  });
});

describe('garbage', () => {
  const kinds = RULES.flatMap((rule) => rule.kinds).filter((kind) => !kind.endsWith('/RuleFile'));
  const names = [
    ...[
      'spec',
      'metrics',
      'behavior',
      'scaleDown',
      'policies',
      'triggers',
      'metadata',
      'type',
      'fallback',
      'webhooks',
    ],
    ...[
      'rules',
      'operations',
      'resources',
      'groups',
      'expr',
      'alert',
      'strategy',
      'canary',
      'steps',
      'disruption',
    ],
    ...[
      'budgets',
      'nodes',
      'template',
      'containers',
      'args',
      'selector',
      'matchLabels',
      'profiles',
      'pluginConfig',
    ],
    ...[
      'analysis',
      'url',
      'namespaceSelector',
      'matchExpressions',
      '__proto__',
      'constructor',
      'successCondition',
    ],
  ];
  const leaf = fc.oneof(
    fc.constantFrom('prometheus', 'External', '100%', '0', 'DELETE', '*', '{{ x }}', ''),
    fc.anything(),
  );
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 6 },
      leaf,
      fc.array(tie('tree'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom(...names), tie('tree'), { maxKeys: 6 }),
    ),
  }));

  it('in the place of any member never crashes a rule', () => {
    const property = fc.property(
      fc.constantFrom(...kinds),
      tree,
      fc.array(tree, { maxLength: 4 }),
      (kind, spec, groups) => {
        const at = kind.indexOf('/');
        const object = {
          apiVersion: `${kind.slice(0, at)}/v1`,
          kind: kind.slice(at + 1),
          spec,
          groups,
          webhooks: groups,
          profiles: groups,
        };
        let text: string;
        try {
          text = stringify(object);
        } catch {
          return; // no YAML says it
        }
        const report = check(text);
        expect(report.objectCount + report.refusals.length).toBeGreaterThan(0);
        for (const { line, column, fix } of report.findings) {
          expect(Math.min(line, column)).toBeGreaterThan(0);
          expect(fix).not.toBe('');
        }
      },
    );
    fc.assert(property, { numRuns: 100 });
  });

  it('as text never crashes the reader, and what is broken is told', () => {
    const words = fc.constantFrom(
      'kind: List\n',
      'apiVersion: v1\n',
      '---\n',
      'items:\n',
      '- ',
      '{',
      '}',
      '"',
      '&a ',
      '*a',
      '\t',
      '|\n',
      '<<: ',
      '{{ .Values.x }}',
      ZERO,
      '\u0000',
      '%YAML 1.1\n',
      '...\n',
    );
    const property = fc.property(fc.array(fc.oneof(words, fc.string()), { maxLength: 12 }), (parts) => {
      const report = check(parts.join(''));
      expect(report.findings.length).toBeGreaterThanOrEqual(0);
      for (const refusal of report.refusals) expect(refusal.line).toBeGreaterThan(0);
    });
    fc.assert(property, { numRuns: 300 });
  });

  it('of great size ends soon', () => {
    const bomb = `apiVersion: v1\nkind: A\na: &a [x,x,x,x,x,x,x,x,x]\n${[...'bcdefghi'].map((name, index) => `${name}: &${name} [${Array(9).fill(`*${'abcdefgh'[index]}`).join(',')}]`).join('\n')}`;
    expect(check(bomb).refusals).toHaveLength(1);
    const documents = Array(3_000).fill('kind: A\napiVersion: v1\n').join('---\n');
    expect(check(`${documents}---\n${ZERO}`).findings[0]).toMatchObject({ id: 'HPA004', line: 9_005 });
    expect(check(`apiVersion: v1\nkind: A\nx: "${'{{'.repeat(100_000)}"`).objectCount).toBe(1);
    const quotes = JSON.stringify('"\\'.repeat(100_000));
    expect(check(`groups: [{ rules: [{ alert: a, expr: ${quotes} }] }]`).objectCount).toBe(1);
    expect(check('x'.repeat(40 * 1_048_576)).refusals[0]?.message).toContain('characters');
  });
});

describe('the manifests that come with it', () => {
  it('pass', () => {
    const folder = join(import.meta.dirname, '../../../deploy/adapters');
    const files = [
      'argo-rollouts/cluster-analysis-template',
      'argo-rollouts/rollout',
      'flagger/canary',
      'keda/scaled-object',
      'kubernetes/gate',
      'kubernetes/webhook-changes',
      'kubernetes/webhook-deletions',
    ];
    const texts = files.map((name) => ({
      file: name,
      text: readFileSync(join(folder, `${name}.yaml`), 'utf8'),
      isNamed: true,
    }));
    const report = checkFailModes(texts);
    expect(
      report.findings.filter(({ severity, suppressed }) => severity !== 'info' && suppressed === null),
    ).toEqual([]);
    expect([report.refusals, report.notes]).toEqual([[], []]);
    expect(report.stages.reduce((sum, { checked }) => sum + checked, 0)).toBeGreaterThan(40);
  });
});
