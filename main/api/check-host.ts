import { PipelineError } from '../../core/errors.ts';
import { isLoopback } from '../config.ts';

/**
 * On a loopback bind, only names of this machine may be asked for: a page of another site whose name was made
 * to point at 127.0.0.1 (DNS rebinding) would otherwise read everything here through its visitor's browser.
 * @throws PipelineError request_invalid
 */
export function hostChecker(boundHost: string): (hostHeader: string | undefined) => void {
  if (!isLoopback(boundHost)) return () => undefined;
  return (hostHeader) => {
    const name = (hostHeader ?? '')
      .replace(/:\d+$/, '')
      .replace(/^\[(.*)\]$/, '$1')
      .toLowerCase();
    if (isLoopback(name) || name === boundHost || name.endsWith('.localhost')) return;
    throw new PipelineError(
      'request_invalid',
      `The request asks for the host "${name}", but this server is only for this machine: use localhost or 127.0.0.1.`,
    );
  };
}
