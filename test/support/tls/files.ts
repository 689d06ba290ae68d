import { readFileSync } from 'node:fs';

/** What `make.sh` made. */
export const pem = (
  name:
    | 'authority.pem'
    | 'stranger.pem'
    | 'server.pem'
    | 'server.key'
    | 'elsewhere.pem'
    | 'elsewhere.key'
    | 'client.pem'
    | 'client.key'
    | 'encrypted.key'
    | 'unknown-client.pem'
    | 'unknown-client.key',
): string => readFileSync(new URL(name, import.meta.url), 'utf8');
