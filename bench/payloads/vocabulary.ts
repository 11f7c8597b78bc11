import type { Attributes } from '@opentelemetry/api';
import { type Resource, resourceFromAttributes } from '@opentelemetry/resources';

/** Three services of one shop: a request passes through all of them. */
const SERVICES = ['frontend', 'checkout', 'payment'] as const;
export const SERVICES_PER_PAYLOAD = SERVICES.length;

const ROUTES = ['/cart', '/cart/{id}', '/checkout', '/product/{id}', '/search', '/pay/{method}'];
const STATEMENTS = ['SELECT orders', 'INSERT orders', 'UPDATE stock', 'SELECT users'];

export function pick<T>(random: () => number, from: readonly T[]): T {
  return from[Math.floor(random() * from.length)] as T;
}

/** Ten attributes, as a Kubernetes resource detector writes them. */
export function resourceOf(service: number, source: number): Resource {
  const name = SERVICES[service] as string;
  return resourceFromAttributes({
    'service.name': name,
    'service.namespace': 'shop',
    'service.version': '2.14.3',
    'service.instance.id': `${name}-7d9f8b6c5-${source.toString(36).padStart(5, '0')}`,
    'deployment.environment.name': 'production',
    'k8s.namespace.name': 'shop',
    'k8s.pod.name': `${name}-7d9f8b6c5-${source.toString(36).padStart(5, '0')}`,
    'k8s.node.name': `ip-10-0-${source % 32}-17.eu-central-1.compute.internal`,
    'host.arch': 'amd64',
    'process.pid': 17,
  });
}

/** Twelve attributes of a span, with numbers and booleans among them as HTTP instrumentation writes them. */
export function spanAttributes(random: () => number): Attributes {
  const route = pick(random, ROUTES);
  return {
    'http.request.method': pick(random, ['GET', 'GET', 'GET', 'POST', 'PUT']),
    'http.route': route,
    'url.path': route.replace(/\{\w+\}/, () => String(Math.floor(random() * 1e6))),
    'url.scheme': 'https',
    'http.response.status_code': random() < 0.02 ? 500 : 200,
    'server.address': 'shop.example.com',
    'server.port': 443,
    'client.address': `10.${Math.floor(random() * 256)}.${Math.floor(random() * 256)}.${Math.floor(random() * 256)}`,
    'user_agent.original': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0',
    'session.id': Math.floor(random() * 2 ** 48).toString(16),
    'shop.cart.total': Math.round(random() * 50_000) / 100,
    'shop.returning': random() < 0.5,
  };
}

export function queryText(random: () => number): string {
  return pick(random, STATEMENTS);
}
