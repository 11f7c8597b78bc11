import type { CloudEventsConfig } from './cloud-event.ts';
import type { Telling } from './telling.ts';

/** Ways a report leaves the house; its Markdown file and its row in the store are always written. */
const CHANNELS = ['webhook', 'cloudevents'] as const;
export type Channel = (typeof CHANNELS)[number];

/** What is configured. */
export interface ChannelsConfigured {
  readonly webhookUrl: string | undefined;
  readonly cloudEvents?: CloudEventsConfig | undefined;
}

/**
 * Which channels a telling goes to. Every change of state goes to the webhook; a report that was only brought up
 * to date (nobody can say just now) does not, because missing data are no reason to call somebody twice;
 * nor does what a person acknowledged or snoozed. Programs
 * that keep our events hear of everything.
 */
export function channelsFor(telling: Telling, configured: ChannelsConfigured): Channel[] {
  // An end is told all the same: whoever has a ticket open for it wants to close it.
  const isCall = telling.news === 'closed' || (telling.news !== 'updated' && telling.isSilenced !== true);
  return CHANNELS.filter((channel) =>
    channel === 'webhook'
      ? isCall && configured.webhookUrl !== undefined
      : configured.cloudEvents !== undefined,
  );
}

/** Names one telling to one channel: the same however often it is tried, and free of `:`, which queues forbid. */
export function deliveryId(telling: Telling, channel: Channel): string {
  const { id, updatedAt } = telling.report;
  return `${id}.${channel}.${Date.parse(updatedAt)}`;
}
