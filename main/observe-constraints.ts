import type { Meter } from '@opentelemetry/api';
import { overdueReviews } from '../gates/effective-constraints.ts';
import type { Gate } from '../gates/gate.ts';

/** Constraint sets whose review is overdue: what nobody looks at any more is in force all the same. */
export function observeConstraints(
  meter: Meter,
  of: { readonly gate: Gate; readonly now: () => number },
): void {
  meter
    .createObservableGauge('plumbline.constraints.review_overdue', {
      description: 'Constraint sets in force whose reviewBy has passed',
    })
    .addCallback((result) => result.observe(overdueReviews(of.gate.effective(), of.now()).length));
}
