import { describe, expect, it } from 'vitest';
import { readExposition, sampleValue } from './exposition.js';

const counter = '# HELP a_total What it is.\n# TYPE a_total counter\n';
const histogram = '# HELP h What it is.\n# TYPE h histogram\n';

describe('the reader of the exposition format', () => {
  it('reads families, labels and values', () => {
    const text = `${counter}a_total{x="1",y="q\\"\\\\\\n"} 3\na_total 1e3\n\n${histogram}h_bucket{le="0.5"} 1\nh_bucket{le="+Inf"} 2\nh_sum 7\nh_count 2\n`;
    const families = readExposition(text);
    expect(families.get('a_total')).toMatchObject({ type: 'counter', help: 'What it is.' });
    expect(sampleValue(families, 'a_total', { y: 'q"\\\n', x: '1' })).toBe(3);
    expect(sampleValue(families, 'a_total')).toBe(1_000);
    expect(sampleValue(families, 'h_bucket', { le: '+Inf' })).toBe(2);
    expect(sampleValue(families, 'a_total', { x: '1' })).toBeUndefined();
  });

  it.each([
    ['without its last line end', `${counter}a_total 1`],
    ['without HELP', '# TYPE a_total counter\na_total 1\n'],
    ['with an empty HELP', '# HELP a_total \n# TYPE a_total counter\na_total 1\n'],
    ['without TYPE', 'a_total 1\n'],
    ['with an unknown TYPE', '# HELP a x\n# TYPE a kind\n'],
    ['with a family twice', `${counter}a_total 1\n${counter}`],
    ['with a sample twice', `${counter}a_total{x="1",y="2"} 1\na_total{y="2",x="1"} 1\n`],
    ['with a sample of another family', `${counter}b_total 1\n`],
    ['with a value that is no number', `${counter}a_total one\n`],
    ['with a label twice', `${counter}a_total{x="1",x="2"} 1\n`],
    ['with an open string', `${counter}a_total{x="1} 1\n`],
    [
      'with a histogram that shrinks',
      `${histogram}h_bucket{le="1"} 3\nh_bucket{le="+Inf"} 2\nh_sum 1\nh_count 2\n`,
    ],
    ['with a histogram without +Inf', `${histogram}h_bucket{le="1"} 2\nh_sum 1\nh_count 2\n`],
  ])('refuses a page %s', (_what, text) => {
    expect(() => readExposition(text)).toThrow();
  });
});
