/** The clock of a provider, by the `Date` header of its answer, against that of this machine. */
import { type Found, missing, ok, unknown } from './check.ts';

/** Signatures and tokens bear some minutes; a judgement that compares instants of two sources does not. */
export const MAX_SKEW_MS = 60_000;

/** `date` is the header (RFC 9110: whole seconds); `nowMs` this machine's clock when it was read. */
export function clockOf(date: string | null | undefined, nowMs: number): Found {
  const theirs = Date.parse(date ?? '');
  if (Number.isNaN(theirs)) return unknown('the answer has no date');
  const skewMs = nowMs - theirs;
  const seconds = Math.round(Math.abs(skewMs) / 1000);
  if (Math.abs(skewMs) <= MAX_SKEW_MS) return ok(`this clock and theirs differ by ${seconds} s`);
  return missing(`the clock of this machine is ${seconds} s ${skewMs > 0 ? 'ahead of' : 'behind'} theirs`);
}
