/** One sleeper that can be woken: a wake while it is up makes its next sleep end at once, so that no hint is lost. */
export interface Sleep {
  for(milliseconds: number): Promise<void>;
  readonly wake: () => void;
}

export function createSleep(): Sleep {
  let woken = false;
  let end: (() => void) | null = null;
  return {
    for: (milliseconds) =>
      new Promise((resolve) => {
        const finish = (): void => {
          clearTimeout(timer);
          end = null;
          woken = false;
          resolve();
        };
        const timer = setTimeout(finish, milliseconds);
        if (woken) finish();
        else end = finish;
      }),
    wake: () => {
      woken = true;
      end?.();
    },
  };
}
