import { UsageError } from '../../errors.js';

/** What the driver understands of TLS, and with which values; null: the name of a file. */
const UNDERSTOOD: ReadonlyMap<string, readonly string[] | null> = new Map([
  ['sslmode', ['disable', 'no-verify', 'prefer', 'require', 'verify-ca', 'verify-full']],
  ['ssl', ['true', '1', '0', 'no-verify']],
  ['sslnegotiation', ['postgres', 'direct']],
  ['uselibpqcompat', ['true', 'false']],
  ['sslrootcert', null],
  ['sslcert', null],
  ['sslkey', null],
]);

/**
 * A `store.url` that means what it says of TLS. The driver passes over what it does not understand, so that a connection
 * would be open, or not verified, which whoever wrote the URL takes for safe. `prefer`, `require` and `verify-ca` are
 * `verify-full` to pg 8, which warns that they will be less to pg 9: here they stay what they are.
 * https://github.com/brianc/node-postgres/tree/master/packages/pg-connection-string#tcp-connections
 *
 * @throws UsageError
 */
export function checkedUrl(url: string): string {
  const parameters = new URLSearchParams(/\?([^#]*)/.exec(url)?.[1] ?? '');
  for (const name of new Set(parameters.keys())) checkParameter(name, parameters.getAll(name));
  if (parameters.has('sslcert') !== parameters.has('sslkey')) {
    throw fault('names one of "sslcert" and "sslkey": name both');
  }
  return parameters.get('uselibpqcompat') === 'true'
    ? url
    : url.replace(/([?&]sslmode=)(prefer|require|verify-ca)(?=[&#]|$)/, '$1verify-full');
}

function checkParameter(name: string, values: readonly string[]): void {
  const allowed = UNDERSTOOD.get(name);
  if (allowed === undefined) {
    if (!/^(ssl|tls)/i.test(name)) return;
    throw fault(`has a parameter "${name}", which is none of ${[...UNDERSTOOD.keys()].join(', ')}`);
  }
  if (values.length > 1) throw fault(`has "${name}" twice`);
  if (allowed !== null && !allowed.includes(values[0] ?? '')) {
    throw fault(`has another "${name}" than ${allowed.join(', ')}`);
  }
}

const fault = (what: string): UsageError => new UsageError('config_invalid', `store.url ${what}`);
