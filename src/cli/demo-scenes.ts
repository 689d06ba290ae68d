import { setTimeout as wait } from 'node:timers/promises';
import type { Store } from '../store/store.js';
import type { Arrival, Listener } from './demo-listeners.js';
import type { Story } from './demo-story.js';
import type { Answer } from './post.js';
import { failedFile, legacyBody, sampleFile } from './sample.js';
import { count } from './text.js';

/** Where the scenes play. */
export interface Stage {
  readonly story: Story;
  /** Takes legacy webhooks straight from the vendor, as handlers do today. */
  readonly listener: Listener;
  /** Takes what the shim delivers. */
  readonly handler: Listener;
  readonly store: Pick<Store, 'listEvents' | 'listDeliveries' | 'getDelivery' | 'listQuarantine'>;
  /** Signs and sends a body: with the right secret, or as someone who only guesses it. */
  readonly send: (to: 'listener' | 'shim', body: string, secret?: 'guessed') => Promise<Answer>;
  /** Ends what waits. */
  readonly signal: AbortSignal;
}

const PATIENCE = 4_000;
const POLL = 15;

/** Waits for what is bound to happen soon. @returns undefined where it did not. @throws AbortError */
async function until<T>(
  { signal }: Stage,
  look: () => Promise<T | undefined> | T | undefined,
): Promise<T | undefined> {
  const end = performance.now() + PATIENCE;
  for (;;) {
    const found = await look();
    if (found !== undefined || performance.now() > end) return found;
    await wait(POLL, undefined, { signal });
  }
}

/** Every webhook that the shim delivers beyond those seen so far, once there are so many. */
async function arrivalsAfter(stage: Stage, seen: number, wanted: number): Promise<readonly Arrival[]> {
  const { arrivals } = stage.handler;
  await until(stage, () => (arrivals.length >= seen + wanted ? true : undefined));
  return arrivals.slice(seen);
}

const answerText = ({ status, message }: Answer): string => `answered ${status ?? 'nothing:'} ${message}`;

function tellArrival({ story }: Stage, arrival: Arrival): void {
  const signature = arrival.verified ? 'signature verified' : 'signature WRONG';
  const files = count(arrival.files, 'file');
  story.step('handler', `received ${arrival.event}, ${files}, ${signature}, webhook-id ${arrival.webhookId}`);
  story.excerpt(arrival.body);
}

/** What today's listener makes of a webhook, and what the shim answers to the same one. */
async function sendToBoth(
  stage: Stage,
  body: string,
  secret?: 'guessed',
): Promise<readonly [Answer, Answer]> {
  const today = await stage.send('listener', body, secret);
  stage.story.step('today', `the old-format listener, sent it directly, ${answerText(today)}`);
  const answer = await stage.send('shim', body, secret);
  stage.story.step('shim', answerText(answer));
  return [today, answer];
}

export async function oneFile(stage: Stage): Promise<void> {
  const { story, handler } = stage;
  story.title('A file was processed');
  const body = legacyBody([sampleFile()]);
  story.step('vendor', 'sends a legacy webhook: the result is a string, signed');
  story.excerpt(body);
  const seen = handler.arrivals.length;
  const answers = await sendToBoth(stage, body);
  const arrivals = await arrivalsAfter(stage, seen, 1);
  for (const arrival of arrivals) tellArrival(stage, arrival);
  const [arrival] = arrivals;
  story.expect(
    answers.every(({ status }) => status === 200) &&
      arrivals.length === 1 &&
      arrival?.event === 'extraction.processed' &&
      arrival.verified,
    'the new-format handler got one extraction.processed, and its documented check accepts the signature',
  );
}

