import type { Draft } from './draft.js';
import { formatPath } from './path.js';
import { proxyFor } from './proxy.js';

/**
 * Finds the proxy for each destination.
 *
 * @returns URLs with their credentials, by the `formatPath` of the destination's URL; those without a proxy are not there
 */
export function checkProxies(
  draft: Draft,
  variables: Readonly<Record<string, string>>,
): ReadonlyMap<string, string> {
  const proxies = new Map<string, string>();
  const broken = new Set<string>();
  for (const path of draft.expand(['destinations', '*', 'url'])) {
    const url = draft.text(path);
    if (url === undefined || !URL.canParse(url)) continue;
    const choice = proxyFor(new URL(url), variables);
    if ('url' in choice) {
      if (choice.url !== null) proxies.set(formatPath(path), choice.url);
    } else if (!broken.has(choice.variable)) {
      // One variable is one mistake, however many destinations it is for.
      broken.add(choice.variable);
      draft.fault(
        path,
        `is reached through the proxy that ${choice.variable} names, and that ${choice.problem}; or name the host in NO_PROXY`,
      );
    }
  }
  return proxies;
}
