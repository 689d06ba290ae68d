import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const LOG = new URL('../../dist/telemetry/log.js', import.meta.url);
const HOSTILE = 'a\x1b]0;b\x07\x7f\x9b31m\u202ec\u2028\ufeff\n\\u202e"';

/** What a log of this format writes to standard output, in a process of its own. */
const written = (format: 'json' | 'pretty'): string =>
  spawnSync(
    process.execPath,
    [
      '--input-type=module',
      '--eval',
      `import { createLog } from ${JSON.stringify(LOG.href)};
       const text = ${JSON.stringify(HOSTILE)};
       createLog({ level: 'info', format: '${format}' }).warn(
         { errors: [text], error: text, err: new Error(text, { cause: new Error(text) }) }, 'quarantined');`,
    ],
    { encoding: 'utf8', cwd: fileURLToPath(new URL('../..', import.meta.url)), env: { NO_COLOR: '1' } },
  ).stdout;

it.each(['json', 'pretty'] as const)('writes nothing as %s that could steer a terminal', (format) => {
  const text = written(format);
  expect(text).toContain('quarantined');
  expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Bidi_Control}\u2028\ufeff]/u);
});

it('says in JSON what it was given, on one line', () => {
  const text = written('json');
  expect(text.trimEnd().split('\n')).toHaveLength(1);
  expect(JSON.parse(text)).toMatchObject({ errors: [HOSTILE], error: HOSTILE, msg: 'quarantined' });
});
