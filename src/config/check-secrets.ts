import type { Draft } from './draft.js';
import type { Path } from './path.js';

/** Secrets that anyone could guess sign nothing: empty ones, and those that stand in an example. */
export function checkSecrets(draft: Draft): void {
  for (const list of draft.expand(['sources', '*', 'secrets'])) {
    const seen = new Set<string>();
    for (const path of draft.expand([...list, '*'])) {
      const secret = draft.text(path);
      if (secret === undefined) continue;
      if (secret !== '' && seen.has(secret)) draft.fault(path, 'is in the list a second time: remove it');
      seen.add(secret);
      checkSecret(draft, path, 'put the secret of the dashboard here');
    }
  }
  for (const path of draft.expand(['destinations', '*', 'secret'])) {
    checkSecret(draft, path, "remove the key to sign with the source's");
  }
  for (const path of draft.expand(['destinations', '*', 'standardSecret'])) {
    checkSecret(draft, path, 'remove the key to send no "webhook-signature"');
    const secret = draft.text(path);
    if (secret !== undefined && !STANDARD_SECRET.test(secret)) {
      draft.fault(path, 'must be "whsec_" and base64, as a Standard Webhooks secret is');
    }
  }
  // An empty token means none.
  for (const path of draft.expand(['admin', 'token'])) if (draft.text(path)) checkToken(draft, path);
}

function checkToken(draft: Draft, path: Path): void {
  checkSecret(draft, path, '');
  // Clients refuse to write it into a header, or do so in one of two encodings.
  if (/^[\x20-\x7e]*$/.test(draft.text(path) ?? '')) return;
  const remedy = draft.remedy(path, 'write it in ASCII');
  draft.fault(path, `has characters that are not ASCII, so that no request could match it: ${remedy}`);
}

function checkSecret(draft: Draft, path: Path, otherwise: string): void {
  const secret = draft.text(path);
  if (secret === undefined) return;
  const remedy = draft.remedy(path, otherwise);
  if (secret.trim() === '') draft.fault(path, `is empty: ${remedy}`);
  else if (bare(secret) === '') draft.fault(path, `is nothing but the prefix of a secret: ${remedy}`);
  else if (isPlaceholder(secret))
    draft.fault(path, `is a placeholder, not a secret: ${draft.remedy(path, 'put the real one here')}`);
  else if (secret.trim() !== secret) draft.fault(path, 'has white space around it: remove that');
}

const STANDARD_SECRET =
  /^whsec_(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{2}==)$/;

const bare = (secret: string): string => secret.trim().replace(/^(E_AI_K_|whsec_)/, '');

const PLACEHOLDERS: readonly RegExp[] = [
  /^(change|replace)[-_ ]?(me|this|it)\b/,
  /^your([-_ ]|secret|token|key)/,
  /^(the|my|a|webhook|api)?[-_ ]?(secret|password|token|key)([-_ ]?(here|key))?$/,
  /^(placeholder|example|todo|tbd|none|null|undefined)$/,
  // One character again and again: xxx, ..., ***, ____
  /^(.)\1*$/u,
  /^<.*>$/,
  /^\$\{.*\}$/,
  /\.\.\.|…/,
];

function isPlaceholder(secret: string): boolean {
  const text = bare(secret).toLowerCase();
  return PLACEHOLDERS.some((pattern) => pattern.test(text));
}
