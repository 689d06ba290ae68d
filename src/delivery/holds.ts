import type { DestinationConfig } from '../config/config.js';
import type { ClaimedDelivery } from '../model.js';
import { createSleep } from '../sleep.js';
import type { Store } from '../store/store.js';
import type { Log } from '../telemetry/log.js';
import type { Answer } from './answer.js';
import { createBackoff, insist } from './backoff.js';
import { afterFailure, afterSuccess, NO_FAILURES } from './breaker.js';
import { healthOf, isGone } from './health.js';
import { judge } from './judge.js';
import type { Trouble } from './trouble.js';

/** Says of what came back whether the destination is to be left alone, and writes it where all instances see it. */
export interface Holds {
  note(delivery: Pick<ClaimedDelivery, 'id' | 'probe'>, startedAt: number, answer: Answer): void;
  /** It was handed back unsent: where it was a probe, another one may be. */
  untested(delivery: Pick<ClaimedDelivery, 'probe'>): void;
  /** Resolves once the store knows: what is claimed after it is held by it. */
  written(): Promise<void>;
  /** Gives up what the store has not taken. */
  close(): void;
}

export function createHolds(options: {
  readonly destination: Pick<DestinationConfig, 'name' | 'mode' | 'breaker'>;
  readonly store: Pick<Store, 'pauseDestination' | 'openBreaker' | 'closeBreaker'>;
  readonly log: Pick<Log, 'info' | 'warn' | 'error'>;
  readonly trouble: Trouble;
  readonly now: () => number;
  readonly firstBackoff: number;
  /** Called when nothing more is to be sent. */
  readonly onHeld: () => void;
}): Holds {
  const { destination, store, log, trouble, now } = options;
  const { name, breaker } = destination;
  // What a shadow answers counts for nothing: it gets each delivery once, and a backlog of it would help nobody.
  const isShadow = destination.mode === 'shadow';
  const rules = isShadow ? { ...breaker, failures: 0 } : breaker;
  const sleep = createSleep();
  let count = NO_FAILURES;
  let closed = false;
  let writing: Promise<void> = Promise.resolve();

  const write = (verb: () => Promise<unknown>): void => {
    const backoff = createBackoff(options.firstBackoff, sleep);
    writing = writing.then(() => insist(verb, { backoff, trouble, wanted: () => !closed }));
  };

  const open = (until: number, reason: string): void => {
    write(() => store.openBreaker({ destination: name, until, reason }));
  };

  const pause = (delivery: number): void => {
    options.onHeld();
    write(async () => {
      const request = { destination: name, reason: '410', note: null, now: now() } as const;
      if (!(await store.pauseDestination(request))) return;
      log.error(
        { destination: name, delivery },
        'answered 410 Gone: the destination is paused, what is for it is kept; to go on: destinations resume',
      );
    });
  };

  const close = (): void => {
    count = afterSuccess(count);
    write(async () => {
      if (await store.closeBreaker(name))
        log.info({ destination: name }, 'works again: the breaker is closed');
    });
  };

  const noteProbe = (health: ReturnType<typeof healthOf>, why: string): void => {
    if (health === 'unknown') open(now(), why);
    else if (health === 'up' || rules.failures === 0) close();
    else {
      open(now() + rules.cooldown, why);
      log.info({ destination: name, why }, 'does not work yet: the breaker stays open');
    }
  };

  return {
    note: ({ id, probe }, startedAt, answer) => {
      const health = healthOf(answer);
      const verdict = judge(answer, now());
      const why = verdict.success ? '' : verdict.reason;
      if (isGone(answer) && !isShadow) pause(id);
      if (probe) noteProbe(health, why);
      else if (health === 'up') count = afterSuccess(count);
      else if (health === 'down') {
        const next = afterFailure(count, rules, { startedAt, now: now() });
        count = next.count;
        if (!next.opens) return;
        const until = now() + rules.cooldown;
        open(until, `${rules.failures} failures in a row; last: ${why}`);
        log.warn(
          { destination: name, why, until: new Date(until).toISOString() },
          'is down: the breaker is open, what is for it is kept',
        );
        options.onHeld();
      }
    },
    untested: ({ probe }) => {
      if (probe) open(now(), 'the probe was not sent');
    },
    written: () => writing,
    close: () => {
      closed = true;
      sleep.wake();
    },
  };
}

/** Makes a breaker that is open let a probe through now. */
export async function tryAtOnce(
  store: Pick<Store, 'destinationStates' | 'openBreaker'>,
  name: string,
  now: number,
): Promise<void> {
  const state = (await store.destinationStates()).find(({ destination }) => destination === name);
  if (state === undefined || state.openUntil === null || state.openUntil <= now) return;
  await store.openBreaker({ destination: name, until: now, reason: state.openReason ?? 'it was changed' });
}
