import type { ClaimedDelivery, Format } from '../../src/model.js';

export const legacyBody = (result: string): string => JSON.stringify({ result });

/** A claimed delivery of a legacy webhook whose text is carried over. */
export function claimed(
  given: {
    readonly attempts?: number;
    readonly plain?: boolean;
    readonly source?: string;
    readonly format?: Format;
    readonly webhookBody?: string;
  } = {},
): ClaimedDelivery {
  return {
    id: 1,
    fence: 1,
    destination: 'billing',
    mode: 'live',
    share: 100,
    whole: true,
    severalEvents: false,
    probe: false,
    afterDead: null,
    attempts: given.attempts ?? 0,
    receivedAt: 0,
    eventId: 1,
    event: 'extraction.processed',
    messageId: 'msg_1',
    body: null,
    plain: given.plain ?? false,
    webhook: {
      id: 1,
      source: given.source ?? 'extracta',
      format: given.format ?? 'legacy',
      body: given.webhookBody ?? legacyBody('[{"extractionId":"e"}]'),
      signature: 's',
    },
  };
}
