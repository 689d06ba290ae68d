import { newBody } from '../formats/forward.js';
import { DELIVERY_STATES } from '../model.js';
import { printableJson } from '../printable.js';
import type { EventDetail, EventRow } from '../store/rows.js';
import { deliveryColumns, deliveryJson } from './delivery-view.js';
import { prettyJson } from './pretty-json.js';
import { type Column, fields, table } from './table.js';
import { count, isoSeconds, isoTime } from './text.js';

export const eventColumns: readonly Column<EventRow>[] = [
  { title: 'id', value: (row) => row.id },
  { title: 'received', value: (row) => isoSeconds(row.receivedAt) },
  { title: 'source', value: (row) => row.source },
  { title: 'format', value: (row) => row.format },
  { title: 'event', value: (row) => row.event },
  { title: 'files', value: (row) => row.files },
  { title: 'deliveries', value: deliverySummary },
  { title: 'webhook-id', value: (row) => row.messageId },
  { title: 'duplicate of', value: (row) => row.duplicateOf, tells: (row) => row.duplicateOf !== null },
];

/** `1 delivered, 1 dead`; null where there are none. */
function deliverySummary({ deliveries }: Pick<EventRow, 'deliveries'>): string | null {
  const parts = DELIVERY_STATES.filter((state) => deliveries[state] > 0).map(
    (state) => `${deliveries[state]} ${state}`,
  );
  return parts.length === 0 ? null : parts.join(', ');
}

export const eventJson = (row: EventRow) => ({
  id: row.id,
  /** The `webhook-id` header. */
  webhookId: row.messageId,
  event: row.event,
  source: row.source,
  format: row.format,
  receivedAt: isoTime(row.receivedAt),
  files: row.files,
  duplicateOf: row.duplicateOf,
  deliveries: row.deliveries,
  /** The number of the stored webhook it was made from. */
  webhook: row.webhookId,
});

export const eventDetailJson = (event: EventDetail) => ({
  ...eventJson(event),
  webhookState: event.webhook.state,
  deliveryRows: event.deliveryRows.map(deliveryJson),
  body: newBody(event),
});

export function eventText(event: EventDetail): string {
  const body = newBody(event);
  const head = fields([
    ['id', event.id],
    ['webhook-id', event.messageId],
    ['event', event.event],
    ['source', event.source],
    ['format', event.format],
    ['received', isoSeconds(event.receivedAt)],
    ['files', event.files],
    ['duplicate of', event.duplicateOf === null ? null : `event ${event.duplicateOf}`],
    ['webhook', `${event.webhookId} (${event.webhook.state})`],
  ]);
  const deliveries =
    event.deliveryRows.length > 0
      ? table(deliveryColumns, event.deliveryRows)
      : event.duplicateOf === null
        ? 'none: no destination of the configuration was for it\n'
        : `none: it repeats event ${event.duplicateOf}\n`;
  const size = count(Buffer.byteLength(body), 'byte');
  return `${head}\nDeliveries\n${deliveries}\nBody (${size})\n${printableJson(prettyJson(body))}\n`;
}
