import { EVENTS_WITH_RESULT } from '../formats/extraction-events.js';
import { fileSubject, fileValue } from '../formats/identity.js';
import type { AcceptedResult, FileBasis, StoredWebhook } from '../model.js';
import type { NormalizedEvent } from './normalize.js';

/** Of a file with a result a legacy body says the first, whichever of its events it is. */
const PROCESSED = 'extraction.processed';
const EDITED = 'extraction.edited';

/** A file with a result, as far as it matters for whether it is an edit. */
export interface ResultFile {
  /** Where it stands in the legacy list. */
  readonly place: number;
  readonly event: string;
  /** What it is as each of the events, in the order of `EVENTS_WITH_RESULT`. */
  readonly subjects: readonly Uint8Array[];
  readonly digest: Uint8Array;
  /** When its webhook arrived. */
  readonly arrivedAt: number;
  /** Whether its event is only known from a legacy status, which says `processed` of an edited file too. */
  readonly open: boolean;
}

/** The result that was accepted last for each file, by `fileKey`. */
export type LatestResults = Map<string, AcceptedResult>;

export const fileKey = ({ subjects: [processed] }: Pick<ResultFile, 'subjects'>): string =>
  Buffer.from(processed ?? []).toString('latin1');

/** The files of these events that an edit could be inferred from, in the order in which they stand in the body. */
export function resultFiles(webhook: Arrival, events: readonly NormalizedEvent[]): readonly ResultFile[] {
  return events.flatMap((event) => filesOf(webhook, event)).sort((a, b) => a.place - b.place);
}

type Arrival = Pick<StoredWebhook, 'source' | 'format' | 'receivedAt'>;

function filesOf(
  { source, format, receivedAt: arrivedAt }: Arrival,
  { event, value, files, places }: NormalizedEvent,
): readonly ResultFile[] {
  if (!EVENTS_WITH_RESULT.includes(event) || !Array.isArray(value.result)) return [];
  return value.result.flatMap((file: unknown, index): readonly ResultFile[] => {
    const digest = files[index]?.digest;
    if (digest === undefined || !hasFileId(file)) return [];
    const subjects = EVENTS_WITH_RESULT.map((name) => fileSubject(source, name, fileValue(file)));
    const open = format === 'legacy' && event === PROCESSED;
    return [{ place: places?.[index] ?? index, event, subjects, digest, arrivedAt, open }];
  });
}

/** A name alone does not tell that it is the same file, nor does an empty id. */
const hasFileId = (file: unknown): boolean =>
  typeof file === 'object' &&
  file !== null &&
  'fileId' in file &&
  typeof file.fileId === 'string' &&
  file.fileId !== '';

/** What is known of a webhook's files beyond their status. */
export interface Inferred {
  /** By place. */
  readonly events: ReadonlyMap<number, string>;
  /** What that was inferred from, each file once. */
  readonly basis: readonly FileBasis[];
}

/**
 * Says which files of a webhook are another event than their status says. A result that differs from the one that was
 * accepted last for the file is an edit; the same one again is the event that it was then, and so a duplicate.
 *
 * Only what arrived later is an edit. A webhook that comes out of quarantine may bring a result that is older than the
 * one that was accepted meanwhile: called an edit, it would undo at the handlers what a person did. So too where two
 * instances convert two webhooks of a file and the later one is saved first: then both are `processed`. To wait for
 * whatever arrived earlier would let one instance convert at a time, for the sake of results of one file that arrive
 * within the same moment.
 *
 * @param latest is brought up to date with these files
 */
export function inferEdits(files: readonly ResultFile[], latest: LatestResults): Inferred {
  const events = new Map<number, string>();
  const basis = new Map<string, FileBasis>();
  for (const file of files) {
    const key = fileKey(file);
    // Where the webhook has the file twice, the second follows from the first.
    if (!basis.has(key)) basis.set(key, basisOf(file, latest.get(key) ?? null));
    const event = file.open ? eventOf(file, latest.get(key)) : file.event;
    if (event !== file.event) events.set(file.place, event);
    latest.set(key, {
      subject: EVENTS_WITH_RESULT.indexOf(event),
      digest: file.digest,
      arrivedAt: file.arrivedAt,
    });
  }
  return { events, basis: [...basis.values()] };
}

const basisOf = ({ subjects, open }: ResultFile, latest: AcceptedResult | null): FileBasis =>
  open ? { subjects, latest } : { subjects };

function eventOf(file: ResultFile, latest: AcceptedResult | undefined): string {
  if (latest === undefined) return file.event;
  const isSame = Buffer.from(file.digest).equals(latest.digest);
  if (isSame) return EVENTS_WITH_RESULT[latest.subject] ?? file.event;
  return latest.arrivedAt !== null && latest.arrivedAt > file.arrivedAt ? file.event : EDITED;
}

/**
 * What was inferred when an event was made, told from its own body.
 *
 * @param files of the webhook that it was made from
 * @param body the event's
 * @returns event by place
 */
export function inferredThen(
  files: readonly ResultFile[],
  event: { readonly source: string; readonly event: string; readonly body: string },
): ReadonlyMap<number, string> {
  if (!files.some((file) => file.open)) return new Map();
  const { result } = JSON.parse(event.body) as { readonly result: unknown };
  const its = new Set(
    (Array.isArray(result) ? result : []).map((file: unknown) =>
      fileKey({ subjects: [fileSubject(event.source, PROCESSED, fileValue(file))] }),
    ),
  );
  const others = event.event === PROCESSED ? EDITED : PROCESSED;
  return new Map(
    files
      .filter((file) => file.open)
      .map((file) => [file.place, its.has(fileKey(file)) ? event.event : others]),
  );
}
