import { BlockList, isIP } from 'node:net';
import { isLoopback } from './check-values.js';

type Variables = Readonly<Record<string, string | undefined>>;

/** How a URL is reached: `url` is null without a proxy. */
export type ProxyChoice =
  | { readonly url: string | null }
  /** The variable that names a proxy that cannot be one, and why. */
  | { readonly variable: string; readonly problem: string };

/**
 * The proxy for a URL, as the environment has it and curl and Go read it: `HTTP_PROXY` for http, `HTTPS_PROXY` for
 * https, not where `NO_PROXY` says so, and never to this machine itself. The lower-case name goes before the other.
 *
 * @returns its URL with user and password, which are secrets
 */
export function proxyFor(url: URL, variables: Variables): ProxyChoice {
  const set = firstSet(variables, url.protocol === 'https:' ? 'https_proxy' : 'http_proxy');
  if (set === null || isLoopback(url.hostname)) return { url: null };
  if (isExempt(url, firstSet(variables, 'no_proxy')?.value ?? '')) return { url: null };
  const { name, value } = set;
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `http://${value}`;
  const problem = problemOf(text);
  return problem === null ? { url: new URL(text).href } : { variable: name, problem };
}

/** An empty variable is as good as none. */
function firstSet(
  variables: Variables,
  lower: string,
): { readonly name: string; readonly value: string } | null {
  for (const name of [lower, lower.toUpperCase()]) {
    const value = variables[name]?.trim();
    if (value) return { name, value };
  }
  return null;
}

/** The value is not repeated: it may have a password in it. */
function problemOf(text: string): string | null {
  if (!URL.canParse(text)) return 'is no URL; write for example "http://proxy.example:3128"';
  const { protocol, username, password } = new URL(text);
  if (protocol !== 'http:' && protocol !== 'https:') {
    return `is a ${protocol}// URL, which is not supported: write http:// or https://`;
  }
  try {
    decodeURIComponent(username + password);
    return null;
  } catch {
    return 'has a "%" in its user or password that encodes nothing: write it as %25';
  }
}

/**
 * Whether `NO_PROXY` names the host: `*`; a domain, with all below it, with or without a dot or `*.` before it; an
 * address or a network (`10.0.0.0/8`); each may end in a port, which then has to be the URL's.
 */
export function isExempt(url: URL, noProxy: string): boolean {
  const host = url.hostname.toLowerCase().replace(/^\[|\]$|\.$/g, '');
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  return noProxy
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => {
      if (entry === '*' || isInNetwork(host, entry)) return true;
      const [, bracketed, bare, wanted] =
        /^(?:\[(.+)\]|([^:]+|[^:]*(?::[^:]*){2,}))(?::(\d+))?$/.exec(entry) ?? [];
      if (wanted !== undefined && wanted !== port) return false;
      const name = (bracketed ?? bare ?? '').replace(/^\*?\./, '').replace(/\.$/, '');
      return name !== '' && (host === name || (isIP(host) === 0 && host.endsWith(`.${name}`)));
    });
}

function isInNetwork(host: string, entry: string): boolean {
  const [, address = '', bits = ''] = /^([0-9a-f.:]+)\/(\d+)$/.exec(entry) ?? [];
  const family = isIP(address);
  if (family === 0 || isIP(host) !== family || Number(bits) > (family === 4 ? 32 : 128)) return false;
  const type = family === 4 ? 'ipv4' : 'ipv6';
  const network = new BlockList();
  network.addSubnet(address, Number(bits), type);
  return network.check(host, type);
}
