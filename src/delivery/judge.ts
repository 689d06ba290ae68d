import { STATUS_CODES } from 'node:http';
import type { Fault } from '../model.js';
import type { Answer } from './answer.js';

export type Verdict =
  | { readonly success: true }
  | {
      readonly success: false;
      /** For a person. */
      readonly reason: string;
      readonly fault: Fault;
      /** Milliseconds that the destination asks us to wait; null where it asks for nothing. */
      readonly retryAfter: number | null;
    };

/**
 * 2xx is success, and nothing else is. Every failure may be tried again, 4xx as well: the handler may be under repair.
 * An answer that broke off or came too late is a failure whatever its status: it was not heard out.
 */
export function judge(answer: Answer, now: number): Verdict {
  const { status, fault } = answer;
  if (fault === null && status !== null && status >= 200 && status < 300) return { success: true };
  return {
    success: false,
    fault: answer.ours ? 'shim' : 'destination',
    reason: fault ?? (status === null ? 'no answer' : describeStatus(status)),
    retryAfter: answer.retryAfter === null ? null : parseRetryAfter(answer.retryAfter, now),
  };
}

function describeStatus(status: number): string {
  // Our own words for it: those of the answer are the destination's to choose.
  const name = STATUS_CODES[status];
  const text = name === undefined ? String(status) : `${status} ${name}`;
  return status >= 300 && status < 400 ? `${text}: redirects are not followed` : text;
}

/** @returns the milliseconds from now that a `retry-after` asks for, as seconds or an HTTP date; null where it says neither. */
export function parseRetryAfter(value: string, now: number): number | null {
  const text = value.trim();
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  // Each form of an HTTP date starts with the day's name; `Date.parse` alone would take `1.5` for a date.
  const at = /^[A-Za-z]{3}/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? null : Math.max(0, at - now);
}
