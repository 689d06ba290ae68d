import { lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { type buildConnector, type Dispatcher, Pool, ProxyAgent } from 'undici';
import type { DestinationConfig } from './config/config.js';

/**
 * Connections to one destination: with its certificates, and through its proxy where it has one. https goes through a
 * tunnel (CONNECT), http as proxies of http expect it, by the whole URL.
 *
 * A connection that is idle is closed after 4 s, or 2 s before the time that the handler tells in its `keep-alive`
 * header (undici's defaults): mostly before the handler closes it.
 *
 * @param options.onConnect called for each connection that was made, in the same tick in which its first request begins
 */
export function openOutbound(
  { url, tls, proxy }: Pick<DestinationConfig, 'url' | 'tls' | 'proxy'>,
  {
    connections,
    connectTimeout,
    onConnect = () => {},
  }: { readonly connections: number; readonly connectTimeout: number; readonly onConnect?: () => void },
): Dispatcher {
  const way = { timeout: connectTimeout, lookup: oneAtATime() };
  const secure = { ...way, ...filesOf(tls) };
  const common = { connections, pipelining: 1 };
  if (proxy === null) {
    return new Pool(new URL(url).origin, { ...common, connect: secure }).on('connect', onConnect);
  }
  return new ProxyAgent({
    uri: proxy,
    proxyTunnel: url.startsWith('https:'),
    proxyTls: way,
    // So long may the proxy take to answer CONNECT: undici has no limit of its own for that.
    clientFactory: (origin, options) => new Pool(origin, { ...options, headersTimeout: connectTimeout }),
    requestTls: secure,
    factory: (origin, options: TunnelOptions) =>
      new Pool(origin, { ...options, ...common, connect: failingAtOnce(options.connect) }).on(
        'connect',
        onConnect,
      ),
  });
}

/**
 * Node looks names up in two threads for all of the process, and a name server that is silent takes one of them for ten
 * seconds and more: with one lookup for each connection, the sixteen of one destination held up all others until these
 * had timed out. So the connections that are being made share one.
 */
function oneAtATime(): LookupFunction {
  let waiting: Parameters<LookupFunction>[2][] = [];
  return (hostname, options, callback) => {
    if (waiting.push(callback) > 1) return;
    lookup(hostname, options, (...found) => {
      const all = waiting;
      waiting = [];
      for (const each of all) each(...found);
    });
  };
}

interface TunnelOptions extends Pool.Options {
  readonly connect: buildConnector.connector;
}

/**
 * Where the proxy ends the connection amid CONNECT, undici takes it for one of its own that was idle, and begins anew at
 * once: 6,600 times in 3 s. Its version 8, which does not load on Node 20, gives it this code (nodejs/undici#3897).
 */
const failingAtOnce =
  (connect: buildConnector.connector): buildConnector.connector =>
  (options, callback) =>
    connect(options, (...result) => {
      const [error] = result;
      if (error === null || !('code' in error) || error.code !== 'UND_ERR_SOCKET') callback(...result);
      else callback(Object.assign(new Error(error.message), { code: 'UND_ERR_PRX_CONN' }), null);
    });

const filesOf = (tls: DestinationConfig['tls']) =>
  Object.fromEntries(Object.entries(tls ?? {}).filter(([, pem]) => pem !== null));
