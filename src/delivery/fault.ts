interface Place {
  readonly host: string;
  readonly port: string;
}

/** Before there is a connection: with a proxy, those are of the way to that. */
const CONNECTING: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
  'EADDRNOTAVAIL',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_PRX_CONN',
]);
const OURS: ReadonlySet<string> = new Set([
  'UND_ERR_INVALID_ARG',
  'UND_ERR_NOT_SUPPORTED',
  'EMFILE',
  'ENFILE',
]);
const CLOSING: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);

const UNKNOWN_AUTHORITY = ({ host }: Place): string =>
  `the certificate of ${host} is not signed by an authority that is known here`;
const CLOSED = ({ host, port }: Place): string =>
  `${host}:${port} closed the connection before its answer was complete`;
const NO_ROUTE = ({ host, port }: Place): string => `there is no way to ${host}:${port} on the network`;
const NOT_TLS = ({ host, port }: Place): string =>
  `no TLS connection with ${host}:${port} (does it speak https?)`;
const TOO_MANY_FILES = (): string => 'too many open files and connections on this machine';

/** By error code of Node, OpenSSL and undici. */
const MEANING: Readonly<Record<string, (place: Place) => string>> = {
  ECONNREFUSED: ({ host, port }) => `nothing listens at ${host}:${port}`,
  ENOTFOUND: ({ host }) => `no host has the name ${host}`,
  EAI_AGAIN: ({ host }) => `the name ${host} could not be looked up (DNS)`,
  EHOSTUNREACH: NO_ROUTE,
  ENETUNREACH: NO_ROUTE,
  ETIMEDOUT: ({ host, port }) => `${host}:${port} does not answer`,
  EADDRNOTAVAIL: ({ host, port }) =>
    `this machine has no free port, or no address, for a connection to ${host}:${port}`,
  UND_ERR_CONNECT_TIMEOUT: ({ host, port }) => `no connection to ${host}:${port} in time`,
  ECONNRESET: CLOSED,
  EPIPE: CLOSED,
  UND_ERR_SOCKET: CLOSED,
  UND_ERR_PRX_CONN: CLOSED,
  EMFILE: TOO_MANY_FILES,
  ENFILE: TOO_MANY_FILES,
  UND_ERR_HEADERS_OVERFLOW: () => 'the headers of the answer are too large',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: () => 'the answer is not as long as its content-length says',
  CERT_HAS_EXPIRED: ({ host }) => `the certificate of ${host} has expired`,
  CERT_NOT_YET_VALID: ({ host }) => `the certificate of ${host} is not valid yet`,
  ERR_TLS_CERT_ALTNAME_INVALID: ({ host }) => `the certificate is not for the name ${host}`,
  DEPTH_ZERO_SELF_SIGNED_CERT: UNKNOWN_AUTHORITY,
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_AUTHORITY,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_AUTHORITY,
};

/**
 * By message, for undici has but one code for the end of a connection, whoever ended it: here it did so itself. A client
 * must take a 1xx that it did not ask for (RFC 9110, section 15.2), and undici takes each but 100, without an option for
 * it (nodejs/undici#197).
 */
const UNASKED: Readonly<Record<string, (place: Place) => string>> = {
  'bad response': ({ host, port }) =>
    `${host}:${port} sent 100 Continue, which was not asked for: the shim cannot take it`,
  'bad upgrade': ({ host, port }) => `${host}:${port} changed the protocol, which was not asked for`,
};

/**
 * The code and the meaning of what kept a request from being answered, for a person: no header, no path, no query, no
 * user of a proxy.
 *
 * @param proxy what it went through
 */
export function describeFault(error: unknown, url: URL, proxy: URL | null): string {
  const { code, message } = partsOf(error);
  const refused = proxy === null ? undefined : refusalOf(message, placeOf(proxy));
  if (refused !== undefined) return refused;
  const atProxy = proxy !== null && CONNECTING.has(code);
  const place = placeOf(atProxy ? proxy : url);
  const meaning = UNASKED[message]?.(place) ?? meaningOf(code, place) ?? message;
  return `${code === '' ? '' : `${code}: `}${atProxy ? 'the proxy: ' : ''}${meaning}`;
}

/** Whether the request could not be sent at all: it is malformed, or this machine lacks something for it. */
export function isOurs(error: unknown): boolean {
  const { code, message } = partsOf(error);
  return OURS.has(code) && !message.startsWith('Proxy ');
}

/** Whether the other side, or what is between, ended the connection. */
export function wasClosed(error: unknown): boolean {
  const { code, message } = partsOf(error);
  return CLOSING.has(code) && UNASKED[message] === undefined;
}

const placeOf = ({ hostname, port, protocol }: URL): Place => ({
  host: hostname,
  port: port || (protocol === 'https:' ? '443' : '80'),
});

/** undici tells by its message alone what a proxy answered. */
function refusalOf(message: string, { host, port }: Place): string | undefined {
  const [, status] = /^Proxy response \((\d{3})\)/.exec(message) ?? /^Proxy .*\((407)\)$/.exec(message) ?? [];
  if (status === undefined) return undefined;
  const remedy = status === '407' ? ': put its user and password into the URL of the proxy' : '';
  return `the proxy ${host}:${port} refused with ${status}${remedy}`;
}

const meaningOf = (code: string, place: Place): string | undefined =>
  MEANING[code]?.(place) ?? meaningOfFamily(code, place);

function meaningOfFamily(code: string, place: Place): string | undefined {
  // undici's parser asserts what it takes for granted of an answer, as that no status is below 100.
  if (code.startsWith('HPE_') || code === 'HTTPParserError' || code === 'ERR_ASSERTION')
    return `what ${place.host}:${place.port} answered is not HTTP`;
  if (code === 'EPROTO' || code.startsWith('ERR_SSL_') || code.startsWith('ERR_TLS_')) return NOT_TLS(place);
  return undefined;
}

function partsOf(error: unknown): { readonly code: string; readonly message: string } {
  if (!(error instanceof Error)) return { code: '', message: 'the request failed' };
  // undici's parser errors have no code, but a name.
  const name = error.name === 'Error' ? '' : error.name;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : name;
  const firstLine = error.message.split('\n', 1)[0] ?? '';
  return { code, message: firstLine.slice(0, 200) || 'the request failed' };
}
