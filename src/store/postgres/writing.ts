import type { Conversion, ConvertedEvent, Route } from '../../model.js';
import { isWhole, makesDelivery, standsForWebhook } from '../conversion-rules.js';
import type { SavedConversion } from '../rows.js';
import { int8s, texts } from './arrays.js';
import type { Session, Statement } from './database.js';
import { dayOfId, idOf } from './ids.js';
import { insertDeliveries, type Made } from './new-deliveries.js';
import type { Sightings } from './sightings.js';
import type { Taken, Waiting } from './take.js';
import { optionalText, text } from './values.js';

const INSERT_EVENTS: Statement<never> = {
  name: 'insert_events',
  text: `INSERT INTO events (id, webhook_id, received_at, event, message_id, plain, files, duplicate_of, body)
         SELECT id, webhook_id, received_at, event, message_id, plain = 1, files, duplicate_of, body
           FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::bigint[], $7::bigint[],
                       $8::bigint[], $9::text[])
             AS given (id, webhook_id, received_at, event, message_id, plain, files, duplicate_of, body)`,
};

interface Written {
  readonly id: number;
  readonly messageId: string;
  readonly duplicateOf: number | null;
  readonly webhook: Waiting;
  readonly event: ConvertedEvent;
}

/** Gathers the events and deliveries of one batch, so that they are inserted together. */
export class Writing {
  readonly #events: Written[] = [];
  readonly #deliveries: Made[] = [];

  constructor(
    private readonly sightings: Sightings,
    private readonly numbers: Pick<Taken, 'events' | 'deliveries'>,
    private readonly now: number,
  ) {}

  webhook(
    webhook: Waiting,
    { events, duplicatesSince }: Extract<Conversion, { readonly outcome: 'converted' }>,
  ): SavedConversion['events'] {
    const written = events.map((event) => this.#event(webhook, event, duplicatesSince));
    const isNew = isWhole(written);
    const reached = new Set<string>();
    return written.map((row) => {
      const { id, messageId, duplicateOf, event } = row;
      const routes =
        duplicateOf === null
          ? event.destinations.filter((route) => makesDelivery(route, isNew, reached))
          : [];
      for (const route of routes) this.#deliver(row, route, standsForWebhook(route, isNew, events.length));
      return { id, messageId, duplicateOf, deliveries: routes.length };
    });
  }

  send(session: Session): void {
    const rows = this.#events;
    if (rows.length > 0) {
      session.send(
        INSERT_EVENTS,
        int8s(rows.map(({ id }) => id)),
        int8s(rows.map(({ webhook }) => webhook.webhookId)),
        int8s(rows.map(({ webhook }) => webhook.receivedAt)),
        texts(rows.map(({ event }) => text(event.event))),
        texts(rows.map(({ messageId }) => optionalText(messageId))),
        int8s(rows.map(({ event }) => (event.plain ? 1 : 0))),
        int8s(rows.map(({ event }) => event.files.length)),
        int8s(rows.map(({ duplicateOf }) => duplicateOf)),
        texts(rows.map(({ event }) => optionalText(event.body))),
      );
    }
    insertDeliveries(session, this.#deliveries, { now: this.now, replayed: false });
  }

  #event(webhook: Waiting, event: ConvertedEvent, duplicatesSince: number | null): Written {
    const id = idOf(dayOfId(webhook.webhookId), this.numbers.events[this.#events.length] ?? 0);
    const duplicateOf =
      duplicatesSince === null ? null : this.sightings.repeats(event.files, duplicatesSince);
    const written = { id, messageId: event.messageId, duplicateOf, webhook, event };
    this.#events.push(written);
    const accepted = duplicateOf === null;
    this.sightings.add(event.files, { eventId: id, format: webhook.format, accepted });
    return written;
  }

  #deliver({ id: eventId, webhook, event }: Written, route: Route, whole: boolean): void {
    const { destination, mode, share, delay } = route;
    this.#deliveries.push({
      id: idOf(dayOfId(eventId), this.numbers.deliveries[this.#deliveries.length] ?? 0),
      eventId,
      webhookId: webhook.webhookId,
      destination,
      mode,
      share,
      whole,
      size: webhook.size + (event.body?.length ?? 0),
      dueAt: this.now + delay,
    });
  }
}
