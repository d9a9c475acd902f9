import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readAuthoring, readConfig, readNotify } from '../../cli/options.ts';
import { DEFAULT_AUTHORING, parseAuthoring } from '../../shared/adapters/anthropic/config.ts';
import { contextConfigSchema } from '../../shared/mappings/context-config.ts';
import { DEFAULT_CONTEXT } from '../../shared/mappings/context.ts';
import { notifyConfigSchema } from '../../shared/model/notify.ts';

const file = join(import.meta.dirname, '../../edict.config.example.yaml');
const { authoring, notify, ...context } = parse(readFileSync(file, 'utf8')) as { readonly [section: string]: unknown };

describe('the example of the context rules', () => {
  const example = contextConfigSchema.parse(context);

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

describe('the example of authoring', () => {
  it('shows what holds without the section', () => {
    expect(parseAuthoring(authoring)).toEqual(DEFAULT_AUTHORING);
    expect(authoring).toEqual(DEFAULT_AUTHORING);
  });

  it('is no part of the context rules', async () => {
    expect(await readConfig(file)).toEqual(contextConfigSchema.parse(context));
    expect(await readAuthoring(file)).toEqual(DEFAULT_AUTHORING);
  });
});

describe('the example of who hears of what', () => {
  it('is read by the same file, and is no part of the context rules', async () => {
    const read = await readNotify(file);
    expect(read).toEqual(notifyConfigSchema.parse(notify));
    expect(read?.routes.map(({ quiet, digest, channel }) => quiet ?? digest ?? channel)).toEqual([
      true,
      'daily',
      '#payments-alerts',
    ]);
  });
});
