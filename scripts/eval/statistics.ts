/** The little statistics that the report needs: exact where it claims to be. */

/** The probability of at most `k` of `n` when each has probability `p`. */
function atMost(k: number, n: number, p: number): number {
  if (p <= 0) return 1;
  if (p >= 1) return k >= n ? 1 : 0;
  let logTerm = n * Math.log1p(-p);
  let sum = Math.exp(logTerm);
  for (let i = 1; i <= k; i++) {
    logTerm += Math.log((n - i + 1) / i) + Math.log(p) - Math.log1p(-p);
    sum += Math.exp(logTerm);
  }
  return Math.min(1, sum);
}

/** The p at which a function that falls from above to below `target` crosses it. */
function crossing(f: (p: number) => number, target: number): number {
  let [low, high] = [0, 1];
  for (let i = 0; i < 100; i++) {
    const middle = (low + high) / 2;
    if (f(middle) > target) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** The exact one-sided upper bound (Clopper-Pearson) of a share of which `k` of `n` were seen. 1 where nothing was seen. */
export function upperBound(k: number, n: number, confidence = 0.95): number {
  if (n === 0 || k >= n) return 1;
  return crossing((p) => atMost(k, n, p), 1 - confidence);
}

/** The exact one-sided lower bound. */
export const lowerBound = (k: number, n: number, confidence = 0.95): number =>
  n === 0 ? 0 : 1 - upperBound(n - k, n, confidence);

/** How many must be seen without a single one that is wrong, for the upper bound to be at most `share`. */
export const neededFor = (share: number, confidence = 0.95): number =>
  Math.ceil(Math.log(1 - confidence) / Math.log1p(-share));

export interface Spread {
  readonly mean: number;
  /** Standard deviation of the sample; null of fewer than two. */
  readonly sigma: number | null;
}

/** Mean and standard deviation; null of nothing. */
export function spreadOf(values: readonly number[]): Spread | null {
  const n = values.length;
  if (n === 0) return null;
  const mean = values.reduce((a, b) => a + b, 0) / n;
  const sigma = n < 2 ? null : Math.sqrt(values.reduce((a, v) => a + (v - mean) ** 2, 0) / (n - 1));
  return { mean, sigma };
}

/** The value below which `share` of the values lie (nearest rank); null of nothing. */
export function quantile(values: readonly number[], share: number): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? null;
}
