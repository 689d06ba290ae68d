import type { Config } from '../config/config.js';
import { messageOf } from '../errors.js';
import type { Conversion, QuarantineReason, StoredWebhook, Verified } from '../model.js';
import { createContracts } from './contracts.js';
import { loadEventSchemas } from './event-schemas.js';
import { type ResultFile, resultFiles } from './infer-edited.js';
import { type NormalizedEvent, normalize } from './normalize.js';
import { createRouter } from './route.js';

/**
 * Turns a stored webhook into what the store keeps of it. Never throws: what cannot be converted is quarantined. What
 * came before is not looked at: `createBatchConverter` does.
 *
 * @param inferred the events of legacy files for which more is known than their status, by their place in the list
 */
export type Examine = (webhook: Verified<StoredWebhook>, inferred?: ReadonlyMap<number, string>) => Examined;

export interface Examined {
  readonly conversion: Conversion;
  /** What edits may be inferred from: none where its source does not infer them. */
  readonly files: readonly ResultFile[];
}

/**
 * Compiles everything that conversion needs from the configuration.
 *
 * @param onEvent is shown each event that is made
 * @throws {ShimError} where a schema does not compile
 */
export function createExamine(
  config: Pick<Config, 'sources' | 'destinations'>,
  onEvent: (source: string, event: NormalizedEvent['value']) => void = () => {},
): Examine {
  const checkSchema = loadEventSchemas();
  const route = createRouter(config.destinations);
  const sources = new Map(
    config.sources.map((source) => [
      source.name,
      {
        ...source,
        rules: {
          source: source.name,
          statuses: source.statuses,
          checkSchema,
          checkContracts: createContracts(source.contracts),
        },
      },
    ]),
  );

  return (webhook, inferred) => {
    const quarantined = (reason: QuarantineReason, errors: readonly string[]) => ({
      conversion: { outcome: 'quarantined', webhookId: webhook.id, reason, errors } as const,
      files: [],
    });
    const source = sources.get(webhook.source);
    if (source === undefined) {
      return quarantined('source_not_configured', [
        `the configuration has no source "${webhook.source}" any more: add it again and retry, or discard the webhook`,
      ]);
    }
    try {
      const normalized = normalize(webhook, source.rules, inferred);
      if (!normalized.ok) return quarantined(normalized.reason, normalized.errors);
      const conversion: Conversion = {
        outcome: 'converted',
        webhookId: webhook.id,
        duplicatesSince: source.dedupWindow === 0 ? null : webhook.receivedAt - source.dedupWindow,
        events: normalized.events.map(({ value, places, ...event }) => ({
          ...event,
          destinations: route(source.name, { messageId: event.messageId, value }),
        })),
      };
      for (const { value } of normalized.events) onEvent(source.name, value);
      const files = source.inferEdited ? resultFiles(webhook, normalized.events) : [];
      return { conversion, files };
    } catch (error) {
      // A fault of ours must not hold up the webhooks behind this one, nor lose it.
      return quarantined('internal_error', [messageOf(error)]);
    }
  };
}
