import { describe, expect, it } from 'vitest';
import { findingId } from '../../shared/model/finding.ts';

describe('finding ids', () => {
  it('are the same for the same policy and resource, readable, and keep the two apart', () => {
    expect(findingId('a', 'b')).toBe(findingId('a', 'b'));
    expect(findingId('a', 'b')).toMatch(/^[0-9a-hjkmnp-tv-z]{32}$/);
    expect(new Set([findingId('a', 'b'), findingId('b', 'a'), findingId('a\nb', ''), findingId('a', '\nb')]).size).toBe(
      4,
    );
  });

  it('do not collide', () => {
    const ids = new Set<string>();
    for (let i = 0; i < 50_000; i++)
      ids.add(findingId(`policy-${i % 200}`, `arn:aws:s3:::bucket-${Math.floor(i / 200)}`));
    expect(ids.size).toBe(50_000);
  });
});
