import type { LeftOut } from '../config/left-out.js';
import { durationText } from './duration-text.js';
import { percentilesOf } from './percentiles.js';

/** A reason why a new handler should not take over from an old one yet. */
export interface TakeoverObstacle {
  /** The new handler's destination. */
  readonly destination: string;
  readonly code: 'held' | 'left_out' | 'too_few_answers' | 'failures' | 'slower';
  /** One line, for a person. */
  readonly message: string;
  /** The command that shows it. */
  readonly command: string;
}

/** How a destination has answered lately. */
export interface HandlerFacts {
  /** Of the destination. */
  readonly name: string;
  /** Attempts at its latest events, as many as are asked for: `ok` were answered 2xx, `failed` were not. */
  readonly answers: { readonly ok: number; readonly failed: number };
  /** Percentiles of those attempts' durations, in ms; null where there were none. */
  readonly p50: number | null;
  readonly p99: number | null;
  /** What keeps deliveries from it at present. */
  readonly held: 'paused' | 'breaker_open' | null;
}

export interface TakeoverFacts {
  readonly candidate: HandlerFacts;
  readonly incumbent: HandlerFacts;
  /** What the incumbent gets and would go to nobody without it. */
  readonly leftOut: LeftOut;
}

/** @param answers its latest, each with the HTTP status (null: none came) and the duration in ms. */
export function handlerFacts(
  name: string,
  answers: readonly { readonly status: number | null; readonly duration: number }[],
  held: HandlerFacts['held'],
): HandlerFacts {
  const ok = answers.filter(({ status }) => status !== null && status >= 200 && status < 300).length;
  const pace = percentilesOf(answers.map(({ duration }) => duration));
  return {
    name,
    answers: { ok, failed: answers.length - ok },
    p50: pace?.p50 ?? null,
    p99: pace?.p99 ?? null,
    held,
  };
}

/** The candidate's 99th percentile may be so many times the incumbent's. */
const SLOWER = 1.5;
/** Milliseconds: between two quick handlers a factor says nothing. */
const NOT_WORTH_TELLING = 50;

const HELD = {
  paused: 'is paused: nothing would reach it',
  breaker_open: 'its breaker is open: nothing but a probe reaches it',
} as const satisfies Readonly<Record<NonNullable<HandlerFacts['held']>, string>>;

/**
 * Whether the candidate, until now in shadow mode, can do the incumbent's work: every reason against it. An incumbent
 * that answered nothing lately sets no pace.
 *
 * @param events so many of the candidate's latest must have been answered, all 2xx
 */
export function judgeTakeover(
  { candidate, incumbent, leftOut }: TakeoverFacts,
  events: number,
): readonly TakeoverObstacle[] {
  const { ok, failed } = candidate.answers;
  const obstacles: TakeoverObstacle[] = [];
  const lately = `webhook-shim deliveries list --destination ${candidate.name}`;
  const add = (code: TakeoverObstacle['code'], message: string, command = lately): void => {
    obstacles.push({ destination: candidate.name, code, message, command });
  };

  if (candidate.held !== null) add('held', HELD[candidate.held], 'webhook-shim destinations list');
  const lost = [...leftOut.none, ...leftOut.some.map((event) => `${event} that a "when" leaves out`)];
  if (lost.length > 0) {
    add(
      'left_out',
      `without ${incumbent.name} would go to nobody: ${lost.join(', ')}; let ${candidate.name} take it, or where nobody needs it, give ${incumbent.name} the same filters`,
      'webhook-shim check',
    );
  }
  // Nothing answered is no proof of anything.
  const wanted = Math.max(1, events);
  if (ok + failed < wanted) add('too_few_answers', `answered ${ok + failed} events; there must be ${wanted}`);
  if (failed > 0) add('failures', `failed ${failed} of its latest ${ok + failed} events`);
  if (candidate.p99 !== null && incumbent.p99 !== null) {
    const allowed = Math.max(incumbent.p99 * SLOWER, incumbent.p99 + NOT_WORTH_TELLING);
    if (candidate.p99 > allowed) {
      add(
        'slower',
        `${paceOf(candidate)}, ${incumbent.name} ${paceOf(incumbent)}; ${SLOWER} times that is allowed`,
      );
    }
  }
  return obstacles;
}

function paceOf({ p50, p99 }: HandlerFacts): string {
  const median = p50 === null ? '' : ` (median ${durationText(p50)})`;
  return `answers 99 of 100 within ${durationText(p99 ?? 0)}${median}`;
}
