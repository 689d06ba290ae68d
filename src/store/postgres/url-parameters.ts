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

/** What of libpq the driver passes over, although it says where the database or the password is. */
const PASSED_OVER = ['service', 'servicefile', 'passfile', 'hostaddr'] as const;

/**
 * `/`, `?` or `#` ends the part with the host. Where a password was cut by one, an `@` and the host come after it: behind
 * a part with `:` and no `@`, which is the user's; before another `/`; or outside of a parameter's value.
 */
const CUT_PASSWORD =
  /^\w+:\/\/([^/?#@:]*:[^/?#@]*\/[^?#]*@|[^/?#]*\/[^?#]*@[^?#]*\/|[^?#]*\?([^#]*&)?(?!\w+=)[^&#]*@|[^#]*#.*@)/s;
/** Behind user and password. */
const HOST = /^\w+:\/\/(?:[^/?#]*@)?(?<host>[^/?#@]*)(?![^/?#@]*@)/;

/** How a password is written that a URL would not hold as it is. */
export const ODD_PASSWORDS =
  'in a password write %2F for /, %3F for ?, %23 for #, %25 for %, %40 for @, or leave it out and set PGPASSWORD';

/**
 * A `store.url` that means what it says: of its password, since what is cut off would be taken for host and database, and
 * told in errors; of where the database is; and of TLS. The driver passes over what it does not understand, so that
 * a connection would be open, not verified, or to another server than whoever wrote the URL takes it for. `prefer`,
 * `require` and `verify-ca` are `verify-full` to pg 8, which warns that they will be less to pg 9: here they stay what
 * they are.
 * https://github.com/brianc/node-postgres/tree/master/packages/pg-connection-string#tcp-connections
 *
 * @throws UsageError
 */
export function checkedUrl(url: string): string {
  if (CUT_PASSWORD.test(url)) throw fault(`is cut off by a character of its password: ${ODD_PASSWORDS}`);
  const parameters = new URLSearchParams(/\?([^#]*)/.exec(url)?.[1] ?? '');
  if ([HOST.exec(url)?.groups?.host, ...parameters.getAll('host')].some((host) => host?.includes(','))) {
    throw fault(
      'names several hosts: name one, such as an address that moves to the server that takes writes',
    );
  }
  for (const name of new Set(parameters.keys())) checkParameter(name, parameters.getAll(name));
  if (parameters.has('sslcert') !== parameters.has('sslkey')) {
    throw fault('names one of "sslcert" and "sslkey": name both');
  }
  return parameters.get('uselibpqcompat') === 'true'
    ? url
    : url.replace(/([?&]sslmode=)(prefer|require|verify-ca)(?=[&#]|$)/, '$1verify-full');
}

function checkParameter(name: string, values: readonly string[]): void {
  if (PASSED_OVER.some((each) => each === name)) {
    throw fault(
      `has "${name}", which is not understood: write host, port, user and database into it, and set PGPASSWORD`,
    );
  }
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
