import { EVENTS_WITH_RESULT } from '../formats/extraction-events.js';
import type { ExtractionFields } from '../store/rows.js';
import { fieldsOf } from './fields.js';

/** Looks at a few of the results that pass, so that it costs nothing that could be measured. */
export interface FieldSampler {
  look(source: string, event: { readonly event: string; readonly result: unknown }): void;
  /** What was seen since the last time, which starts anew. */
  take(): readonly ExtractionFields[];
}

/** Of each extraction one result in so many milliseconds is looked at. */
const INTERVAL = 10_000;
/** Extractions that are looked at between two takes; more have to wait for the next. */
const MOST_EXTRACTIONS = 200;
const LONGEST_ID = 200;

export function createFieldSampler(now: () => number): FieldSampler {
  let seen = new Map<
    string,
    { source: string; extractionId: string; total: Tally; fields: Map<string, Tally> }
  >();
  let looked = new Map<string, number>();

  const look = (source: string, extractionId: string, result: unknown, at: number): void => {
    const key = `${source} ${extractionId}`;
    // Where the clock was set back, what was looked at in its future does not count.
    if (Math.abs(at - (looked.get(key) ?? -INTERVAL)) < INTERVAL) return;
    let extraction = seen.get(key);
    if (extraction === undefined) {
      if (seen.size === MOST_EXTRACTIONS) return;
      extraction = { source, extractionId, total: { firstAt: at, lastAt: at, count: 0 }, fields: new Map() };
      seen.set(key, extraction);
    }
    looked.set(key, at);
    count(extraction.total, at);
    for (const path of fieldsOf(result)) {
      const field = extraction.fields.get(path);
      if (field === undefined) extraction.fields.set(path, { firstAt: at, lastAt: at, count: 1 });
      else count(field, at);
    }
  };

  return {
    look: (source, { event, result }) => {
      if (!EVENTS_WITH_RESULT.includes(event) || !Array.isArray(result)) return;
      const at = now();
      for (const file of result as readonly unknown[]) {
        if (typeof file !== 'object' || file === null || !('extractionId' in file)) continue;
        const { extractionId } = file;
        if (typeof extractionId !== 'string' || extractionId.length > LONGEST_ID) continue;
        look(source, extractionId, 'result' in file ? file.result : undefined, at);
      }
    },
    take: () => {
      const taken = [...seen.values()].map(({ source, extractionId, total, fields }) => ({
        source,
        extractionId,
        ...total,
        fields: [...fields].map(([path, tally]) => ({ path, ...tally })),
      }));
      const at = now();
      seen = new Map();
      looked = new Map([...looked].filter(([, last]) => Math.abs(at - last) < INTERVAL));
      return taken;
    },
  };
}

interface Tally {
  readonly firstAt: number;
  lastAt: number;
  count: number;
}

function count(tally: Tally, at: number): void {
  tally.lastAt = at;
  tally.count += 1;
}
