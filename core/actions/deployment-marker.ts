import { type ActionRecord, serviceOf } from './action-record.ts';
import type { RecognisedAction } from './recognised-action.ts';

/** A release that went out, by the attributes that OpenTelemetry gives it. */
export interface DeploymentMarker {
  readonly id: string;
  readonly name: string;
  readonly service: string;
}

export function deploymentMarker(record: ActionRecord): DeploymentMarker | null {
  const { attributes, resource } = record;
  const service = attributes['automation.target.service'] || serviceOf(record);
  const of = (name: string) => attributes[name] || resource[name] || '';
  if (attributes['deployment.status'] !== 'succeeded' || !service) return null;
  const name = of('deployment.name');
  const id = of('deployment.id') || name;
  return id === '' ? null : { id, name: name || id, service };
}

/** A release is an act too: somebody's pipeline rolled it out. */
export function recogniseDeployment(record: ActionRecord): RecognisedAction | null {
  const marker = deploymentMarker(record);
  if (marker === null) return null;
  return {
    timeMs: record.timeMs,
    actor: record.attributes['automation.actor'] || 'deployment',
    target: marker.service,
    kind: 'deploy',
    to: null,
    decisionId: record.attributes['automation.decision.id'] || null,
    key: `deployment|${marker.service}|${marker.id}`,
    rank: 'own',
    isPerson: false,
  };
}
