import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { contextConfigSchema } from '../../shared/mappings/context-config.ts';
import { DEFAULT_CONTEXT } from '../../shared/mappings/context.ts';

describe('the example of the context rules', () => {
  const example = contextConfigSchema.parse(
    parse(readFileSync(join(import.meta.dirname, '../../edict.config.example.yaml'), 'utf8')),
  );

  it('shows the tag keys and words that hold without a file', () => {
    const { other, ...environments } = DEFAULT_CONTEXT.environment?.values ?? {};
    expect(other).toEqual(['other']); // what every other word means as well
    expect(example.environment).toEqual({ ...DEFAULT_CONTEXT.environment, values: environments });
    expect(example.data_classification).toEqual(DEFAULT_CONTEXT.data_classification);
    expect(example.owner).toEqual(DEFAULT_CONTEXT.owner);
  });

  it('maps accounts', () => {
    expect(Object.keys(example.accounts ?? {})).toEqual(['111122223333', 'acme-shop-prod']);
  });
});
