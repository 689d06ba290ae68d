import { type Command, Option } from 'commander';
import { RequestError, UsageError } from '../errors.js';
import { formatOf, readRequestBody } from '../formats/request-body.js';
import type { Format } from '../model.js';
import { readText } from './body-source.js';
import { type ExitStatus, type Io, type Run, writeLine } from './io.js';
import { wholeNumber, withConfig, withExamples } from './options.js';
import { type Answer, createPoster } from './post.js';
import { isBareResult, wrap } from './request-body.js';
import { sampleBody } from './sample.js';
import { SECRET_CONFIG_HELP, SECRET_HELP, type SecretOptions, secretOf } from './secret.js';
import { count } from './text.js';

interface SendOptions extends SecretOptions {
  readonly format?: Format;
  readonly data?: string;
  readonly count: number;
}

const CONCURRENCY = 16;
/** Up to so many, each answer is printed. */
const FEW = 10;

export function addSend(program: Command, run: Run): void {
  const command = program
    .command('send')
    .description('sign and send a webhook as the vendor would; exit 1 unless every answer is 2xx')
    .argument('<url>', 'where to')
    .option('--secret <secret>', SECRET_HELP)
    .addOption(new Option('--format <format>', 'the format (default: legacy)').choices(['legacy', 'new']))
    .option('--data <file>', 'a request body, or only its result; - is standard input (default: a sample)')
    .option(
      '--count <n>',
      'how many; samples differ in their ids, data is repeated',
      wholeNumber(1, 10_000_000),
      1,
    )
    .action((url: string, options: SendOptions) => run((io) => send(url, options, io)));
  withExamples(
    withConfig(command, SECRET_CONFIG_HELP),
    'webhook-shim send http://127.0.0.1:4000/webhook --secret E_AI_K_…',
    'EXTRACTA_WEBHOOK_SECRET=E_AI_K_… webhook-shim send http://127.0.0.1:4000/webhook --count 1000',
    'webhook-shim send http://127.0.0.1:4000/webhook --config config/shim.yaml --data body.json',
  );
}

async function send(url: string, options: SendOptions, io: Io): Promise<ExitStatus> {
  checkUrl(url);
  const secret = secretOf(options, io);
  if (secret === null) {
    throw new UsageError(
      'usage',
      'there is no secret to sign with: set EXTRACTA_WEBHOOK_SECRET or give --secret',
    );
  }
  const data = options.data === undefined ? null : dataBody(await readText(options.data, io), options.format);
  const makeBody = data === null ? () => sampleBody(options.format ?? 'legacy') : () => data;

  const poster = await createPoster({ connections: CONCURRENCY, now: io.now });
  const started = io.now();
  try {
    const tally = createTally();
    await times(options.count, async (number) => {
      const answer = await poster.post(url, makeBody(), secret);
      tally.add(answer);
      if (options.count <= FEW) writeLine(io.stdout, `${number}  ${answerText(answer)}`);
    });
    if (options.count > FEW) io.stdout.write(tally.text(io.now() - started));
    return tally.failed() ? 1 : 0;
  } finally {
    await poster.close();
  }
}

function checkUrl(url: string): void {
  const protocol = URL.canParse(url) ? new URL(url).protocol : '';
  if (protocol === 'http:' || protocol === 'https:') return;
  throw new UsageError('usage', `${url} is no URL to send to: write it as http://127.0.0.1:4000/webhook`);
}

/** A file with a whole request body is sent as it is; one with files only is put into one. */
function dataBody(text: string, format?: Format): string {
  if (isBareResult(text)) return wrap(text, format ?? 'legacy');
  try {
    const found = formatOf(readRequestBody(text));
    if (format === undefined || found === format) return text;
    throw new UsageError('usage', `the data is a ${found} request body: leave out --format ${format}`);
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    throw new UsageError('usage', `the data is no request body: ${error.message}`, { cause: error });
  }
}

/** Calls `task` with 1 to `total`, a few at a time. */
async function times(total: number, task: (number: number) => Promise<void>): Promise<void> {
  let next = 1;
  const lane = async (): Promise<void> => {
    while (next <= total) await task(next++);
  };
  await Promise.all(Array.from({ length: Math.min(CONCURRENCY, total) }, lane));
}

const answerText = ({ status, message, duration }: Answer): string =>
  `${status ?? 'no answer'}  ${message}  (${duration} ms)`;

const isGood = ({ status }: Answer): boolean => status !== null && status >= 200 && status < 300;

/** Counts answers by their status, and keeps the first message of each. */
function createTally() {
  const kinds = new Map<string, { count: number; readonly message: string; readonly good: boolean }>();
  return {
    add: (answer: Answer): void => {
      const key = String(answer.status ?? 'no answer');
      const kind = kinds.get(key) ?? { count: 0, message: answer.message, good: isGood(answer) };
      kind.count++;
      kinds.set(key, kind);
    },
    failed: (): boolean => [...kinds.values()].some((kind) => !kind.good),
    text: (duration: number): string => {
      const total = [...kinds.values()].reduce((sum, kind) => sum + kind.count, 0);
      const rate = Math.round((total * 1_000) / Math.max(duration, 1));
      const lines = [...kinds].map(([status, kind]) => `  ${kind.count} × ${status}  ${kind.message}\n`);
      const seconds = (duration / 1_000).toFixed(1);
      return `${count(total, 'webhook')} sent in ${seconds} s (${rate} a second)\n${lines.join('')}`;
    },
  };
}
