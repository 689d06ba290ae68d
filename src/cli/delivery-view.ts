import type { Attempt } from '../model.js';
import { printable } from '../printable.js';
import type { DeliveryDetail, DeliveryRow } from '../store/rows.js';
import type { Column } from './table.js';
import { isoSeconds, isoTime, isoTimeOrNull, printableLines } from './text.js';

/**
 * What is the same of all is left out, and what may be long stands last: with numbers of four digits a list fits a
 * terminal of 120 columns, but for what a handler or the network said.
 */
export const deliveryColumns: readonly Column<DeliveryRow>[] = [
  { title: 'id', value: (row) => row.id },
  { title: 'created', value: (row) => isoSeconds(row.createdAt) },
  { title: 'event', value: (row) => `${row.eventId} ${row.event}` },
  { title: 'destination', value: (row) => row.destination },
  { title: 'mode', value: modeText, tells: (row) => modeText(row) !== 'live' },
  { title: 'status', value: (row) => row.status },
  { title: 'attempts', value: (row) => row.attempts },
  {
    title: 'next attempt',
    value: (row) => (row.dueAt === null ? null : isoSeconds(row.dueAt)),
    tells: (row) => row.dueAt !== null,
  },
  { title: 'replayed', value: (row) => (row.replayed ? 'yes' : null), tells: (row) => row.replayed },
  { title: 'fault', value: (row) => row.fault, tells: (row) => row.fault === 'shim' },
  { title: 'outcome', value: outcomeText },
];

/** `live`; `live 12.5%` where that is its share of the batches. */
export function modeText({ mode, share }: Pick<DeliveryRow, 'mode' | 'share'>): string {
  return share === 100 ? mode : `${mode} ${share}%`;
}

/** Of a dead letter, why; else what came of the last attempt. An answer that broke off is no success, whatever its status. */
function outcomeText({ reason, lastStatus, lastError }: DeliveryRow): string | null {
  if (reason !== null) return reason;
  const brokeOff = lastError !== null && lastStatus !== null && lastStatus < 300;
  return lastStatus === null || brokeOff ? lastError : `HTTP ${lastStatus}`;
}

export const deliveryJson = (row: DeliveryRow) => ({
  id: row.id,
  eventId: row.eventId,
  webhookId: row.messageId,
  event: row.event,
  destination: row.destination,
  mode: row.mode,
  share: row.share,
  status: row.status,
  attempts: row.attempts,
  createdAt: isoTime(row.createdAt),
  replayed: row.replayed,
  dueAt: isoTimeOrNull(row.dueAt),
  endedAt: isoTimeOrNull(row.endedAt),
  reason: row.reason,
  afterDead: row.afterDead,
  lastStatus: row.lastStatus,
  lastError: row.lastError,
  fault: row.fault,
});

export const deliveryDetailJson = (delivery: DeliveryDetail) => ({
  ...deliveryJson(delivery),
  attemptRows: delivery.attemptRows.map((attempt, index) => ({
    number: index + 1,
    startedAt: isoTime(attempt.startedAt),
    durationMs: attempt.duration,
    status: attempt.status,
    error: attempt.error,
    fault: attempt.fault,
    response: attempt.response,
    mode: attempt.mode,
    share: attempt.share,
  })),
});

/** One attempt as a few lines, the answer's body indented below. */
export function attemptText(attempt: Attempt, number: number): string {
  const answer = attempt.status === null ? 'no answer' : `HTTP ${attempt.status}`;
  const parts = [
    `Attempt ${number}`,
    isoSeconds(attempt.startedAt),
    `${Math.round(attempt.duration)} ms`,
    answer,
    ...(attempt.mode === 'shadow' ? ['shadow'] : []),
  ];
  const head = `${parts.join('  ')}\n`;
  const error =
    attempt.error === null
      ? ''
      : `  error: ${printable(attempt.error)}${attempt.fault === 'shim' ? ' (a fault of the shim)' : ''}\n`;
  const { response } = attempt;
  if (response === null || response === '') return head + error;
  return `${head}${error}  answer: ${printableLines(response).trimEnd().replaceAll('\n', '\n          ')}\n`;
}
