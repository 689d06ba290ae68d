import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Command, Option } from 'commander';
import { messageOf, ShimError } from '../errors.js';
import type { Format } from '../model.js';
import { createInspector, type Inspection } from './inspect.js';
import { type ExitStatus, type Io, type Run, writeLine } from './io.js';
import { wholeNumber, withConfig, withExamples } from './options.js';
import { SECRET_CONFIG_HELP, SECRET_HELP, type SecretOptions, secretOf } from './secret.js';
import { fields } from './table.js';
import { isoSeconds } from './text.js';

interface ListenOptions extends SecretOptions {
  readonly port: number;
  readonly format?: Format;
  readonly status?: number;
}

const HOST = '127.0.0.1';
const LARGEST_BODY = 64 * 1024 * 1024;

export function addListen(program: Command, run: Run): void {
  const command = program
    .command('listen')
    .description('a handler on this machine that verifies and prints what arrives, at any path')
    .option('--port <port>', 'the port, 0 for any free one', wholeNumber(0, 65_535), 5_000)
    .option(
      '--secret <secret>',
      `${SECRET_HELP}; one that starts with whsec_ checks webhook-signature instead`,
    )
    .addOption(
      new Option('--format <format>', 'refuse the other format (default: take both)').choices([
        'new',
        'legacy',
      ]),
    )
    .option(
      '--status <status>',
      'answer this instead of 200, to see what the sender does',
      wholeNumber(200, 599),
    )
    .action((options: ListenOptions) => run((io) => listen(options, io)));
  withExamples(
    withConfig(command, SECRET_CONFIG_HELP),
    'EXTRACTA_WEBHOOK_SECRET=E_AI_K_… webhook-shim listen',
    'webhook-shim listen --port 5001 --status 500',
  );
}

async function listen(options: ListenOptions, io: Io): Promise<ExitStatus> {
  const inspect = createInspector({
    secret: secretOf(options, io),
    format: options.format ?? null,
  });
  const stop = io.stopRequested();
  const server = createServer((request, response) => {
    handle(request, response, inspect, options, io).catch((error: unknown) => {
      writeLine(io.stderr, `a request broke off: ${messageOf(error)}`);
      response.destroy();
    });
  });
  const port = await open(server, options.port);
  writeLine(io.stdout, `Listening on http://${HOST}:${port}/ (any path). Ctrl-C stops it.`);
  await stop;
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
  return 0;
}

async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  inspect: (headers: IncomingMessage['headers'], body: string) => Inspection,
  options: ListenOptions,
  io: Io,
): Promise<void> {
  const answer = (status: number, message: string): void => {
    response.writeHead(status, { 'content-type': 'application/json', connection: 'close' });
    response.end(JSON.stringify({ message }));
  };
  if (request.method !== 'POST') {
    answer(405, 'Webhooks come with POST');
    return;
  }
  const body = await readBody(request);
  if (body === null) {
    answer(413, 'Body is too large');
    return;
  }
  const seen = inspect(request.headers, body);
  const status = seen.status === 200 ? (options.status ?? 200) : seen.status;
  io.stdout.write(
    `\n${fields([
      ['received', `${isoSeconds(io.now())} ${request.method} ${request.url}`],
      ...seen.fields,
      ['answered', status],
    ])}`,
  );
  answer(status, seen.message);
}

async function readBody(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).length;
    // Read to its end all the same: the sender takes no answer before.
    if (size <= LARGEST_BODY) chunks.push(chunk as Buffer);
  }
  return size > LARGEST_BODY ? null : Buffer.concat(chunks).toString('utf8');
}

/** @returns the port that was taken */
function open(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const message =
        cause.code === 'EADDRINUSE'
          ? `port ${port} on ${HOST} is in use: choose another one with --port`
          : `cannot listen on ${HOST}:${port}: ${cause.message}`;
      reject(
        new ShimError(cause.code === 'EADDRINUSE' ? 'port_in_use' : 'port_unusable', message, { cause }),
      );
    });
    server.listen(port, HOST, () => resolve((server.address() as AddressInfo).port));
  });
}
