import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { openStore } from '../store/open.js';
import { legacyHandler, newHandler, startListener } from './demo-listeners.js';
import {
  forged,
  handlerFails,
  mixedBatch,
  nothingElse,
  oneFile,
  quarantined,
  type Stage,
} from './demo-scenes.js';
import { createStory, type Story } from './demo-story.js';
import type { ExitStatus, Io, Run } from './io.js';
import { withConfig, withExamples } from './options.js';
import { createPoster } from './post.js';

export function addDemo(program: Command, run: Run): void {
  const command = program
    .command('demo')
    .description('see it work on this machine: no configuration, no account, no network')
    .action(() => run(demo));
  withExamples(withConfig(command, 'not used: the demo brings its own'), 'webhook-shim demo');
}

/** Releases are called last in, first out. */
type Releases = (() => Promise<unknown>)[];

async function demo(io: Io): Promise<ExitStatus> {
  const story = createStory(io);
  const started = io.now();
  const releases: Releases = [];
  const aborting = new AbortController();
  const stopped = io.stopRequested().then(() => aborting.abort());
  const playing = play(story, releases, aborting.signal, io);
  try {
    await Promise.race([playing, stopped]);
    // Asked to stop, it does so at its next step: what it has opened until then is known.
    await playing.catch((error: unknown) => {
      if (!aborting.signal.aborted) throw error;
    });
  } finally {
    for (const release of releases.reverse()) await release();
  }
  if (aborting.signal.aborted) return 1;
  tellEnd(story, io, io.now() - started);
  return story.failures() === 0 ? 0 : 1;
}

async function play(story: Story, releases: Releases, signal: AbortSignal, io: Io): Promise<void> {
  const secret = newSecret();
  const folder = await mkdtemp(join(tmpdir(), 'webhook-shim-demo-'));
  releases.push(() => rm(folder, { recursive: true, force: true }));
  const listener = await startListener('/webhook', legacyHandler(secret));
  releases.push(listener.close);
  const handler = await startListener('/hooks/extracta', newHandler(secret));
  releases.push(handler.close);

  const storeUrl = `sqlite:${join(folder, 'shim.db')}`;
  const { createShim } = await import('../embed.js');
  const shim = createShim(demoConfig(secret, storeUrl, handler.url), { cwd: folder });
  releases.push(shim.stop);
  const { publicUrl } = await shim.start();
  const store = await openStore(storeUrl, { mode: 'read' });
  releases.push(() => store.close());
  const poster = await createPoster({ connections: 4, now: io.now });
  releases.push(poster.close);

  const urls = { listener: listener.url, shim: `${publicUrl}/webhook` };
  story.say('This starts, on this machine and only for the moment:');
  story.step('today', `${urls.listener}  a listener for legacy webhooks, as the vendor documents it`);
  story.step('shim', `${urls.shim}  takes legacy webhooks, delivers new-format ones`);
  story.step('handler', `${handler.url}  a handler for the new format, as the vendor documents it`);

  const secrets = { guessed: newSecret(), right: secret };
  const stage: Stage = {
    story,
    listener,
    handler,
    store,
    signal,
    send: (to, body, kind) => poster.post(urls[to], body, secrets[kind ?? 'right']),
  };
  const scenes = [oneFile, mixedBatch, forged, quarantined, handlerFails, nothingElse];
  for (const scene of scenes) {
    signal.throwIfAborted();
    await scene(stage);
  }
}

const newSecret = (): string => `E_AI_K_${randomBytes(24).toString('base64url')}`;

/** As a user would write it: all else is as it is by default. */
const demoConfig = (secret: string, storeUrl: string, handlerUrl: string) => ({
  server: { host: '127.0.0.1', port: 0 },
  admin: { port: 0 },
  store: { url: storeUrl },
  log: { level: 'silent' },
  sources: [{ name: 'extracta', path: '/webhook', secrets: [secret] }],
  // Nobody wants to wait five seconds here for the second attempt.
  destinations: [{ name: 'handler', url: handlerUrl, retry: { schedule: ['0', '300ms', '1s'], jitter: 0 } }],
});

function tellEnd(story: Story, io: Io, duration: number): void {
  const failures = story.failures();
  story.say();
  if (failures > 0) {
    story.say(`${failures} of the checks above did not go as they should.`);
    return;
  }
  story.say(
    `All of it went as it should, in ${(duration / 1_000).toFixed(1)} s. Now with your own, in a file .env here:`,
  );
  story.say();
  story.say("  EXTRACTA_WEBHOOK_SECRET=E_AI_K_…                     # from the vendor's dashboard");
  story.say('  HANDLER_URL=http://127.0.0.1:5000/hooks/extracta     # your new-format handler');
  story.say();
  story.say('then:');
  story.say();
  story.say(`  ${io.program} check`);
  story.say(`  ${io.program} serve`);
  story.say();
  story.say('and in other terminals, while you have neither handler nor traffic:');
  story.say();
  story.say(`  ${io.program} listen`);
  story.say(`  ${io.program} send http://127.0.0.1:4000/webhook`);
}
