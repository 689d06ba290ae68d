import type { KeyObject } from 'node:crypto';
import type { Format } from '../model.js';
import { escapeLoneSurrogates, memberOf } from './json-text.js';
import { signedTextOf } from './request-body.js';
import { mac } from './signature.js';

/** An event as the store has it: its own body, or none where the webhook's text is carried over. */
export interface StoredEvent {
  readonly event: string;
  /** Read once: a store may have to fetch it. */
  readonly body: string | null;
  readonly plain: boolean;
  readonly webhook: { readonly format: Format; readonly body: string };
}

/** What goes out to a destination, before headers. */
export interface Outgoing {
  readonly body: string;
  /** What the receiver will compute its MAC over. */
  readonly signedText: string;
}

/** A new-format body around the text of its result, to the byte. */
export const eventBody = (event: string, resultText: string): string =>
  `{"event":${JSON.stringify(event)},"result":${resultText}}`;

/** The text of the result of a legacy body: the string, or where it is none, the member as it was written. */
export function legacyResultText(body: string): string {
  const { result } = JSON.parse(body) as { readonly result: unknown };
  return typeof result === 'string' ? escapeLoneSurrogates(result) : (memberOf(body, 'result') ?? 'null');
}

/** An event in the new format (protocol section 5). */
export function toNew(stored: StoredEvent): Outgoing {
  const own = stored.body;
  if (own === null && stored.webhook.format === 'legacy') {
    const resultText = legacyResultText(stored.webhook.body);
    const body = eventBody(stored.event, resultText);
    return { body, signedText: stored.plain ? resultText : listenerText(body) };
  }
  const body = own ?? stored.webhook.body;
  return { body, signedText: listenerText(body) };
}

/** What a listener written from the vendor's page signs: the result after a trip through JavaScript. */
export function listenerText(body: string): string {
  const { result } = JSON.parse(body) as { readonly result: unknown };
  return signedTextOf(result);
}

/**
 * A new-format body as a legacy one: the text of its result, as it was written, in a string (protocol section 5).
 * Its signature is the MAC over that text.
 */
export function toLegacy(body: string): string {
  return `{"result":${JSON.stringify(memberOf(body, 'result') ?? 'null')}}`;
}

/** The `x-webhook-signature` of an outgoing body. */
export const signOutgoing = (outgoing: Outgoing, key: KeyObject): string => mac(outgoing.signedText, key);
