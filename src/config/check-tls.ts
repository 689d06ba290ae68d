import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import type { TlsConfig } from './config.js';
import type { Draft } from './draft.js';
import { formatPath, type Path } from './path.js';
import type { ReadText } from './read-text.js';

/**
 * Reads and checks the certificates and keys of each destination, so that a wrong one stops the start and not a
 * delivery. Nothing of a key is in what is said of it.
 *
 * @param read by a path relative to the configuration file
 * @returns what they hold, by `formatPath`
 */
export function checkTls(draft: Draft, read: (path: string) => ReadText): ReadonlyMap<string, TlsConfig> {
  const found = new Map<string, TlsConfig>();
  for (const path of draft.expand(['destinations', '*', 'tls'])) {
    if (draft.get(path) === undefined) continue;
    const url = draft.text([...path.slice(0, -1), 'url']);
    if (url !== undefined && /^http:/i.test(url)) {
      draft.fault(path, 'is for https:// URLs alone: write the URL with https://, or remove this', 'key');
      continue;
    }
    checkPair(draft, path);
    const ca = readCertificates(draft, [...path, 'ca'], read);
    const cert = readCertificates(draft, [...path, 'cert'], read);
    const key = readKey(draft, [...path, 'key'], read);
    if (cert !== null && key !== null && !cert.first.checkPrivateKey(key.key)) {
      draft.fault(
        [...path, 'key'],
        'is not the key of "cert": name the one that the certificate was made for',
      );
    }
    const tls = { ca: ca?.text ?? null, cert: cert?.text ?? null, key: key?.text ?? null };
    const atFault = ['ca', 'cert', 'key'].some((name) => draft.isAtFault([...path, name]));
    if (!atFault && isUsable(draft, path, tls)) found.set(formatPath(path), tls);
  }
  return found;
}

function checkPair(draft: Draft, path: Path): void {
  for (const [one, other] of [
    ['cert', 'key'],
    ['key', 'cert'],
  ] as const) {
    if (draft.has([...path, one]) && !draft.has([...path, other])) {
      draft.fault([...path, one], `needs "${other}" beside it: name the file of the ${other} too`, 'key');
    }
  }
}

function readCertificates(
  draft: Draft,
  path: Path,
  read: (path: string) => ReadText,
): { readonly text: string; readonly first: X509Certificate } | null {
  const text = readPem(draft, path, read, 'a certificate');
  if (text === null) return null;
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
  try {
    const [first] = blocks.map((block) => new X509Certificate(block));
    if (first !== undefined) return { text, first };
  } catch {
    // It has the form of one and is none.
  }
  draft.fault(path, `the file ${draft.text(path)} holds no certificate in PEM (-----BEGIN CERTIFICATE-----)`);
  return null;
}

function readKey(
  draft: Draft,
  path: Path,
  read: (path: string) => ReadText,
): { readonly text: string; readonly key: KeyObject } | null {
  const text = readPem(draft, path, read, 'a key');
  if (text === null) return null;
  try {
    return { text, key: createPrivateKey(text) };
  } catch {
    // In either of its two forms.
    const isEncrypted = /^(-----BEGIN ENCRYPTED PRIVATE KEY-----|Proc-Type: 4,ENCRYPTED)/m.test(text);
    draft.fault(
      path,
      isEncrypted
        ? `the file ${draft.text(path)} is encrypted: name one without a passphrase (openssl pkey -in FILE -out NEW)`
        : `the file ${draft.text(path)} holds no private key in PEM (-----BEGIN PRIVATE KEY-----)`,
    );
    return null;
  }
}

function readPem(draft: Draft, path: Path, read: (path: string) => ReadText, what: string): string | null {
  const name = draft.text(path);
  if (name === undefined) return null;
  const file = read(name);
  if ('text' in file) return file.text;
  draft.fault(path, `the file ${name} ${file.problem}; name the file of ${what} in PEM`);
  return null;
}

/** What TLS itself refuses, such as a key that is too weak. */
function isUsable(draft: Draft, path: Path, { ca, cert, key }: TlsConfig): boolean {
  try {
    createSecureContext({ ca: ca ?? undefined, cert: cert ?? undefined, key: key ?? undefined });
    return true;
  } catch (error) {
    const code =
      error instanceof Error && 'code' in error ? String(error.code) : 'for no reason that is known';
    draft.fault(path, `cannot be used: TLS refuses these files (${code})`);
    return false;
  }
}
