// What the senders were promised and what the handlers got, and whether the one follows from the other.
import { randomInt } from 'node:crypto';
import { createServer } from 'node:http';
import { sign } from './signature.mjs';

/** Each webhook is one file of a batch, numbered in the order in which they were answered 200. */
const nameOf = ({ batchId, fileId }) => `${batchId}/${fileId}`;

export function createLedger() {
  const answered = new Set();
  /** Of each batch the files in order: the next was sent only once the one before had been answered 200. */
  const batches = new Map();
  /** By destination, then by file: the webhook-ids, how often it came, and when it was first taken. */
  const arrived = { plain: new Map(), ordered: new Map() };
  let clock = 0;
  let badSignatures = 0;
  let failedOnPurpose = 0;

  const handle = (destination) => async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const { result } = JSON.parse(Buffer.concat(chunks).toString('utf8'));
    if (request.headers['x-webhook-signature'] !== sign(JSON.stringify(result))) badSignatures++;
    // Some answers are slow, so that kills find deliveries under way, and some fail.
    await new Promise((resolve) => setTimeout(resolve, randomInt(30)));
    if (randomInt(20) === 0) {
      failedOnPurpose++;
      response.statusCode = 500;
      return response.end();
    }
    for (const file of result) {
      const seen = arrived[destination].get(nameOf(file)) ?? { ids: new Set(), times: 0, first: ++clock };
      seen.ids.add(request.headers['webhook-id']);
      seen.times++;
      arrived[destination].set(nameOf(file), seen);
    }
    response.end();
  };

  const missing = (destination) => [...answered].filter((name) => !arrived[destination].has(name));
  const all = () => Object.values(arrived).flatMap((files) => [...files.values()]);
  /** Pairs of one batch of which the later one was taken first. */
  const outOfOrder = (destination) => {
    const firstOf = (name) => arrived[destination].get(name)?.first ?? Number.POSITIVE_INFINITY;
    const late = (names) =>
      names.filter((name, index) => index > 0 && firstOf(name) < firstOf(names[index - 1]));
    return [...batches.values()].flatMap(late);
  };

  return {
    /** A handler at a free port. */
    listen: async (destination) => {
      const server = createServer(handle(destination));
      await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
      const close = () => {
        server.close();
        server.closeAllConnections();
      };
      return { url: `http://127.0.0.1:${server.address().port}/`, close };
    },
    /** A webhook was answered 200. */
    promised: (file) => {
      answered.add(nameOf(file));
      batches.set(file.batchId, [...(batches.get(file.batchId) ?? []), nameOf(file)]);
    },
    missing,
    summary: () =>
      `${answered.size} answered 200, ${arrived.plain.size} delivered, ${arrived.ordered.size} in order`,
    report: () => ({
      answered: answered.size,
      batchesOfSeveral: [...batches.values()].filter((names) => names.length > 1).length,
      delivered: { plain: arrived.plain.size, ordered: arrived.ordered.size },
      missing: { plain: missing('plain').length, ordered: missing('ordered').length },
      repeated: all().filter(({ times }) => times > 1).length,
      repeatedWithAnotherId: all().filter(({ ids }) => ids.size !== 1).length,
      outOfOrder: outOfOrder('ordered').length,
      badSignatures,
      failedOnPurpose,
    }),
    isClean: () =>
      missing('plain').length === 0 &&
      missing('ordered').length === 0 &&
      outOfOrder('ordered').length === 0 &&
      badSignatures === 0 &&
      all().every(({ ids }) => ids.size === 1),
  };
}
