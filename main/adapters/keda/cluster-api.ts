import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { z } from 'zod';
import { PipelineError } from '../../../core/errors.ts';
import type { AnnotationChange } from './next-pause.ts';

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';
const GROUP = '/apis/keda.sh/v1alpha1';
const TIMEOUT_MS = 10_000;
const PAGE = 500;

const texts = z.record(z.string(), z.string()).default({});

const scaledObject = z.object({
  metadata: z.object({
    name: z.string(),
    namespace: z.string(),
    resourceVersion: z.string(),
    annotations: texts,
    labels: texts,
  }),
  spec: z.object({ scaleTargetRef: z.object({ name: z.string() }) }),
});
export type ScaledObject = z.output<typeof scaledObject>;

const page = z.object({
  metadata: z.object({ continue: z.string().optional() }),
  items: z.array(scaledObject),
});

export interface Cluster {
  /** @throws PipelineError api_unavailable */
  list(of: { namespace: string | undefined; label: string }): Promise<ScaledObject[]>;
  /**
   * False: it was changed or deleted since it was read.
   * @throws PipelineError api_unavailable
   */
  annotate(object: ScaledObject, change: AnnotationChange): Promise<boolean>;
}

export interface ClusterAccess {
  /** Left out: the one this process runs in. `kubectl proxy` is one, too. */
  readonly url?: string | undefined;
  /** A folder with `token` and `ca.crt`, as a pod has it. */
  readonly credentials?: string | undefined;
}

/** The API server by plain HTTP. @throws PipelineError config_invalid where there is none */
export function connectCluster({ url, credentials }: ClusterAccess, env: NodeJS.ProcessEnv): Cluster {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = '443' } = env;
  if (url === undefined && host === undefined) {
    const text =
      'This is no pod of a cluster: pass --cluster with the URL of an API server, such as that of "kubectl proxy".';
    throw new PipelineError('config_invalid', text);
  }
  const base = url ?? `https://${host?.includes(':') ? `[${host}]` : host}:${port}`;
  const folder = credentials ?? (url === undefined ? SERVICE_ACCOUNT : null);
  if (folder !== null) trust(join(folder, 'ca.crt'));
  const ask = async (path: string, init: RequestInit = {}, type?: string): Promise<Response> => {
    const headers: Record<string, string> = { accept: 'application/json' };
    // Read each time: the kubelet renews it.
    if (folder !== null)
      headers['authorization'] = `Bearer ${readFileSync(join(folder, 'token'), 'utf8').trim()}`;
    if (type !== undefined) headers['content-type'] = type;
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    return await fetch(`${base}${path}`, { ...init, headers, signal }).catch((cause: Error) => {
      const why = cause.cause instanceof Error ? cause.cause.message : cause.message;
      throw new PipelineError(
        'api_unavailable',
        `The API server ${base} does not answer: ${why}.`,
        {},
        cause,
      );
    });
  };
  const refused = async (response: Response, path: string): Promise<PipelineError> => {
    const text = (await response.text()).slice(0, 300);
    const message = `The API server answered ${response.status} to ${path}: ${text}`;
    return new PipelineError('api_unavailable', message, { status: response.status });
  };
  return {
    async list({ namespace, label }) {
      const place = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
      const found: ScaledObject[] = [];
      let next: string | undefined;
      do {
        const query = new URLSearchParams({ labelSelector: label, limit: String(PAGE) });
        if (next !== undefined) query.set('continue', next);
        const path = `${GROUP}${place}/scaledobjects?${query}`;
        const response = await ask(path);
        if (!response.ok) throw await refused(response, path);
        const { metadata, items } = page.parse(await response.json());
        found.push(...items);
        next = metadata.continue === '' ? undefined : metadata.continue;
      } while (next !== undefined);
      return found;
    },
    async annotate({ metadata: { name, namespace, resourceVersion } }, annotations) {
      const path = `${GROUP}/namespaces/${encodeURIComponent(namespace)}/scaledobjects/${encodeURIComponent(name)}`;
      // With the version it was read in: whoever wrote meanwhile is not written over.
      const body = JSON.stringify({ metadata: { resourceVersion, annotations } });
      const response = await ask(path, { method: 'PATCH', body }, 'application/merge-patch+json');
      if (response.ok) return true;
      if (response.status === 409 || response.status === 404) return false;
      throw await refused(response, path);
    },
  };
}

/** Besides those that this process trusts already. */
function trust(path: string): void {
  try {
    setDefaultCACertificates([...getCACertificates('default'), readFileSync(path, 'utf8')]);
  } catch (cause) {
    const text = `${path} holds no certificate of a cluster (${(cause as Error).message}): mount the token of a service account.`;
    throw new PipelineError('config_invalid', text, { path }, cause);
  }
}
