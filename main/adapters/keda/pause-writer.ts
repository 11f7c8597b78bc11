import type { Decision, DecisionRequest } from '../../../core/decision.ts';
import { decisionLine } from '../decision-line.ts';
import type { Cluster, ScaledObject } from './cluster-api.ts';
import { isPausedBy, nextPause, PAUSED, type PauseRule, takeOff } from './next-pause.ts';

/** On ScaledObjects that may be paused: nobody else's is touched. */
export const PAUSE_LABEL = 'plumbline.dev/keda-pause=true';

export interface PauseWriter extends PauseRule {
  readonly cluster: Cluster;
  readonly namespace: string | undefined;
  /** @throws Error when the gate gives no answer */
  readonly ask: (request: DecisionRequest) => Promise<Decision>;
  readonly now: () => number;
}

export interface PauseChange {
  readonly namespace: string;
  readonly name: string;
  readonly done: 'paused' | 'renewed' | 'resumed' | 'left: it was changed meanwhile';
  readonly why: string | null;
}

function questionOf({ metadata, spec }: ScaledObject): DecisionRequest {
  const { annotations, labels, namespace, name } = metadata;
  const own = ['namespace', 'env', 'region'].flatMap((part) => {
    const value = annotations[`plumbline.dev/${part}`];
    return value === undefined ? [] : [[part, value]];
  });
  const service =
    annotations['plumbline.dev/service'] ?? labels['app.kubernetes.io/name'] ?? spec.scaleTargetRef.name;
  return {
    // A look, every half minute: no action, and no use of the budget of actions.
    mode: 'shadow',
    actor: { id: `keda/${namespace}`, type: 'autoscaler' },
    action: { kind: 'scale.down' },
    target: { ...Object.fromEntries(own), service, 'k8s.namespace': namespace, 'k8s.name': name },
  };
}

/** Null when it is allowed. A gate that does not answer is no yes: closed, as the table of fail modes has it. */
async function whyNot(object: ScaledObject, { ask }: PauseWriter): Promise<string | null> {
  try {
    const decision = await ask(questionOf(object));
    return decision.decision === 'allow' ? null : decisionLine(decision);
  } catch (error) {
    return `no answer from the gate: ${(error as Error).message}`;
  }
}

/** Asks for every ScaledObject that may be paused, and writes where something changed. @throws PipelineError api_unavailable */
export async function writePauses(writer: PauseWriter): Promise<PauseChange[]> {
  const { cluster, namespace, now } = writer;
  const changes: PauseChange[] = [];
  for (const object of await cluster.list({ namespace, label: PAUSE_LABEL })) {
    const { annotations, name, namespace: place } = object.metadata;
    const why = await whyNot(object, writer);
    const change = nextPause(annotations, { why, nowMs: now() }, writer);
    if (change === null) continue;
    const isWritten = await cluster.annotate(object, change);
    const before = isPausedBy(annotations, writer.owner) ? 'renewed' : 'paused';
    const did = change[PAUSED] === 'true' ? before : 'resumed';
    changes.push({ namespace: place, name, done: isWritten ? did : 'left: it was changed meanwhile', why });
  }
  return changes;
}

/** Takes off every pause of this owner, whatever the gate says. @throws PipelineError api_unavailable */
export async function releasePauses(
  writer: Pick<PauseWriter, 'cluster' | 'namespace' | 'owner'>,
): Promise<PauseChange[]> {
  const { cluster, namespace, owner } = writer;
  const changes: PauseChange[] = [];
  for (const object of await cluster.list({ namespace, label: PAUSE_LABEL })) {
    const { annotations, name, namespace: place } = object.metadata;
    if (!isPausedBy(annotations, owner)) continue;
    const isWritten = await cluster.annotate(object, takeOff(annotations));
    changes.push({
      namespace: place,
      name,
      done: isWritten ? 'resumed' : 'left: it was changed meanwhile',
      why: null,
    });
  }
  return changes;
}
