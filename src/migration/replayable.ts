import { newBody } from '../formats/forward.js';
import type { ReplayableEvent, ReplayQuery } from '../store/rows.js';
import type { Store } from '../store/store.js';

export type Page = readonly ReplayableEvent[];

export type Listing = Pick<Store, 'listReplayable'>;

/** Events are read and deliveries made so many at a time, each page in one transaction. */
const PAGE = 500;

/** The oldest first. */
export async function* pagesOf(
  store: Listing,
  query: Omit<ReplayQuery, 'limit' | 'after'>,
): AsyncGenerator<Page> {
  let after: number | undefined;
  for (;;) {
    const page = await store.listReplayable({
      ...query,
      limit: PAGE,
      ...(after === undefined ? {} : { after }),
    });
    yield page;
    after = page.at(-1)?.id;
    if (page.length < PAGE) return;
  }
}

/** All events of a webhook, in their order. They arrived at one moment, which is how they are found. */
export async function eventsOfWebhook(
  store: Listing,
  { webhookId, receivedAt }: Pick<ReplayableEvent, 'webhookId' | 'receivedAt'>,
): Promise<Page> {
  const events: ReplayableEvent[] = [];
  for await (const page of pagesOf(store, { since: receivedAt, until: receivedAt + 1 })) {
    events.push(...page.filter((event) => event.webhookId === webhookId));
  }
  return events;
}

/** What a `when` looks at: the body in the new format, parsed; null where retention has removed the event. */
export async function eventValue(id: number, store: Pick<Store, 'getEvent'>): Promise<unknown> {
  const event = await store.getEvent(id);
  return event === null ? null : JSON.parse(newBody(event));
}
