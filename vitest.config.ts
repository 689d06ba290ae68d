import { defineConfig } from 'vitest/config';

export default defineConfig({
  plugins: [
    {
      // Node starts a thread from a file, which only the build makes.
      name: 'built-convert-thread',
      enforce: 'pre',
      transform: (code, id) =>
        id.endsWith('/src/thread/start-convert-thread.ts')
          ? code.replace('./convert-thread.js', '../../dist/thread/convert-thread.js')
          : null,
    },
  ],
  test: {
    include: ['test/**/*.test.ts'],
    // A test waits for conditions, not for a time: this only ends one that hangs, and a busy machine takes twenty times as
    // long. It is more than `eventually` waits, which says what did not come true.
    testTimeout: 240_000,
    hookTimeout: 240_000,
    // Two cores: more workers would only take each other's time from servers under test.
    maxWorkers: 2,
  },
});
