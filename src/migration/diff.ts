import { unquote } from '../formats/json-text.js';
import { cut } from './cut.js';
import { createNodeReader, type JsonNode, writeNode } from './json-node.js';
import { keyStep, pathOf } from './path.js';

/**
 * What differs at one place: `missing` is in legacy alone, `extra` in new alone, `number` is the same number in another
 * spelling, `order` an array with the same items in another order, `value` anything else.
 */
type DifferenceKind = 'order' | 'number' | 'value' | 'missing' | 'extra';

/** How two JSON texts differ as a whole: `same`, or their gravest difference. */
export type DifferenceClass = 'same' | DifferenceKind;

export interface Difference {
  /** `items[0].price`, `["odd key"].x`, `''` for the whole. Indices are legacy's, but those of `extra` items. */
  readonly path: string;
  readonly kind: DifferenceKind;
  /** Compact JSON of what legacy has there, cut with a `…` where it is long; null where it has nothing. */
  readonly legacy: string | null;
  /** The same of what new has. */
  readonly new: string | null;
}

/** Of each kind, so that a long list of harmless differences never hides a grave one. */
const MOST_OF_A_KIND = 20;
const LONGEST_VALUE = 200;
const LONGEST_PATH = 400;

const GRAVEST_FIRST: readonly DifferenceKind[] = ['value', 'missing', 'extra', 'number', 'order'];

/** Whether nothing is lost or changed: the order of arrays and the spelling of numbers are all that differs. */
export const isHarmless = (kind: DifferenceClass): boolean =>
  kind === 'same' || kind === 'order' || kind === 'number';

/** The gravest of them: value, missing, extra, number, order. */
export const classOf = (differences: readonly Difference[]): DifferenceClass =>
  GRAVEST_FIRST.find((kind) => differences.some((difference) => difference.kind === kind)) ?? 'same';

/**
 * What differs between two JSON texts, in the order of legacy's: nothing exactly if their canonical forms are equal,
 * and only harmless kinds exactly if they say the same up to the order of arrays and the spelling of numbers. The first
 * 20 of each kind are returned, so `classOf` is right whatever their number. Takes time in proportion to the texts.
 *
 * @param legacyText JSON that `JSON.parse` accepts, not nested deeper than `MAX_DEPTH`
 * @param newText the same
 */
export function diffJson(legacyText: string, newText: string): readonly Difference[] {
  const read = createNodeReader();
  const { differences, report } = createReport();
  compare(read(legacyText), read(newText), null, report);
  return differences;
}

/** A step below another; spelt out only where there is something to report. */
interface Place {
  readonly above: Place | null;
  /** An index, or a key as canonical JSON. */
  readonly step: number | string;
}

type Report = (
  kind: DifferenceKind,
  place: Place | null,
  legacy: JsonNode | null,
  recent: JsonNode | null,
) => void;

function createReport(): { readonly differences: readonly Difference[]; readonly report: Report } {
  const differences: Difference[] = [];
  const counts = new Map<DifferenceKind, number>();
  return {
    differences,
    report: (kind, place, legacy, recent) => {
      const count = counts.get(kind) ?? 0;
      if (count === MOST_OF_A_KIND) return;
      counts.set(kind, count + 1);
      differences.push({ path: describe(place), kind, legacy: show(legacy), new: show(recent) });
    },
  };
}

function describe(place: Place | null): string {
  const steps: string[] = [];
  for (let at = place; at !== null; at = at.above) {
    steps.push(typeof at.step === 'number' ? `[${at.step}]` : keyStep(unquote(at.step)));
  }
  return cut(pathOf(steps.reverse()), LONGEST_PATH);
}

const show = (node: JsonNode | null): string | null =>
  node === null ? null : cut(writeNode(node, LONGEST_VALUE + 1), LONGEST_VALUE);

function compare(legacy: JsonNode, recent: JsonNode, place: Place | null, report: Report): void {
  if (legacy === recent) return;
  if (legacy.kind === 'object' && recent.kind === 'object') {
    compareMembers(legacy.members, recent.members, place, report);
  } else if (legacy.kind === 'array' && recent.kind === 'array') {
    if (sameBag(legacy.items, recent.items)) report('order', place, legacy, recent);
    else if (legacy.essence !== recent.essence || sameSequence(legacy.items, recent.items)) {
      compareByIndex(legacy.items, recent.items, place, report);
    } else {
      report('order', place, legacy, recent);
      compareRearranged(legacy.items, recent.items, place, report);
    }
  } else {
    const isSpelling = legacy.kind === 'number' && legacy.essence === recent.essence;
    report(isSpelling ? 'number' : 'value', place, legacy, recent);
  }
}

type Members = ReadonlyMap<string, JsonNode>;
type Items = readonly JsonNode[];

function compareMembers(legacy: Members, recent: Members, above: Place | null, report: Report): void {
  for (const [step, node] of legacy) {
    const other = recent.get(step);
    if (other === undefined) report('missing', { above, step }, node, null);
    else compare(node, other, { above, step }, report);
  }
  for (const [step, node] of recent) {
    if (!legacy.has(step)) report('extra', { above, step }, null, node);
  }
}

/** What is the same at both ends is set aside first: where items were put in or left out in one spot, only they differ. */
function compareByIndex(legacy: Items, recent: Items, above: Place | null, report: Report): void {
  const shorter = Math.min(legacy.length, recent.length);
  let start = 0;
  while (start < shorter && legacy[start] === recent[start]) start++;
  let tail = 0;
  while (tail < shorter - start && legacy.at(-1 - tail) === recent.at(-1 - tail)) tail++;

  const legacyPart = legacy.slice(start, legacy.length - tail);
  const recentPart = recent.slice(start, recent.length - tail);
  for (const [index, node] of legacyPart.entries()) {
    const place = { above, step: start + index };
    const other = recentPart[index];
    if (other === undefined) report('missing', place, node, null);
    else compare(node, other, place, report);
  }
  for (const [index, node] of recentPart.entries()) {
    if (index >= legacyPart.length) report('extra', { above, step: start + index }, null, node);
  }
}

/** Items that are the same up to harmless differences, in another order: each is compared with its like. */
function compareRearranged(legacy: Items, recent: Items, above: Place | null, report: Report): void {
  const equals = countIds(legacy);
  const rest = recent.filter(({ id }) => !takeOne(equals, id));
  const likes = new Map<number, JsonNode[]>();
  for (const node of rest.reverse()) {
    const others = likes.get(node.essence);
    if (others === undefined) likes.set(node.essence, [node]);
    else others.push(node);
  }
  const taken = countIds(recent);
  for (const [step, node] of legacy.entries()) {
    if (takeOne(taken, node.id)) continue;
    const like = likes.get(node.essence)?.pop();
    if (like !== undefined) compare(node, like, { above, step }, report);
  }
}

function countIds(items: Items): Map<number, number> {
  const counts = new Map<number, number>();
  for (const { id } of items) counts.set(id, (counts.get(id) ?? 0) + 1);
  return counts;
}

/** @returns whether there was one left. */
function takeOne(counts: Map<number, number>, id: number): boolean {
  const left = counts.get(id) ?? 0;
  if (left > 0) counts.set(id, left - 1);
  return left > 0;
}

function sameBag(legacy: Items, recent: Items): boolean {
  if (legacy.length !== recent.length) return false;
  const counts = countIds(legacy);
  return recent.every(({ id }) => takeOne(counts, id));
}

const sameSequence = (legacy: Items, recent: Items): boolean =>
  legacy.every((node, index) => node.essence === recent[index]?.essence);