export async function mixedBatch(stage: Stage): Promise<void> {
  const { story, handler } = stage;
  story.title('A batch of three in which one file failed');
  const batchId = 'bat_demo';
  const files = [
    sampleFile({ batchId, fileName: 'invoice-1.pdf' }),
    failedFile({ batchId, fileName: 'scan-2.tiff' }),
    sampleFile({ batchId, fileName: 'invoice-3.pdf' }),
  ];
  story.step(
    'vendor',
    'sends one legacy webhook: invoice-1.pdf processed, scan-2.tiff failed, invoice-3.pdf processed',
  );
  const seen = handler.arrivals.length;
  await sendToBoth(stage, legacyBody(files));
  const arrivals = await arrivalsAfter(stage, seen, 2);
  for (const arrival of arrivals) tellArrival(stage, arrival);
  const got = (event: string, files: number): boolean =>
    arrivals.some((arrival) => arrival.event === event && arrival.files === files && arrival.verified);
  story.expect(
    arrivals.length === 2 && got('extraction.processed', 2) && got('extraction.failed', 1),
    'one webhook became two events: extraction.processed with two files, extraction.failed with one',
  );
}

export async function forged(stage: Stage): Promise<void> {
  const { story } = stage;
  story.title('Somebody else sends a webhook, signed with a guessed secret');
  const [today, answer] = await sendToBoth(stage, legacyBody([sampleFile()]), 'guessed');
  story.expect(
    today.status === 401 && answer.status === 401,
    'refused and counted; nothing of its content is kept',
  );
}

export async function quarantined(stage: Stage): Promise<void> {
  const { story, store } = stage;
  story.title('A file has a status that nobody knows');
  story.step('vendor', 'sends an authentic legacy webhook with the status "archived"');
  const [, answer] = await sendToBoth(stage, legacyBody([sampleFile({ status: 'archived' })]));
  const row = await until(stage, async () => (await store.listQuarantine({ limit: 1 }))[0]);
  story.step(
    'shim',
    row === undefined ? 'has nothing in quarantine' : `keeps it in quarantine: ${row.reason}`,
  );
  for (const error of row?.errors ?? []) story.step('', error);
  story.expect(
    answer.status === 200 && row?.reason === 'unknown_status',
    'answered 200, since the vendor does not send again, and kept: "quarantine retry" delivers it after a fix',
  );
}

export async function handlerFails(stage: Stage): Promise<void> {
  const { story, handler, store } = stage;
  story.title('The handler fails at first');
  const seen = handler.arrivals.length;
  handler.failOnce();
  const answer = await stage.send('shim', legacyBody([sampleFile({ fileName: 'invoice-1043.pdf' })]));
  story.step('shim', `${answerText(answer)}: it is on disk, whatever the handler does`);
  const arrivals = await arrivalsAfter(stage, seen, 2);
  for (const { attempt, answered, webhookId } of arrivals) {
    story.step('handler', `attempt ${attempt}: answers ${answered}, webhook-id ${webhookId}`);
  }
  const delivered = await until(stage, async () => {
    const [row] = await store.listDeliveries({ limit: 1 });
    return row?.status === 'delivered' ? row : undefined;
  });
  story.step(
    'shim',
    `the delivery is ${delivered?.status ?? 'not done'} after ${count(delivered?.attempts ?? 0, 'attempt')}`,
  );
  const [first, second] = arrivals;
  story.expect(
    arrivals.length === 2 &&
      first?.answered === 500 &&
      second?.answered === 200 &&
      first.webhookId === second.webhookId &&
      delivered?.attempts === 2,
    'tried again until it was taken, with the same webhook-id, so that a handler can drop what it has seen',
  );
}

/** What must be true of all scenes together: nothing came that was not told. */
export async function nothingElse({ story, handler, store }: Stage): Promise<void> {
  const events = await store.listEvents({ limit: 10 });
  story.title('In all');
  story.expect(
    events.length === 4 &&
      handler.arrivals.length === 5 &&
      handler.arrivals.every(({ verified }) => verified),
    'four events from three webhooks, five requests to the handler, each one signed right; nothing of the forged one',
  );
}
