import type { IncomingHttpHeaders } from 'node:http';
import { Webhook } from 'standardwebhooks';
import { messageOf, RequestError, UsageError } from '../errors.js';
import { authenticate, formatOf, type RequestBody, readRequestBody } from '../formats/request-body.js';
import { signingKey } from '../formats/signature.js';
import type { Format } from '../model.js';

/** What a handler makes of one webhook. */
export interface Inspection {
  /** What it answers, unless told otherwise. */
  readonly status: number;
  readonly message: string;
  /** What to print of it, in order. */
  readonly fields: readonly (readonly [string, string | number | null])[];
}

export type Inspector = (headers: IncomingHttpHeaders, body: string) => Inspection;

/** Each says `ok`, or why not, or throws a `RequestError`. */
type Check = (headers: IncomingHttpHeaders, body: string) => readonly [name: string, verdict: string];

const RECEIVED = 'Webhook received';
const UNSIGNED = 'Webhook is not properly signed';
const FILES_SHOWN = 20;

/**
 * @param options.secret the vendor's, or a `whsec_` one for the Standard Webhooks headers; null checks nothing
 * @param options.format refuses the other one; null takes both
 * @throws {UsageError} where a `whsec_` secret is no base64
 */
export function createInspector(options: {
  readonly secret: string | null;
  readonly format: Format | null;
}): Inspector {
  const check = createCheck(options.secret);
  return (headers, text) => {
    const fields: [string, string | number | null][] = [];
    try {
      const body = readRequestBody(text);
      const format = formatOf(body);
      fields.push(
        ['event', typeof body.event === 'string' ? body.event : '(none: legacy)'],
        ['format', format],
        ['webhook-id', header(headers, 'webhook-id')],
        ['attempt', header(headers, 'x-shim-attempt')],
        ...filesOf(body).map((file): [string, string] => ['file', file]),
      );
      const [name, verdict] = check(headers, text);
      fields.push([name, verdict]);
      const good = verdict === 'ok' || verdict.startsWith('not checked');
      if (!good) return { status: 401, message: UNSIGNED, fields };
      if (options.format !== null && options.format !== format) {
        const message = `Expected a ${options.format} webhook, got a ${format} one`;
        return { status: 400, message, fields: [...fields, ['refused', message]] };
      }
      return { status: 200, message: RECEIVED, fields };
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      return {
        status: error.status,
        message: error.message,
        fields: [...fields, ['refused', error.message]],
      };
    }
  };
}

function createCheck(secret: string | null): Check {
  if (secret === null) return () => ['signature', 'not checked (no secret)'];
  if (secret.startsWith('whsec_')) return standardCheck(secret);
  const keys = [signingKey(secret)];
  return (headers, body) => {
    const signature = header(headers, 'x-webhook-signature');
    if (signature === null) return ['signature', 'BAD: there is no x-webhook-signature'];
    try {
      authenticate(body, signature, keys);
      return ['signature', 'ok'];
    } catch (error) {
      if (error instanceof RequestError && error.status === 401) {
        return ['signature', 'BAD: x-webhook-signature was not made with this secret'];
      }
      throw error;
    }
  };
}

function standardCheck(secret: string): Check {
  let webhook: Webhook;
  try {
    webhook = new Webhook(secret);
  } catch (cause) {
    throw new UsageError('usage', 'the whsec_ secret is not base64: copy it once more, all of it', { cause });
  }
  return (headers, body) => {
    try {
      const names = ['webhook-id', 'webhook-timestamp', 'webhook-signature'];
      const signed = Object.fromEntries(names.map((name) => [name, header(headers, name) ?? '']));
      webhook.verify(body, signed, { jsonParse: false });
      return ['webhook-signature', 'ok'];
    } catch (error) {
      return ['webhook-signature', `BAD: ${messageOf(error)}`];
    }
  };
}

export function header(headers: IncomingHttpHeaders, name: string): string | null {
  const value = headers[name];
  return typeof value === 'string' ? value : null;
}

/** A line for each file, as far as the result has any. */
function filesOf({ result }: RequestBody): readonly string[] {
  const files = filesIn(typeof result === 'string' ? parse(result) : result);
  const lines = files.slice(0, FILES_SHOWN).map(describe);
  return files.length > FILES_SHOWN ? [...lines, `… and ${files.length - FILES_SHOWN} more`] : lines;
}

function filesIn(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  if (typeof value !== 'object' || value === null) return [];
  return 'files' in value && Array.isArray(value.files) ? value.files : [value];
}

function describe(file: unknown): string {
  if (typeof file !== 'object' || file === null) return '(not an object)';
  const members = new Map(Object.entries(file));
  const parts = ['fileId', 'fileName', 'status'].map((key) => members.get(key));
  return parts.filter((part) => typeof part === 'string').join(' ') || '(no fileId, fileName or status)';
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
