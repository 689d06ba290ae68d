import type { Format, StoredWebhook } from '../../model.js';
import type { Database, Statement } from './driver.js';
import { fromText, type Text } from './values.js';

type Body = Statement<readonly [body: Text]>;

/**
 * What deliveries are made of, read when it is asked for: those that are claimed or put in line at one time can hold
 * more together than there is memory, and are held for as long as they wait for a slot and for their answer.
 */
export class Bodies {
  readonly #ofWebhook: Body;
  readonly #ofEvent: Body;

  constructor(db: Database) {
    this.#ofWebhook = db.prepareTuples('SELECT body FROM webhooks WHERE id = ?');
    this.#ofEvent = db.prepareTuples('SELECT body FROM events WHERE id = ?');
  }

  /** A webhook with its body, which throws where it is gone by now. */
  webhook(
    id: number,
    source: string,
    format: Format,
    signature: Text,
  ): Pick<StoredWebhook, 'id' | 'source' | 'format' | 'signature' | 'body'> {
    const statement = this.#ofWebhook;
    return {
      id,
      source,
      format,
      signature: fromText(signature),
      // To hold bodies as long as claims cost 4 % of the service's CPU: the collector copies them.
      get body() {
        return read(statement, id, 'webhook');
      },
    };
  }

  /** Of an event that has one. @throws where it is gone by now */
  ofEvent(id: number): string {
    return read(this.#ofEvent, id, 'event');
  }
}

function read(bodies: Body, id: number, noun: string): string {
  const row = bodies.get(id);
  if (row === undefined) throw new Error(`${noun} ${id} is not in the store any more: a backup may have it`);
  return fromText(row[0]);
}
