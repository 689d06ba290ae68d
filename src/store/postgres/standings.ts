import { isWhole, standsForWebhook } from '../conversion-rules.js';
import type { Latest } from '../replay-rules.js';
import type { NewDelivery } from '../rows.js';
import { int8s } from './arrays.js';
import type { Session, Statement } from './database.js';
import { sameDay } from './ids.js';

/** An event of a webhook of which some event may go out again. */
export interface Sibling {
  readonly id: number;
  readonly webhookId: number;
  readonly duplicateOf: number | null;
  readonly size: number;
}

interface Known {
  /** In the order of their ids. */
  readonly siblings: readonly Sibling[];
  /** Of these events, the oldest first. */
  readonly deliveries: readonly (Latest & { readonly eventId: number; readonly destination: string })[];
}

/** The deliveries of some events, the oldest first. */
export const DELIVERIES: Statement<Known['deliveries'][number]> = {
  name: 'deliveries_of_events',
  text: `SELECT d.id, d.event_id AS "eventId", d.destination, d.mode, coalesce(d.state, o.state) AS state
           FROM unnest($1::bigint[]) e (id)
           JOIN LATERAL (SELECT * FROM deliveries d WHERE d.event_id = e.id AND ${sameDay('d.id', 'e.id')}) d ON true
           LEFT JOIN outbox o ON o.delivery_id = d.id
          ORDER BY d.id`,
};

/** All events of the webhooks of some events. */
const SIBLINGS: Statement<Sibling> = {
  name: 'siblings_of_events',
  text: `SELECT s.id, s.webhook_id AS "webhookId", s.duplicate_of AS "duplicateOf",
                octet_length(w.body) + coalesce(octet_length(s.body), 0) AS size
           FROM (SELECT DISTINCT webhook_id FROM events WHERE id = ANY ($1)) e
           JOIN webhooks w ON w.id = e.webhook_id
           JOIN LATERAL (SELECT * FROM events s WHERE s.webhook_id = w.id AND ${sameDay('s.id', 'w.id')}) s ON true
          ORDER BY s.id`,
};

type Asked = Pick<NewDelivery, 'eventId' | 'destination' | 'oncePerWebhook'>;

/** What destinations have had of events, with what is made of them meanwhile. */
export class Standings {
  readonly #events: ReadonlyMap<number, Sibling>;
  readonly #latest = new Map<string, Latest>();

  constructor(private readonly known: Known) {
    this.#events = new Map(known.siblings.map((event) => [event.id, event]));
    for (const { eventId, destination, ...delivery } of known.deliveries) {
      this.note(eventId, destination, delivery);
    }
  }

  static async lookUp(session: Session, eventIds: readonly number[]): Promise<Standings> {
    const siblings = await session.query(SIBLINGS, int8s([...new Set(eventIds)]));
    const deliveries = await session.query(DELIVERIES, int8s(siblings.map(({ id }) => id)));
    return new Standings({ siblings, deliveries });
  }

  event(id: number): Sibling | undefined {
    return this.#events.get(id);
  }

  /** The one that decides. */
  latest(asked: Asked): Latest | undefined {
    const event = this.#events.get(asked.eventId);
    if (event === undefined) return undefined;
    const ofWhat = asked.oncePerWebhook && isWhole(this.#eventsWith(event)) ? ofWebhook : ofEvent;
    return this.#latest.get(ofWhat(event, asked.destination));
  }

  /** Whether a delivery would stand for all of the event's webhook. */
  isWhole(asked: Pick<Asked, 'eventId' | 'oncePerWebhook'>): boolean {
    const event = this.#events.get(asked.eventId);
    const events = event === undefined ? [] : this.#eventsWith(event);
    return standsForWebhook(asked, isWhole(events), events.length);
  }

  #eventsWith({ webhookId }: Sibling): readonly Sibling[] {
    return this.known.siblings.filter((event) => event.webhookId === webhookId);
  }

  note(eventId: number, destination: string, delivery: Latest): void {
    const event = this.#events.get(eventId);
    if (event === undefined) return;
    this.#latest.set(ofEvent(event, destination), delivery);
    this.#latest.set(ofWebhook(event, destination), delivery);
  }
}

const ofEvent = ({ id }: Sibling, destination: string): string => `event ${id} ${destination}`;
const ofWebhook = ({ webhookId }: Sibling, destination: string): string =>
  `webhook ${webhookId} ${destination}`;
