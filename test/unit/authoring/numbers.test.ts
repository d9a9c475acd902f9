import { describe, expect, it } from 'vitest';
import { numbersOf, withoutRationale } from '../../../shared/authoring/numbers.ts';

const valuesOf = (sentence: string): readonly (readonly number[])[] => numbersOf(sentence).map((n) => n.values);

describe('the numbers of a sentence', () => {
  it.each([
    ['for 30 days', [[30]]],
    ['for thirty-five days', [[35]]],
    ['a hundred and twenty days', [[120]]],
    ['two hundred days', [[200]]],
    ['a 30-day retention', [[30]]],
    ['kept 14d', [[14]]],
    ['for 4 weeks', [[28]]],
    ['a fortnight', [[14]]],
    ['one year', [[365, 366]]],
    ['half a year', [[182, 183, 183, 183]]],
    ['for 1,000 days', [[1000]]],
    ['30+ days', [[30]]],
    ['more than 14 days', [[14, 13, 15]]],
    ['backups > 30 days', [[30, 29, 31]]],
    ['backups >= 30 days', [[30]]],
  ] as const)('%s', (sentence, values) => {
    expect(valuesOf(sentence)).toEqual(values);
  });

  it.each([
    ['ports 22,3389', [[22], [3389]]],
    ['ports 80/443', [[80], [443]]],
    ['port 22/tcp', [[22]]],
    ['tcp/22', [[22]]],
    ['ports 8000-8100', [[8000], [8100]]],
  ] as const)('are ports: %s', (sentence, values) => {
    expect(valuesOf(sentence)).toEqual(values);
  });

  it.each([
    'CIS 2.1.1: buckets are private',
    'Per PCI DSS v4.0 req. 10.2 access is logged',
    'ISO 27001 A.8.24: TLS',
    'NIST SP 800-53 SC-7',
    'AES-256 or SHA-256',
    'reachable 24/7',
    '100% of our databases',
    'two-factor and zero trust',
    'the first of the two',
    'in 10.0.0.0/8',
    's3 and k8s, eu-west-1',
    '1) TLS 2) no public endpoint',
    'by 2027 at the latest',
  ])('are none: %s', (sentence) => {
    expect(valuesOf(sentence)).toEqual([]);
  });
});

describe('why a rule is there', () => {
  it('tells what happened, and asks for nothing', () => {
    expect(withoutRationale('Databases must be private. Last year 3 incidents began with one.')).toBe(
      'databases must be private.',
    );
  });
  it('is not a sentence that asks for something', () => {
    const sentence = 'after last year, backups must be kept 30 days.';
    expect(withoutRationale(sentence)).toBe(sentence);
  });
});
