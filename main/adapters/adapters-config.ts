import { hostname } from 'node:os';
import type { CloudEventsConfig } from '../../alerts/cloud-event.ts';
import type { DecisionSink } from '../../gates/export-decisions.ts';
import type { Config } from '../config.ts';
import { decisionEvents } from './decision-events.ts';
import type { GithubConfig } from './github/serve-github.ts';
import { opaDecisionLog } from './opa-decision-log.ts';

/** Where events go; undefined without a URL. */
export function cloudEventsConfig(config: Config): CloudEventsConfig | undefined {
  const { cloudEventsUrl: url, cloudEventsToken: token, cloudEventsMode: mode } = config;
  return url === undefined
    ? undefined
    : { url, token, mode, source: config.publicUrl ?? `urn:plumbline:${hostname()}` };
}

export function githubConfig(config: Config): GithubConfig | null {
  const { githubWebhookSecret: webhookSecret, githubAppId: appId, githubAppKey: keyPath } = config;
  if (webhookSecret === undefined || appId === undefined || keyPath === undefined) return null;
  return { webhookSecret, appId, keyPath, apiUrl: config.githubApiUrl };
}

/** Who is handed every decision. */
export function decisionSinks(config: Config): readonly DecisionSink[] {
  const events = cloudEventsConfig(config);
  const { opaLogUrl: url, opaLogToken: token } = config;
  return [
    ...(events === undefined ? [] : [decisionEvents(events)]),
    ...(url === undefined ? [] : [opaDecisionLog({ url, token, replica: hostname() })]),
  ];
}
