import { Command } from 'commander';
import { PipelineError } from '../../core/errors.ts';
import { type Source, sourceLabel } from '../../core/source.ts';
import { type ClientFlags, connectApi, examples, print, withClientFlags } from '../client-flags.ts';
import { type VerdictDetail, verdictDetail } from '../verdict-detail.ts';

export function verdictCommand(): Command {
  return withClientFlags(new Command('verdict'))
    .description('explain the verdicts about one source: every estimator, what they disagree on, what to do')
    .argument('<source>', 'service, namespace/service, or the label `plumbline sources` prints')
    .addHelpText(
      'after',
      examples('verdict checkout', 'verdict "shop/checkout traces"', 'verdict shop/checkout --json'),
    )
    .action(async (wanted: string, flags: ClientFlags) => {
      const query = new URLSearchParams({ service: serviceOf(wanted) });
      const { verdicts } = await connectApi(flags).getJson<{ verdicts: readonly VerdictDetail[] }>(
        `/verdicts?${query}`,
      );
      const found = verdicts.filter(({ source }) => isWanted(source, wanted));
      if (found.length === 0) {
        throw new PipelineError(
          'not_found',
          `No verdict of the last 10 minutes about "${wanted}". "plumbline sources" lists who sent telemetry.`,
          { source: wanted },
        );
      }
      print(flags, { verdicts: found }, () => found.map(verdictDetail).join('\n'));
    });
}

/** `shop/checkout#pod-7 traces` -> `checkout`. */
function serviceOf(label: string): string {
  const withoutSignal = label.replace(/ (traces|logs|metrics)$/, '');
  return withoutSignal.replace(/^[^/]*\//, '').replace(/#.*$/, '');
}

/** What is not said matches anything. */
function isWanted(source: Source, wanted: string): boolean {
  const label = sourceLabel(source);
  const withoutSignal = label.replace(/ \w+$/, '');
  return [label, withoutSignal, source.serviceName, `${source.serviceName} ${source.signal}`].includes(
    wanted,
  );
}
