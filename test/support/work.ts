import { fileURLToPath } from 'node:url';
import type { startWork } from '../../src/work.js';

/** The work half as it was built: it starts a thread from a file that only the build makes. */
export const startBuiltWork: typeof startWork = async (options) => {
  const path = fileURLToPath(new URL('../../dist/work.js', import.meta.url));
  const built = (await import(path)) as { readonly startWork: typeof startWork };
  return built.startWork(options);
};
