/** What came back for one request. */
export interface Answer {
  /** Milliseconds from the first byte sent to the last byte of the answer that was read; where none was sent, the time it took to fail. */
  readonly duration: number;
  /** HTTP status; null where no answer came. */
  readonly status: number | null;
  /** The first 4 KiB of the body, as text; null where no answer came. */
  readonly response: string | null;
  /** The value of `retry-after`. */
  readonly retryAfter: string | null;
  /** What went wrong on the way, for a person; null where an answer came in time. */
  readonly fault: string | null;
  /** Whether that was this machine's own fault, which says nothing of the destination. */
  readonly ours: boolean;
}

/** One request: a POST to the destination's URL. */
export interface Message {
  readonly body: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
}
