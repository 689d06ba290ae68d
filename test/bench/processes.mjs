// Starts what a benchmark measures, and ends it again.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const SECRET = 'E_AI_K_YmVuY2htYXJrLXNlY3JldA';
const KEY = SECRET.replace('E_AI_K_', '');
const here = (name) => fileURLToPath(new URL(name, import.meta.url));

/** A port of loopback that nobody uses now. */
export const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

/** Starts a node program; resolves with its first line of JSON that has a `url`. */
export async function start(file, { args = [], env = {}, quiet = false } = {}) {
  const child = spawn(
    process.execPath,
    [...(process.env.NODE_ARGS ?? '').split(' ').filter(Boolean), file, ...args],
    {
      env: { ...process.env, EXTRACTA_WEBHOOK_SECRET: SECRET, ...env },
      stdio: ['ignore', 'pipe', quiet ? 'ignore' : 'inherit'],
    },
  );
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const lines = createInterface({ input: child.stdout });
  const url = await new Promise((resolve, reject) => {
    lines.on('line', (line) => {
      const message = JSON.parse(line);
      if (message.url !== undefined) resolve(message.url);
      if (quiet) return;
      if (message.level === 'error' || message.level === 'fatal') process.stderr.write(`${line}\n`);
    });
    exited.then((code) => reject(new Error(`${file} ended with ${code}`)));
  });
  return {
    url,
    pid: child.pid,
    child,
    exited,
    stop: async (signal = 'SIGTERM') => {
      child.kill(signal);
      return exited;
    },
  };
}

export const startListener = () => start(here('documented-listener.mjs'));
/** @param delay milliseconds until it answers */
export const startHandler = (delay = 0) =>
  start(here('counting-handler.mjs'), { env: { DELAY: String(delay) } });

/**
 * The built shim with a store of its own, unless it is told another; the folder goes with it.
 *
 * @param options.quiet leaves out what it says of troubles that were made on purpose
 */
export async function startShim({
  destinations = [],
  folder = mkdtempSync(join(tmpdir(), 'shim-bench-')),
  port = 0,
  storeUrl = `sqlite:${join(folder, 'shim.db')}`,
  quiet = false,
} = {}) {
  const config = {
    server: { host: '127.0.0.1', port },
    admin: { host: '127.0.0.1', port: 0 },
    store: { url: storeUrl },
    sources: [{ name: 'extracta', path: '/webhook', secrets: [SECRET] }],
    destinations,
  };
  const file = join(folder, 'shim.json');
  writeFileSync(file, JSON.stringify(config));
  const shim = await start(here('../../dist/main.js'), { args: ['serve', '--config', file], quiet });
  const stop = async (signal) => {
    const code = await shim.stop(signal);
    rmSync(folder, { recursive: true, force: true });
    return code;
  };
  return { ...shim, folder, stop };
}

let runs = 0;

/** Loads a URL with signed legacy webhooks; resolves with wrk's figures, times in milliseconds. */
export async function load(url, { seconds = 10, connections = 64, size = 4096, threads = 1 } = {}) {
  const args = [`-t${threads}`, `-c${connections}`, `-d${seconds}s`, '--latency', '-s', here('signed.lua')];
  const run = `${process.pid}-${++runs}`;
  const child = spawn('wrk', [...args, `${url}/webhook`, '--', KEY, String(size), run]);
  let out = '';
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    out += chunk;
  });
  await new Promise((resolve, reject) => {
    child.once('error', () => reject(new Error('wrk is needed: apt-get install wrk')));
    child.once('exit', resolve);
  });
  const found = /^RESULT (.*)$/m.exec(out);
  if (found === null) throw new Error(`wrk failed:\n${out}`);
  return JSON.parse(found[1]);
}

export const countOf = async (handler) => (await (await fetch(handler.url)).json()).count;

export async function until(condition, seconds = 120) {
  const end = Date.now() + seconds * 1_000;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`not so within ${seconds} s`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

/** Seconds of CPU, user and system, that a process has used with all its threads. */
export function cpuOf(pid) {
  // After the name, which is in brackets and may hold spaces: state is field 3, utime 14 and stime 15, in hundredths.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Resident bytes of a process, and the most it ever had. */
export function memoryOf(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const field = (name) => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)[1]) * 1_024;
  return { resident: field('VmRSS'), peak: field('VmHWM') };
}
