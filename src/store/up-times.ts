/** A time in which webhooks could come in. */
export interface UpTime {
  readonly from: number;
  readonly to: number;
}

/**
 * A break of up to so many milliseconds, as of a restart, is none: the vendor's silence is judged by the hour. Several
 * times as long as between two notes (`startNotingUpTime`), so that a slow disk is no break either.
 */
export const UNNOTICED = 60_000;
