import type { Attempt } from '../model.js';
import type { DeliveryDetail, DeliveryRow } from '../store/rows.js';
import type { Column } from './table.js';
import { isoSeconds, isoTime, isoTimeOrNull, printable, printableLines } from './text.js';

/** Deliveries as people and programs read them. */

export const deliveryColumns: readonly Column<DeliveryRow>[] = [
  { title: 'id', value: (row) => row.id },
  { title: 'created', value: (row) => isoSeconds(row.createdAt) },
  { title: 'event id', value: (row) => row.eventId },
  { title: 'event', value: (row) => row.event },
  { title: 'destination', value: (row) => row.destination },
  { title: 'mode', value: modeText },
  { title: 'status', value: (row) => row.status },
  { title: 'attempts', value: (row) => row.attempts },
  { title: 'last answer', value: lastAnswer },
  { title: 'next attempt', value: (row) => (row.dueAt === null ? null : isoSeconds(row.dueAt)) },
  { title: 'replayed', value: (row) => (row.replayed ? 'yes' : null) },
  { title: 'fault', value: (row) => row.fault },
  { title: 'reason', value: (row) => row.reason },
];

/** `live`; `live 12.5%` where that is its share of the batches. */
export function modeText({ mode, share }: Pick<DeliveryRow, 'mode' | 'share'>): string {
  return share === 100 ? mode : `${mode} ${share}%`;
}

function lastAnswer(row: Pick<DeliveryRow, 'lastStatus' | 'lastError'>): string | null {
  return row.lastStatus === null ? row.lastError : `HTTP ${row.lastStatus}`;
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
