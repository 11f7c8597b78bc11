import type { FastifyInstance } from 'fastify';
import type { Operation } from '../api/operation.ts';
import { ARGO_ROLLOUTS_OPERATIONS, serveArgoRollouts } from './argo-rollouts.ts';
import { AUTHZEN_OPERATIONS, serveAuthzen } from './authzen.ts';
import { FLAGGER_OPERATIONS, serveFlagger } from './flagger.ts';
import { GITHUB_OPERATIONS, type GithubDeps, serveGithub } from './github/serve-github.ts';
import { KEDA_OPERATIONS, serveKeda } from './keda/metrics-api.ts';
import { KUBERNETES_OPERATIONS, serveAdmission } from './kubernetes/serve-admission.ts';

export const ADAPTER_OPERATIONS: readonly Operation[] = [
  ...KUBERNETES_OPERATIONS,
  ...ARGO_ROLLOUTS_OPERATIONS,
  ...FLAGGER_OPERATIONS,
  ...AUTHZEN_OPERATIONS,
  ...KEDA_OPERATIONS,
  ...GITHUB_OPERATIONS,
];

/** Doors to the gate that speak the protocols of others; each leads to the same question. */
export function serveAdapters(
  app: FastifyInstance,
  deps: GithubDeps & { readonly publicUrl: string | undefined },
): void {
  serveAdmission(app, deps);
  serveArgoRollouts(app, deps);
  serveFlagger(app, deps);
  serveAuthzen(app, deps);
  serveKeda(app, deps);
  serveGithub(app, deps);
}
