import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // A test waits for conditions, not for a time: this only ends one that hangs, and a busy machine takes five times as long.
    testTimeout: 90_000,
    hookTimeout: 90_000,
    // Two cores: more workers would only take each other's time from servers under test.
    maxWorkers: 2,
  },
});
