import { describe, expect, it } from 'vitest';
import { checkSource } from '../../scripts/check-source.ts';

const messages = (file: string, text: string): string[] =>
  checkSource(file, text).map(({ line, message }) => `${line}: ${message}`);

describe('a suppression', () => {
  it.each([
    ['// oxlint-disable-next-line no-console\nf();', 'a lint suppression'],
    ['/* eslint-disable no-console */\nf();', 'a lint suppression'],
    ['// oxlint-disable-next-line no-console -- short\nf();', 'a lint suppression'],
    ['// @ts-expect-error\nf();', '@ts-expect-error'],
    ['// biome-ignore format:\nf();', 'a format suppression'],
    ['// Stryker disable next-line all\nf();', 'a mutation suppression'],
    ['/* v8 ignore next */\nf();', 'a coverage suppression'],
  ])('without a reason is found: %s', (text, name) => {
    expect(messages('shared/model/a.ts', text)).toEqual([`1: ${name} needs its reason`]);
  });

  it.each([
    '// oxlint-disable-next-line no-console -- the CLI speaks to a person\nf();',
    '// @ts-expect-error the test hands over what the type forbids\nf();',
    '// biome-ignore format: the table reads better in columns\nf();',
    '// Stryker disable next-line all: both branches give the same bytes\nf();',
    "const text = '// @ts-expect-error';",
  ])('with a reason, or in a string, passes: %s', (text) => {
    expect(messages('shared/model/a.ts', text)).toEqual([]);
  });

  it('that hides what is no longer wrong is refused even with a reason', () => {
    expect(messages('cli/a.ts', '// @ts-ignore because the types are wrong\nf();')).toHaveLength(1);
  });
});

describe('a cast', () => {
  it.each(['const a = b as any;', 'const a = b as never;', 'const a = b as unknown as string;'])(
    'that says nothing is found: %s',
    (text) => {
      expect(messages('cli/a.ts', text)).toHaveLength(1);
    },
  );

  it.each([
    '// The SDK types this as unknown.\nconst a = b as any;',
    'const a = b as unknown as string; // checked by the schema above',
    'const a = b as const;',
    'const a = b as string;',
  ])('with a reason, or that loses nothing, passes: %s', (text) => {
    expect(messages('cli/a.ts', text)).toEqual([]);
  });
});

describe('a test that is switched off', () => {
  it.each([
    "it.only('x', f);",
    "describe.skip('x', f);",
    "it.todo('x');",
    "it.skipIf(a)('x', f);",
    "describe.concurrent.skip('x', f);",
  ])('in silence is found: %s', (text) => {
    expect(messages('test/unit/a.test.ts', text)).toHaveLength(1);
  });

  it('passes with a reason, but never alone', () => {
    expect(messages('test/unit/a.test.ts', "// the local AWS has no such call\nit.skip('x', f);")).toEqual([]);
    expect(messages('test/unit/a.test.ts', "// only while I look into it\nit.only('x', f);")).toHaveLength(1);
  });
});

describe('a nag suppression', () => {
  it('needs a reason of ten characters', () => {
    expect(messages('infra/a.ts', "const s = [{ id: 'AwsSolutions-IAM5', reason: 'ok' }];")).toHaveLength(1);
    expect(messages('infra/a.ts', "const s = [{ id: 'AwsSolutions-IAM5' }];")).toHaveLength(1);
    expect(
      messages('infra/a.ts', "const s = [{ id: 'AwsSolutions-IAM5', reason: 'the index names are not known' }];"),
    ).toEqual([]);
  });
});

describe('a pure layer', () => {
  it.each(['Date.now();', 'new Date();', 'Math.random();', 'process.env;', 'setTimeout(f, 1);', "fetch('x');"])(
    'that is not pure is found: %s',
    (text) => {
      expect(messages('shared/policy/a.ts', text)).toHaveLength(1);
      expect(messages('shared/adapters/a.ts', text)).toEqual([]);
    },
  );

  it('may call a function of its own that is named like one of every object', () => {
    expect(messages('shared/policy/a.ts', 'valueOf(x); toString(x); constructor(x);')).toEqual([]);
  });

  it('may read a given instant', () => {
    expect(messages('shared/policy/a.ts', "new Date('2026-01-01T00:00:00Z').toISOString();")).toEqual([]);
  });
});
