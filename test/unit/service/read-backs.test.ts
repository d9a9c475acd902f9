import { describe, expect, it } from 'vitest';
import { inTime } from '../../../shared/adapters/service/read-backs.ts';

describe('reading back in time', () => {
  it('gives the answer, or what the provider refused', async () => {
    expect(await inTime(Promise.resolve('answer'))).toBe('answer');
    await expect(inTime(Promise.reject(new Error('refused')))).rejects.toThrow('refused');
  });

  it('gives up on a provider that does not answer: it comes again', async () => {
    await expect(inTime(new Promise(() => undefined), 1)).rejects.toMatchObject({
      code: 'UPSTREAM_UNAVAILABLE',
      retryable: true,
    });
  });
});
