import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { openLogOutput } from '../../src/telemetry/log-output.js';
import { eventually } from '../support/handler.js';
import { tempFolder } from '../support/temp-folder.js';

/** All that is in a pipe now. */
function readAll(pipe: number): string {
  const buffer = Buffer.alloc(65_536);
  let text = '';
  try {
    for (;;) text += buffer.toString('utf8', 0, readSync(pipe, buffer));
  } catch (error) {
    expect(error).toMatchObject({ code: 'EAGAIN' });
    return text;
  }
}

it('goes on where the disk is full', () => {
  // Never closed: lines that wait are tried again, and its number would be another file's.
  const output = openLogOutput(openSync('/dev/full', 'w'), () => {});
  expect(() => {
    for (let line = 0; line < 100; line++) output.write(`${line}\n`);
  }).not.toThrow();
});

it('holds up nobody for long where its reader stands still, and then writes what waited and says what is missing', async () => {
  const path = join(tempFolder(), 'pipe');
  execFileSync('mkfifo', [path]);
  const pipe = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  onTestFinished(() => closeSync(pipe));
  const lost: number[] = [];
  const output = openLogOutput(pipe, (lines) => lost.push(lines));

  const started = performance.now();
  const lines = Array.from({ length: 2_000 }, (_, index) => `${index} ${'x'.repeat(1_000)}\n`);
  for (const line of lines) output.write(line);
  expect(performance.now() - started).toBeLessThan(3_000);
  expect(lost).toEqual([]);

  let text = '';
  await eventually(() => {
    text += readAll(pipe);
    expect(lost).toHaveLength(1);
  });
  expect(text.split('\n').length - 1).toBe(lines.length - (lost[0] ?? 0));
  expect(lines.join('').startsWith(text)).toBe(true);
});
