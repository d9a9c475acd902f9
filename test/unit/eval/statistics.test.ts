import { describe, expect, it } from 'vitest';
import { lowerBound, neededFor, quantile, spreadOf, upperBound } from '../../../scripts/eval/statistics.ts';

describe('the exact one-sided bound', () => {
  it('of none wrong is one minus the n-th root of 0.05', () => {
    for (const n of [1, 10, 76, 299]) expect(upperBound(0, n)).toBeCloseTo(1 - 0.05 ** (1 / n), 10);
  });

  it('of some wrong is where so few or fewer have the probability 0.05', () => {
    // Of 10 with probability p, at most one: (1-p)^10 + 10 p (1-p)^9.
    const p = upperBound(1, 10);
    expect((1 - p) ** 10 + 10 * p * (1 - p) ** 9).toBeCloseTo(0.05, 10);
    expect(lowerBound(9, 10)).toBeCloseTo(1 - p, 10);
  });

  it('says nothing of nothing', () => {
    expect(upperBound(0, 0)).toBe(1);
    expect(lowerBound(0, 0)).toBe(0);
    expect(upperBound(3, 3)).toBe(1);
  });

  it('of at most 1 % takes none wrong in 299', () => {
    expect(neededFor(0.01)).toBe(299);
    expect(upperBound(0, 299)).toBeLessThanOrEqual(0.01);
    expect(upperBound(0, 298)).toBeGreaterThan(0.01);
  });
});

describe('spread and quantile', () => {
  it('are of the sample', () => {
    expect(spreadOf([2, 4, 4, 4, 5, 5, 7, 9])).toEqual({ mean: 5, sigma: Math.sqrt(32 / 7) });
    expect(spreadOf([3])).toEqual({ mean: 3, sigma: null });
    expect(spreadOf([])).toBeNull();
    expect(quantile([5, 1, 3, 2, 4], 0.5)).toBe(3);
    expect(
      quantile(
        Array.from({ length: 100 }, (_, i) => i + 1),
        0.95,
      ),
    ).toBe(95);
    expect(quantile([], 0.5)).toBeNull();
  });
});
