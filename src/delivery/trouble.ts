import type { Log } from '../telemetry/log.js';

/** Whether something works, said in the log when that changes and not each time. */
export interface Trouble {
  failed(error: unknown): void;
  worked(): void;
}

export function createTrouble(log: Pick<Log, 'info' | 'error'>, what: string): Trouble {
  let failing = false;
  return {
    failed: (error) => {
      if (!failing) log.error({ err: error }, `${what}: the store does not work; trying again`);
      failing = true;
    },
    worked: () => {
      if (failing) log.info(`${what}: the store works again`);
      failing = false;
    },
  };
}
