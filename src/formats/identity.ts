import { createHash } from 'node:crypto';
import type { FileIdentity } from '../model.js';
import { canonicalJson } from './canonical-json.js';
import { membersOf } from './json-text.js';

const sha256 = (text: string): Buffer => createHash('sha256').update(text, 'utf8').digest();

/**
 * What identifies a file (protocol section 6), from its JSON text. In the namespaces that the vendor has only
 * announced, nobody knows yet which member is the result: there the whole item counts, so that two that differ
 * anywhere are never taken for one.
 */
export function fileIdentity(source: string, event: string, fileText: string): FileIdentity {
  const members = fileText.startsWith('{')
    ? new Map(membersOf(fileText).map((member) => [member.key, member.value]))
    : new Map<string, string>();
  const id = (key: string): string | null => {
    const value = members.get(key);
    return value === undefined ? null : canonicalJson(value);
  };
  const known = event.startsWith('extraction.');
  const file = id('fileId') ?? id('fileName');
  const content = known ? (members.get('result') ?? '') : fileText;
  return {
    subject: sha256(JSON.stringify([source, event, id('extractionId'), id('batchId'), file])).subarray(0, 16),
    digest: sha256(content === '' ? '' : canonicalJson(content)),
  };
}

/**
 * The `webhook-id`: the same for the same content, whichever format, attempt or instance it came by and in whatever
 * order its files stand. 144 bits of SHA-256 leave no room for chance.
 */
export function messageId(source: string, event: string, files: readonly FileIdentity[]): string {
  const identities = files
    .map((file) => Buffer.concat([file.subject, file.digest]).toString('base64'))
    .sort();
  const digest = createHash('sha256')
    .update(JSON.stringify([source, event, identities]), 'utf8')
    .digest();
  return `evt_${digest.subarray(0, 18).toString('base64url')}`;
}
