import { describe, expect, it } from 'vitest';
import { contextConfigSchema } from '../../../shared/mappings/context-config.ts';
import {
  type ContextConfig,
  DEFAULT_CONTEXT,
  resolveContext,
  withPipelineContext,
} from '../../../shared/mappings/context.ts';
import type { NativeResource } from '../../../shared/model/native.ts';

const tags = (...pairs: readonly (readonly [string, string])[]): NativeResource['tags'] => ({
  state: 'known',
  value: pairs.map(([key, value]) => ({ key, value })),
  closed: true,
  at: '/tags',
});
const about = (t: NativeResource['tags'], account: string | undefined = '111122223333') => ({
  cloud: 'aws',
  account,
  region: 'eu-west-1',
  tags: t,
});
const withAccounts: ContextConfig = {
  ...DEFAULT_CONTEXT,
  accounts: { '111122223333': { environment: 'production', owner: 'Payments' } },
};

describe('context facts', () => {
  it.each([
    ['Env', 'PRD', 'production'],
    ['environment', 'Staging', 'staging'],
    ['stage', 'blue', 'other'],
  ])('tag %s=%s means %s', (key, value, expected) => {
    expect(resolveContext(DEFAULT_CONTEXT, about(tags([key, value]))).environment).toMatchObject({
      state: 'known',
      value: expected,
    });
  });

  it.each(['production-eu', 'eu_prod', 'prod2', 'non-prod'])(
    'tag environment=%s is not taken for something else',
    (value) => {
      expect(resolveContext(DEFAULT_CONTEXT, about(tags(['environment', value]))).environment).toMatchObject({
        state: 'unknown',
        why: 'invalid',
      });
    },
  );

  it('a tag that was looked for and is not there is none', () => {
    const facts = resolveContext(DEFAULT_CONTEXT, about(tags()));
    expect(facts.environment).toMatchObject({ state: 'known', value: { none: true } });
    expect(facts.data_classification).toMatchObject({ state: 'known', value: { none: true } });
    expect(facts.owner).toMatchObject({ state: 'known', value: { none: true } });
  });

  it('a tag without a value says nothing', () => {
    const facts = resolveContext(DEFAULT_CONTEXT, about(tags(['owner', ' '], ['team', 'Shop'], ['environment', ''])));
    expect(facts.environment).toMatchObject({ value: { none: true } });
    expect(facts.owner).toMatchObject({ value: 'shop' });
  });

  it('tags that could not be seen leave it unknown, even where the account map has an answer', () => {
    const facts = resolveContext(withAccounts, about({ state: 'unknown', why: 'denied' }));
    expect(facts.environment).toEqual({ state: 'unknown', why: 'denied' });
    const open: NativeResource['tags'] = { state: 'known', value: [], closed: false, at: '/tags' };
    expect(resolveContext(DEFAULT_CONTEXT, about(open)).environment).toMatchObject({
      state: 'unknown',
      why: 'not_collected',
    });
  });

  it('a project is found by its id and by its number', () => {
    const accounts = { 'shop-prod': { number: '1234567890', environment: 'production' as const } };
    const config = contextConfigSchema.parse({ ...DEFAULT_CONTEXT, accounts });
    for (const account of ['shop-prod', 'Shop-Prod', '1234567890']) {
      expect(resolveContext(config, about(tags(), account)).environment).toMatchObject({ value: 'production' });
    }
    expect(resolveContext(config, { ...about(tags(), '123'), cloud: 'gcp' }).environment).toMatchObject({
      value: { none: true },
    });
    // Without the number an entry may be any project that is named by number, and the other way round.
    const open = (key: string, account: string, cloud = 'gcp') =>
      resolveContext(
        { ...DEFAULT_CONTEXT, accounts: { [key]: { environment: 'production' } } },
        { ...about(tags(), account), cloud },
      ).environment;
    expect(open('shop-prod', '1234567890')).toMatchObject({ state: 'unknown', why: 'not_collected' });
    expect(open('1234567890', 'shop-prod')).toMatchObject({ state: 'unknown' });
    for (const [key, account, cloud] of [
      ['shop-prod', 'shop-test'],
      ['1234567890', '1234567891'],
      ['111122223333', 'shop-prod'],
      ['c9c1f2d4-0000-4000-8000-000000000000', '1234567890'],
      ['shop-prod', '111122223333', 'aws'],
    ] as const) {
      expect(open(key, account, cloud)).toMatchObject({ value: { none: true } });
    }
    expect(contextConfigSchema.safeParse({ version: 1, accounts: { p: { number: 'p-1' } } }).success).toBe(false);
  });

  it('the account map answers where no tag does, and a tag is more specific', () => {
    expect(resolveContext(withAccounts, about(tags())).environment).toMatchObject({ value: 'production' });
    expect(resolveContext(withAccounts, about(tags(['env', 'dev']))).environment).toMatchObject({
      value: 'development',
    });
    expect(resolveContext(withAccounts, about(tags())).owner).toMatchObject({ value: 'payments' });
  });

  it('an account that the document does not name is unknown only where the map could have said something', () => {
    const nowhere = { cloud: 'aws', account: undefined, region: undefined, tags: tags() };
    expect(resolveContext(withAccounts, nowhere).environment).toMatchObject({ state: 'unknown', why: 'not_collected' });
    expect(resolveContext(withAccounts, nowhere).data_classification).toMatchObject({ value: { none: true } });
    expect(resolveContext(DEFAULT_CONTEXT, nowhere).environment).toMatchObject({ value: { none: true } });
  });

  it('a classification that no rule knows is unknown, never none', () => {
    expect(
      resolveContext(DEFAULT_CONTEXT, about(tags(['data_classification', 'rosa']))).data_classification,
    ).toMatchObject({
      state: 'unknown',
      why: 'invalid',
    });
  });

  it('what the pipeline says fills in silence and overrides nothing', () => {
    const silent = resolveContext(DEFAULT_CONTEXT, about(tags()));
    const tagged = resolveContext(DEFAULT_CONTEXT, about(tags(['env', 'dev'])));
    expect(withPipelineContext(silent, { environment: 'production' }).environment).toMatchObject({
      value: 'production',
    });
    expect(withPipelineContext(tagged, { environment: 'production' }).environment).toMatchObject({
      value: 'development',
    });
    expect(withPipelineContext(silent, { environment: 'prodd' }).environment).toMatchObject({
      state: 'unknown',
      why: 'invalid',
    });
  });

  it('an unknown key in the configuration is refused', () => {
    expect(contextConfigSchema.safeParse({ version: 1, acounts: {} }).success).toBe(false);
    expect(contextConfigSchema.safeParse(DEFAULT_CONTEXT).success).toBe(true);
  });
});
