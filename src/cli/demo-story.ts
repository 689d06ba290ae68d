import { styleText } from 'node:util';
import { printable } from '../printable.js';
import { type Io, writeLine } from './io.js';

/** Tells the demo to a person, and keeps count of what did not go as it should. */
export interface Story {
  /** A line as it is. */
  say(line?: string): void;
  title(text: string): void;
  /** What one of the parts did. */
  step(who: string, what: string): void;
  /** The start of a body, to show its shape. */
  excerpt(body: string): void;
  /** Says that this went as it should, or that it did not. */
  expect(good: boolean, what: string): void;
  failures(): number;
}

const WHO_WIDTH = 9;
const EXCERPT = 88;

export function createStory(io: Pick<Io, 'stdout' | 'colors'>): Story {
  const paint = (style: 'bold' | 'dim' | 'green' | 'red' | 'cyan', text: string): string =>
    io.colors ? styleText(style, text) : text;
  const say = (line = ''): void => writeLine(io.stdout, line);
  let titles = 0;
  let failures = 0;
  return {
    say,
    title: (text) => {
      titles++;
      say(`\n${paint('bold', `${titles}. ${text}`)}`);
    },
    step: (who, what) => say(`   ${paint('cyan', who.padEnd(WHO_WIDTH))}  ${printable(what)}`),
    excerpt: (body) => {
      const text = printable(body);
      const shown = text.length > EXCERPT ? `${text.slice(0, EXCERPT)}…` : text;
      say(`   ${' '.repeat(WHO_WIDTH)}  ${paint('dim', shown)}`);
    },
    expect: (good, what) => {
      if (!good) failures++;
      say(`   ${good ? paint('green', '✔') : paint('red', '✘ NOT AS IT SHOULD BE:')} ${what}`);
    },
    failures: () => failures,
  };
}
