// Senders that spread batches over several instances, and tell the ledger what was answered 200.
import { randomInt, randomUUID } from 'node:crypto';
import { Pool } from 'undici';
import { sign } from './signature.mjs';

const MOST_FILES = 5;
const MOST_TRIES = 20;
/** Between two webhooks of a sender, at the most: enough to keep all busy, little enough that all of it is worked off. */
const PAUSE = 60;
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Sends until stopped. */
export function startSenders({ count, ports, ledger }) {
  const pools = ports.map((port) => new Pool(`http://127.0.0.1:${port}`, { connections: count }));
  let running = true;

  /** @returns whether it was answered 200 */
  const send = async (file) => {
    const result = JSON.stringify([{ ...file, extractionId: 'e', status: 'processed' }]);
    try {
      const answer = await pools[randomInt(pools.length)].request({
        path: '/webhook',
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-webhook-signature': sign(result) },
        body: JSON.stringify({ result }),
        headersTimeout: 15_000,
      });
      await answer.body.dump();
      return answer.statusCode === 200;
    } catch {
      // Killed in the middle: not answered, so nothing was promised.
      return false;
    }
  };

  /** The files of one batch, each only after the one before was answered 200; what was not is sent again, elsewhere. */
  const sendBatch = async () => {
    const batchId = randomUUID();
    const files = 1 + randomInt(MOST_FILES);
    for (let number = 0; number < files; number++) {
      const file = { batchId, fileId: `f${number}`, result: { note: 'x'.repeat(randomInt(4_000)) } };
      let taken = false;
      for (let tries = 1; !taken && tries <= MOST_TRIES && running; tries++) {
        taken = await send(file);
        if (!taken) await pause(randomInt(200));
      }
      if (!taken) return;
      ledger.promised(file);
      await pause(randomInt(PAUSE));
    }
  };

  const sender = async () => {
    while (running) await sendBatch();
  };
  const senders = Array.from({ length: count }, sender);
  return {
    stop: async () => {
      running = false;
      await Promise.all(senders);
      await Promise.all(pools.map((pool) => pool.destroy()));
    },
  };
}
