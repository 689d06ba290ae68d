import { messageOf } from './errors.js';
import type { Check, Checks } from './http/admin-app.js';
import { withPatience } from './patience.js';
import type { WorkApi } from './thread/work-api.js';

/** A loop that has not moved for so long is stuck: each polls several times a second. */
const STUCK = 15_000;
/**
 * What does not come to an end is given up after 30 s, once among others and once by itself. Webhooks are received
 * meanwhile, and after a restart it would come first again.
 */
const STUCK_CONVERTING = 75_000;
/** A store that takes longer to answer is of no use to a sender that waits. */
const PATIENCE = 5_000;

/** The checks behind `/readyz`: the store takes writes, and each loop moves. */
export function createReadiness(
  work: Pick<WorkApi, 'ping' | 'idleTimes'>,
  now: () => number,
): () => Promise<Checks> {
  return async () => {
    const checking = checkStore(work, now);
    const [store, loops] = await Promise.all([checking, checkLoops(work, checking)]);
    return { store, ...loops };
  };
}

async function checkStore(work: Pick<WorkApi, 'ping'>, now: () => number): Promise<Check> {
  try {
    await withPatience(PATIENCE, work.ping(now()));
    return { ok: true, message: 'takes writes' };
  } catch (error) {
    return { ok: false, message: messageOf(error) };
  }
}

async function checkLoops(work: Pick<WorkApi, 'idleTimes'>, store: Promise<Check>): Promise<Checks> {
  try {
    const [idle, { ok }] = await Promise.all([withPatience(PATIENCE, work.idleTimes()), store]);
    const remedy = ok ? 'restart the service' : 'it waits for the store';
    return Object.fromEntries(
      Object.entries(idle).map(([name, time]): [string, Check] => [
        name,
        time < (name === 'convert' ? STUCK_CONVERTING : STUCK)
          ? { ok: true, message: 'moves' }
          : { ok: false, message: `has not moved for ${Math.round(time / 1_000)} s: ${remedy}` },
      ]),
    );
  } catch (error) {
    return { work: { ok: false, message: messageOf(error) } };
  }
}
