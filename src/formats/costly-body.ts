import { countUpTo, eachMember } from './json-text.js';

/**
 * Opening brackets, colons and commas in what may be parsed for a stranger, who sends them compressed to a few KB. With half a
 * million members in objects of 120 whose first keys differ (27 KB), each of which V8 gives a class of its own, `JSON.parse`
 * took 2 s and half a gigabyte; with two million numbers such as `9e99` (10 KB) it and `JSON.stringify` took 0.5 s. With so
 * many of these characters it was 0.3 s at most, and 30 MB.
 */
const MOST = 250_000;
/** Members of a webhook itself that are looked at for its result. */
const MOST_MEMBERS = 100;

/** Whether a body takes too much to parse for who may be anybody. What stands inside strings counts as well. */
export function isCostly(text: string): boolean {
  if (text.length <= MOST) return false;
  let left = MOST;
  for (const character of ['[', '{', ':', ',']) {
    left -= countUpTo(text, character, left);
    if (left < 0) return true;
  }
  return false;
}

/** What can be told of a body without parsing it. */
export interface WrittenBody {
  /** What the sender's signature covers, where the result is written as `JSON.stringify` writes it, as the vendor's is. */
  readonly signedText: string;
  /** All else, which no signature covers: whoever has one authentic request can put anything there. */
  readonly others: string;
}

/**
 * @param text any text at all
 * @returns null where no result is found
 */
export function asWritten(text: string): WrittenBody | null {
  let found: string | null = null;
  const others: string[] = [];
  let left = MOST_MEMBERS;
  try {
    for (const { key, rawKey, value } of eachMember(text)) {
      left--;
      if (left < 0) return null;
      others.push(rawKey);
      if (key !== 'result') others.push(value);
      else {
        if (found !== null) others.push(found);
        found = value;
      }
    }
    if (found === null) return null;
    return {
      signedText: found.startsWith('"') ? (JSON.parse(found) as string) : found,
      others: others.join(''),
    };
  } catch {
    return null;
  }
}
