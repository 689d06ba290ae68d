import type { Format } from '../model.js';
import { escapeLoneSurrogates, memberOf } from './json-text.js';
import { signedTextOf } from './request-body.js';

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

/** The body of an event in the new format (protocol section 5), to the byte. */
export function newBody({ event, body, webhook }: Omit<StoredEvent, 'plain'>): string {
  if (body !== null) return body;
  return webhook.format === 'legacy' ? eventBody(event, legacyResultText(webhook.body)) : webhook.body;
}

/** An event in the new format. */
export function toNew(stored: StoredEvent): Outgoing {
  const body = newBody(stored);
  return { body, signedText: stored.plain ? plainResult(stored.event, body) : listenerText(body) };
}

/** The text of the result of a body that `eventBody` makes: found without a look at the result. */
const plainResult = (event: string, body: string): string => body.slice(eventBody(event, '').length - 1, -1);

/** An event in the legacy format (protocol section 5): the text of its result, as it was written, in a string. */
export function asLegacy(stored: StoredEvent): Outgoing {
  const body = newBody(stored);
  const signedText = stored.plain ? plainResult(stored.event, body) : resultOf(body);
  return { body: legacyBody(signedText), signedText };
}

/** What a listener written from the vendor's page signs: the result after a trip through JavaScript. */
export function listenerText(body: string): string {
  const { result } = JSON.parse(body) as { readonly result: unknown };
  return signedTextOf(result);
}

/** A new-format body as a legacy one. Its signature is the MAC over the text that is in its string. */
export const toLegacy = (body: string): string => legacyBody(resultOf(body));

const resultOf = (body: string): string => memberOf(body, 'result') ?? 'null';

/** A legacy body around the text of its result. */
export const legacyBody = (resultText: string): string => `{"result":${JSON.stringify(resultText)}}`;
