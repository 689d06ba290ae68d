#!/usr/bin/env node
import { basename, relative } from 'node:path';

/** The entry: the one place that knows the process. */

// Without a listener SIGHUP ends the process, and supervisors take that for an end that was wanted. A service may be asked
// to reload as soon as it is started: while its parts are loaded, which is why they come after this.
let isReloadAsked = false;
const noteReload = (): void => {
  isReloadAsked = true;
};
if (process.argv[2] === 'serve') process.on('SIGHUP', noteReload);
const { runCli } = await import('./cli/run.js');
const { startConvertThread } = await import('./thread/start-convert-thread.js');

let stop: Promise<void> | null = null;
let requestStop: (() => void) | null = null;

function stopRequested(): Promise<void> {
  stop ??= new Promise((resolve) => {
    requestStop = resolve;
    let asked = false;
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        // Asked twice: whoever waits has no patience left.
        if (asked) process.exit(1);
        asked = true;
        resolve();
      });
    }
  });
  return stop;
}

// Whoever reads our output may end early, as `| head` does. That is no failure; but a command that has to clean up, or to
// say how to go on, is asked to stop, and says by its status whether it was done.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') {
      // Where it is `stderr` that cannot be written, so be it.
      if (stream === process.stdout)
        process.stderr.write(`error: the output cannot be written: ${error.message}\n`);
      process.exit(1);
    }
    if (requestStop === null) process.exit(0);
    requestStop();
  });
}

/** Installed it has a name of its own; in a checkout it is a file for node. */
function programName(): string {
  const [, script = ''] = process.argv;
  return basename(script) === 'main.js' ? `node ${relative(process.cwd(), script)}` : 'webhook-shim';
}

process.exitCode = await runCli(process.argv.slice(2), {
  program: programName(),
  stdout: process.stdout,
  stderr: process.stderr,
  stdin: process.stdin,
  env: process.env,
  cwd: process.cwd(),
  colors: process.stdout.isTTY && !process.env.NO_COLOR,
  now: Date.now,
  stopRequested,
  onReload: (request) => {
    process.on('SIGHUP', request);
    process.off('SIGHUP', noteReload);
    if (isReloadAsked) request();
    return () => {
      // What is still being drained goes on.
      process.on('SIGHUP', noteReload);
      process.off('SIGHUP', request);
    };
  },
  // Whoever waits for a command waits for this thread alone.
  startConvertThread: () => startConvertThread(undefined, false),
});
