import { isLoopback } from './check-values.js';
import type { Draft } from './draft.js';
import type { Path } from './path.js';

/** URLs and headers: what a request could not be made with, or must not be. */
export function checkDestinations(draft: Draft): void {
  for (const path of draft.expand(['destinations', '*', 'url'])) {
    const problem = urlProblem(draft, path);
    if (problem !== undefined) draft.fault(path, problem);
  }
  for (const path of draft.expand(['destinations', '*', 'headers', '*'])) {
    const name = String(path.at(-1));
    if (!/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(name)) draft.fault(path, 'is not a valid header name', 'key');
    else if (isReserved(name)) draft.fault(path, 'is set by the shim itself: remove it', 'key');
    const value = draft.text(path);
    if (value === undefined) continue;
    if (value.trim() === '')
      draft.fault(path, `is empty: ${draft.remedy(path, 'give it a value, or remove it')}`);
    else if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) {
      const remedy = draft.remedy(path, 'remove them');
      draft.fault(path, `has characters that no header may have, such as a line break: ${remedy}`);
    }
  }
}

/** The URL itself is not repeated: its query may hold a token. */
function urlProblem(draft: Draft, path: Path): string | undefined {
  const text = draft.text(path);
  if (text === undefined) return undefined;
  if (text.trim() === '')
    return `is empty: ${draft.remedy(path, 'write for example "http://127.0.0.1:5000/hooks"')}`;
  if (!URL.canParse(text)) return 'is not a URL; write for example "http://127.0.0.1:5000/hooks"';
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return 'must start with http:// or https://';
  if (url.username !== '' || url.password !== '') {
    return 'has credentials in it, which end up in logs: put them into "headers", as "authorization"';
  }
  return isOwn(draft, url) ? 'is a source of this shim: it would send to itself' : undefined;
}

/** The vendor's documented listener has the port and the path that the shim has by default: an easy slip. */
function isOwn(draft: Draft, url: URL): boolean {
  const port = draft.number(['server', 'port']);
  const paths = draft.expand(['sources', '*', 'path']).map((path) => draft.text(path));
  return isLoopback(url.hostname) && url.port === String(port) && paths.includes(url.pathname);
}

const RESERVED: ReadonlySet<string> = new Set([
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'expect',
  'host',
  'keep-alive',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'user-agent',
  'x-webhook-signature',
]);

function isReserved(name: string): boolean {
  const lower = name.toLowerCase();
  return RESERVED.has(lower) || lower.startsWith('webhook-') || lower.startsWith('x-shim-');
}
