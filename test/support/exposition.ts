/** A strict reader of the Prometheus text format (version 0.0.4): what a scrape would refuse is refused. */

export interface Family {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: readonly Sample[];
}

interface Sample {
  /** The family's, or with `_bucket`, `_sum` or `_count` behind it. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const LABEL = '[a-zA-Z_][a-zA-Z0-9_]*';
const STRING = String.raw`"(?:[^"\\\n]|\\[\\"n])*"`;
const HELP = new RegExp(String.raw`^# HELP (?<name>${NAME}) (?<help>(?:[^\\]|\\[\\n])+)$`);
const TYPE = new RegExp(`^# TYPE (?<name>${NAME}) (?<type>counter|gauge|histogram|summary|untyped)$`);
const SAMPLE = new RegExp(
  String.raw`^(?<name>${NAME})(?:\{(?<labels>${LABEL}=${STRING}(?:,${LABEL}=${STRING})*)\})? (?<value>\S+)$`,
);
const NUMBER = /^(?:[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|[+-]Inf|NaN)$/i;

type Growing = Family & { readonly samples: Sample[] };

/** @throws where a line is none of the format's, or the lines do not belong together. @returns the families, by name */
export function readExposition(text: string): ReadonlyMap<string, Family> {
  if (!text.endsWith('\n')) throw new Error('the last line does not end');
  const families = new Map<string, Growing>();
  const seen = new Set<string>();
  let help: Readonly<Record<string, string>> = {};
  let current: Growing | undefined;
  for (const line of text.slice(0, -1).split('\n')) {
    if (line === '') continue;
    if (line.startsWith('# HELP ')) help = groupsOf(HELP, line);
    else if (line.startsWith('# TYPE ')) {
      current = startFamily(line, help);
      if (families.has(current.name)) throw new Error(`a second family ${current.name}`);
      families.set(current.name, current);
    } else addSample(line, current, seen);
  }
  for (const family of families.values()) if (family.type === 'histogram') checkHistogram(family);
  return families;
}

function startFamily(line: string, help: Readonly<Record<string, string>>): Growing {
  const { name = '', type = '' } = groupsOf(TYPE, line);
  if (help.name !== name) throw new Error(`no HELP before ${line}`);
  return { name, type, help: help.help ?? '', samples: [] };
}

function addSample(line: string, family: Growing | undefined, seen: Set<string>): void {
  const sample = readSample(line);
  const key = keyOf(sample.name, sample.labels);
  if (seen.has(key)) throw new Error(`twice: ${line}`);
  seen.add(key);
  if (family === undefined || !namesOf(family).includes(sample.name)) {
    throw new Error(`not of the family before it: ${line}`);
  }
  family.samples.push(sample);
}

const keyOf = (name: string, labels: Sample['labels']): string =>
  JSON.stringify([name, Object.entries(labels).sort()]);

function groupsOf(pattern: RegExp, line: string): Readonly<Record<string, string>> {
  const groups = pattern.exec(line)?.groups;
  if (groups === undefined) throw new Error(`not of the format: ${line}`);
  return groups;
}

function readSample(line: string): Sample {
  const { name = '', labels = '', value = '' } = groupsOf(SAMPLE, line);
  if (!NUMBER.test(value)) throw new Error(`no number: ${line}`);
  const pairs = [...labels.matchAll(new RegExp(`(${LABEL})=(${STRING})`, 'g'))].map(
    ([, label = '', text = '""']) => [label, JSON.parse(text) as string] as const,
  );
  if (new Set(pairs.map(([label]) => label)).size < pairs.length) throw new Error(`a label twice: ${line}`);
  return { name, labels: Object.fromEntries(pairs), value: Number(value.replace('Inf', 'Infinity')) };
}

const namesOf = ({ name, type }: Family): readonly string[] =>
  type === 'histogram'
    ? [`${name}_bucket`, `${name}_sum`, `${name}_count`]
    : type === 'summary'
      ? [name, `${name}_sum`, `${name}_count`]
      : [name];

/** Buckets grow with their bounds, and the last is `+Inf`, which holds all. */
function checkHistogram({ name, samples }: Family): void {
  const series = new Map<string, Sample[]>();
  for (const sample of samples) {
    const { le: _le, ...others } = sample.labels;
    const key = JSON.stringify(others);
    series.set(key, [...(series.get(key) ?? []), sample]);
  }
  for (const [key, all] of series) {
    const buckets = all.filter((sample) => sample.name === `${name}_bucket`);
    const bounds = buckets.map(({ labels }) => Number((labels.le ?? '').replace('Inf', 'Infinity')));
    const count = all.find((sample) => sample.name === `${name}_count`)?.value;
    const grows = buckets.every(
      ({ value }, index) =>
        index === 0 ||
        (value >= (buckets[index - 1]?.value ?? 0) && (bounds[index] ?? 0) > (bounds[index - 1] ?? 0)),
    );
    const sums = all.filter((sample) => sample.name === `${name}_sum`);
    if (
      !grows ||
      bounds.at(-1) !== Number.POSITIVE_INFINITY ||
      buckets.at(-1)?.value !== count ||
      sums.length !== 1
    ) {
      throw new Error(`no histogram: ${name} ${key}`);
    }
  }
}

/** The value of one sample; undefined where there is none. */
export function sampleValue(
  families: ReadonlyMap<string, Family>,
  name: string,
  labels: Sample['labels'] = {},
): number | undefined {
  const key = keyOf(name, labels);
  return [...families.values()]
    .flatMap(({ samples }) => samples)
    .find((sample) => keyOf(sample.name, sample.labels) === key)?.value;
}
