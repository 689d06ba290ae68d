interface Place {
  readonly host: string;
  readonly port: string;
}

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
  UND_ERR_CONNECT_TIMEOUT: ({ host, port }) => `no connection to ${host}:${port} in time`,
  ECONNRESET: CLOSED,
  EPIPE: CLOSED,
  UND_ERR_SOCKET: CLOSED,
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

/** The code and the meaning of what kept a request from being answered, for a person: no header, no path, no query. */
export function describeFault(error: unknown, url: URL): string {
  const { code, message } = partsOf(error);
  const place: Place = { host: url.hostname, port: url.port || (url.protocol === 'https:' ? '443' : '80') };
  const meaning = MEANING[code]?.(place) ?? meaningOfFamily(code, place) ?? message;
  return code === '' ? meaning : `${code}: ${meaning}`;
}

/** Whether a request failed by what this machine lacks: it would have failed at any destination. */
export function isOurs(error: unknown): boolean {
  return OURS.has(partsOf(error).code);
}

const OURS: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE']);

function meaningOfFamily(code: string, place: Place): string | undefined {
  if (code.startsWith('HPE_') || code === 'HTTPParserError')
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
