import type { ExtractionDrift } from '../migration/drift-report.js';
import { ageText, durationText } from '../migration/duration-text.js';
import type { SecretUse } from '../migration/secrets.js';
import type { DiskUse, LastSeen, Waiting } from '../store/rows.js';
import { driftJson, driftText } from './drift-view.js';
import { countsJson, DAYS, lately, type RefusedCounts } from './refused-view.js';
import { type Column, fields, table } from './table.js';
import { bytesText, isoSeconds, isoTime, isoTimeOrNull, sizeText } from './text.js';

/** The state of the service at a glance, as people and programs read it. */
export interface Stats {
  readonly lastSeen: readonly LastSeen[];
  readonly secrets: readonly SecretUse[];
  readonly waiting: Waiting;
  /** Higher counts of what waits are not exact. */
  readonly most: number;
  /** Requests that were refused for their signature. */
  readonly refused: RefusedCounts;
  readonly drift: readonly ExtractionDrift[];
  /** Null where there is no store yet. */
  readonly disk: DiskUse | null;
  /** Milliseconds. */
  readonly retention: number;
}

const lastSeenColumns = (now: number): readonly Column<LastSeen>[] => [
  { title: 'source', value: (row) => row.source },
  { title: 'format', value: (row) => row.format },
  { title: 'secret', value: secretName },
  { title: 'webhooks', value: (row) => row.count },
  { title: 'first seen', value: (row) => isoSeconds(row.firstAt) },
  { title: 'last seen', value: (row) => isoSeconds(row.lastAt) },
  { title: 'ago', value: (row) => ageText(now - row.lastAt) },
];

const STATE_TEXT: Readonly<Record<SecretUse['state'], string>> = {
  in_use: 'in use',
  idle: 'not used for a week, while another was: can be retired, unless it is the one you are changing to',
  quiet: 'not used for a week, nor was another',
  never_used: 'never used',
  not_configured: 'no longer configured',
};

const secretColumns: readonly Column<SecretUse>[] = [
  { title: 'source', value: (row) => row.source },
  { title: 'secret', value: secretName },
  { title: 'last used', value: (row) => (row.lastAt === null ? null : isoSeconds(row.lastAt)) },
  { title: 'state', value: (row) => STATE_TEXT[row.state] },
];

/** As in the configuration: never the secret itself. */
function secretName({ secretIndex }: { readonly secretIndex: number }): string {
  return `secrets[${secretIndex}]`;
}

export function statsText(
  { lastSeen, secrets, waiting, most, refused, drift, disk, retention }: Stats,
  now: number,
  program: string,
): string {
  const { received, quarantined, pending, dead } = sums(waiting);
  const shown = (count: number, command: string): string =>
    count === 0 ? '0' : `${atMost(count, most)}  (${program} ${command})`;
  const refusedLately = lately(refused, now).reduce((sum, { count }) => sum + count, 0);
  const pendingColumns: readonly Column<Waiting['pending'][number]>[] = [
    { title: 'destination', value: (row) => row.destination },
    { title: 'pending', value: (row) => atMost(row.count, most) },
    { title: 'first due', value: (row) => isoSeconds(row.dueAt) },
    { title: 'overdue', value: (row) => (row.dueAt >= now ? null : ageText(now - row.dueAt)) },
  ];
  return [
    lastSeen.length === 0 ? 'No webhooks yet.\n' : table(lastSeenColumns(now), lastSeen),
    table(secretColumns, secrets),
    fields([
      ['not converted yet', atMost(received, most)],
      ['in quarantine', shown(quarantined, 'quarantine list')],
      ['pending deliveries', shown(pending, 'deliveries list --status pending')],
      ['dead letters', shown(dead, 'deliveries list --status dead')],
      [`refused in ${DAYS} days`, refusedLately === 0 ? '0' : `${refusedLately}  (${program} refused list)`],
    ]),
    ...(waiting.pending.length === 0 ? [] : [table(pendingColumns, waiting.pending)]),
    driftText(drift),
    ...(disk === null ? [] : [diskText(disk, retention, now)]),
  ].join('\n');
}

export function statsJson({ lastSeen, secrets, waiting, most, refused, drift, disk }: Stats) {
  const counted = (count: number) => ({ count: Math.min(count, most), more: count > most });
  const { received, quarantined, dead } = sums(waiting);
  return {
    lastSeen: lastSeen.map(({ firstAt, lastAt, ...row }) => ({
      ...row,
      firstAt: isoTime(firstAt),
      lastAt: isoTime(lastAt),
    })),
    secrets: secrets.map(({ lastAt, ...row }) => ({ ...row, lastAt: isoTimeOrNull(lastAt) })),
    /** `more`: there are more than were counted. */
    waiting: {
      received: counted(received),
      quarantined: counted(quarantined),
      dead: counted(dead),
      pending: waiting.pending.map(({ destination, count, dueAt }) => ({
        destination,
        ...counted(count),
        firstDueAt: isoTime(dueAt),
      })),
    },
    /** Requests that were refused for their signature, by source and day. */
    refused: countsJson(refused),
    /** Fields of extractions' results that came or went, by a sample of the results. */
    drift: driftJson(drift),
    disk: disk === null ? null : { ...disk, oldestAt: isoTimeOrNull(disk.oldestAt) },
  };
}

/** `free` is used again; what is older than the retention goes at its next round, unless it waits for something. */
function diskText({ bytes, free, log, oldestAt }: DiskUse, retention: number, now: number): string {
  const oldest =
    oldestAt === null
      ? null
      : `${isoSeconds(oldestAt)} (${ageText(now - oldestAt)} ago; kept for ${durationText(retention)})`;
  return fields([
    ['database', sizeText({ bytes, free })],
    ['write-ahead log', log === null ? null : bytesText(log)],
    ['oldest webhook', oldest],
  ]);
}

function sums({ received, quarantined, pending, dead }: Waiting) {
  const sum = (rows: readonly { readonly count: number }[]): number =>
    rows.reduce((total, { count }) => total + count, 0);
  return { received, quarantined: sum(quarantined), pending: sum(pending), dead: sum(dead) };
}

const atMost = (count: number, most: number): string => (count > most ? `${most}+` : String(count));
