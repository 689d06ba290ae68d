import type { QuarantineReason } from '../model.js';
import { printable } from '../printable.js';
import type { QuarantineRow, WebhookDetail } from '../store/rows.js';
import { type Column, fields } from './table.js';
import { count, isoSeconds, isoTime, printableLines } from './text.js';

/** What an operator can do about each reason. */
const ADVICE: Readonly<Record<QuarantineReason, string>> = {
  result_not_json: 'ask the vendor; discard it if it cannot be used',
  unrecognized_shape: 'the vendor sends a shape that this version does not know: update and retry',
  no_files: 'there is nothing to deliver: discard it',
  unknown_status: 'name the status under "statuses" of the source, then retry',
  invalid_event: 'ask the vendor; update and retry if the name is a new one of theirs',
  schema_violation: 'compare the errors with the body; retry after an update, or discard it',
  contract_violation:
    'correct the schema under "contracts" of the source and save the configuration too, so that the service loads both; then retry',
  nesting_too_deep: 'no document is nested so deep: discard it',
  source_not_configured: 'add the source to the configuration again, then retry',
  internal_error: 'correct what the errors name; if nothing, report it, update; then retry',
};

export const QUARANTINE_REASONS = Object.keys(ADVICE);

export const quarantineColumns: readonly Column<QuarantineRow>[] = [
  { title: 'id', value: (row) => row.id },
  { title: 'received', value: (row) => isoSeconds(row.receivedAt) },
  { title: 'source', value: (row) => row.source },
  { title: 'format', value: (row) => row.format },
  { title: 'reason', value: (row) => row.reason },
  { title: 'bytes', value: (row) => row.size },
  { title: 'error', value: (row) => firstError(row.errors) },
];

const LONGEST_ERROR = 120;

function firstError(errors: readonly string[]): string | null {
  const [first = null, ...others] = errors;
  if (first === null) return null;
  const text = first.length > LONGEST_ERROR ? `${first.slice(0, LONGEST_ERROR)}…` : first;
  return others.length === 0 ? text : `${text} (+${others.length})`;
}

export const quarantineJson = (row: QuarantineRow) => ({
  id: row.id,
  receivedAt: isoTime(row.receivedAt),
  source: row.source,
  format: row.format,
  reason: row.reason,
  errors: row.errors,
  size: row.size,
});

export const webhookJson = (webhook: WebhookDetail) => ({
  id: webhook.id,
  receivedAt: isoTime(webhook.receivedAt),
  source: webhook.source,
  format: webhook.format,
  state: webhook.state,
  reason: webhook.reason,
  errors: webhook.errors,
  note: webhook.note,
  /** The value of `x-webhook-signature`. */
  signature: webhook.signature,
  body: webhook.body,
});

export function webhookText(webhook: WebhookDetail): string {
  const head = fields([
    ['webhook', webhook.id],
    ['state', webhook.state],
    ['reason', webhook.reason],
    ['note', webhook.note],
    ['source', webhook.source],
    ['format', webhook.format],
    ['received', isoSeconds(webhook.receivedAt)],
    ['signature', webhook.signature],
    [
      'what to do',
      webhook.state === 'quarantined' && webhook.reason !== null ? ADVICE[webhook.reason] : null,
    ],
  ]);
  const errors =
    webhook.errors.length === 0
      ? ''
      : `\nErrors\n${webhook.errors.map((error) => `  ${printable(error)}\n`).join('')}`;
  const size = count(Buffer.byteLength(webhook.body), 'byte');
  return `${head}${errors}\nBody (${size})\n${printableLines(webhook.body)}\n`;
}
