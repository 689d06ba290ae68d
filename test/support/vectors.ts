import { readdirSync, readFileSync } from 'node:fs';

/** A case of `test/vectors`, as its README describes it. */
export interface Vector {
  readonly name: string;
  readonly why: string;
  readonly secret: string;
  readonly request: { readonly headers: Readonly<Record<string, string>>; readonly body: string };
  readonly expect: {
    readonly status: number;
    readonly response?: unknown;
    readonly outcome: 'accepted' | 'rejected' | 'quarantined';
    readonly reason?: string;
    readonly events?: readonly {
      readonly event: string;
      readonly body: string;
      readonly signature: string;
    }[];
  };
}

const folder = new URL('../vectors/', import.meta.url);

export const vectors: readonly Vector[] = readdirSync(folder)
  .filter((file) => file.endsWith('.json'))
  .sort()
  .map((file) => JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Vector);
