import type { DestinationConfig, SourceConfig } from '../config/config.js';
import { type Column, table } from './table.js';
import { publicUrl } from './text.js';

export interface Verdict {
  readonly ok: boolean;
  readonly message: string;
}

/** What `check` found. No secret and no part of a URL that may be one is in it. */
export interface Findings {
  readonly file: string;
  readonly warnings: readonly string[];
  readonly sources: readonly {
    readonly name: string;
    readonly path: string;
    readonly secrets: number;
    readonly format: string;
  }[];
  readonly destinations: readonly {
    readonly name: string;
    readonly url: string;
    readonly sources: readonly string[];
    readonly events: readonly string[];
    readonly format: string;
    readonly mode: string;
    readonly share: number;
    readonly alternative: string | null;
    /** Only where it was asked for. */
    readonly probe: Verdict | null;
  }[];
  readonly store: Verdict & { readonly url: string };
}

export const sourceFindings = ({
  name,
  path,
  secrets,
  format,
}: SourceConfig): Findings['sources'][number] => ({
  name,
  path,
  secrets: secrets.length,
  format,
});

export const destinationFindings = (
  { name, url, sources, events, format, mode, share, alternative }: DestinationConfig,
  probe: Verdict | null,
): Findings['destinations'][number] => ({
  name,
  url: publicUrl(url),
  sources,
  events,
  format,
  mode,
  share,
  alternative,
  probe,
});

export const isGood = ({ store, destinations }: Findings): boolean =>
  store.ok && destinations.every(({ probe }) => probe === null || probe.ok);

const sourceColumns: readonly Column<Findings['sources'][number]>[] = [
  { title: 'source', value: (row) => row.name },
  { title: 'path', value: (row) => row.path },
  { title: 'secrets', value: (row) => row.secrets },
  { title: 'format', value: (row) => row.format },
];

const destinationColumns: readonly Column<Findings['destinations'][number]>[] = [
  { title: 'destination', value: (row) => row.name },
  { title: 'url', value: (row) => row.url },
  { title: 'sources', value: (row) => row.sources.join(', ') },
  { title: 'events', value: (row) => row.events.join(', ') },
  { title: 'format', value: (row) => row.format },
  { title: 'mode', value: (row) => row.mode },
  {
    title: 'share',
    value: ({ share, alternative }) =>
      alternative === null ? null : `${share}%, the rest to ${alternative}`,
    tells: ({ alternative }) => alternative !== null,
  },
  {
    title: 'probe',
    value: ({ probe }) => (probe === null ? null : verdictText(probe)),
    tells: ({ probe }) => probe !== null,
  },
];

const storeColumns: readonly Column<Findings['store']>[] = [
  { title: 'store', value: (row) => row.url },
  { title: 'state', value: verdictText },
];

function verdictText({ ok, message }: Verdict): string {
  return ok ? message : `FAILED: ${message}`;
}

export function findingsText(findings: Findings): string {
  return [
    table(sourceColumns, findings.sources),
    ...(findings.destinations.length === 0 ? [] : [table(destinationColumns, findings.destinations)]),
    table(storeColumns, [findings.store]),
  ].join('\n');
}
