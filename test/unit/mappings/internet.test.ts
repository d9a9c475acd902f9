import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { holdsInternet, parseCidr, withoutRange } from '../../../shared/mappings/internet.ts';

describe('which ranges mean the internet', () => {
  test.each([
    '0.0.0.0/0',
    '0.0.0.0/1',
    '128.0.0.0/1',
    '8.0.0.0/7',
    '8.0.0.0/8',
    '10.0.0.0/7', // 11.0.0.0/8 is public
    '172.0.0.0/8', // most of it is public
    '192.0.0.0/8',
    '100.0.0.0/8',
    '::/0',
    '::/1',
    '2000::/3',
    '2002::/16',
    '2600::/16',
    '::ffff:0.0.0.0/96',
    '::ffff:8.0.0.0/104',
    '::ffff:0:0/90',
    '0.0.0.0/0 ',
  ])('%s is', (cidr) => {
    expect(parseCidr(cidr)?.internet).toBe(true);
  });
  test.each([
    '10.0.0.0/8',
    '127.0.0.0/8',
    '0.0.0.0/8',
    '224.0.0.0/4',
    '240.0.0.0/4',
    '224.0.0.0/3',
    '172.16.0.0/12',
    '192.168.0.0/16',
    '100.64.0.0/10',
    '8.0.0.0/9',
    '203.0.113.7/32',
    '203.0.113.7',
    'fc00::/7',
    'fd00::/8',
    'fe80::/10',
    'fe80::/9',
    'ff00::/8',
    '2600::/17',
    '2600:1f00::/24',
    '::1',
    '::ffff:10.0.0.0/104',
    '::ffff:8.0.0.0/105',
  ])('%s is not', (cidr) => {
    expect(parseCidr(cidr)?.internet).toBe(false);
  });
});

describe('the value of a range', () => {
  test.each([
    ['10.1.2.3/8', { family: 'ipv4', first: '0a000000', last: '0affffff' }],
    ['203.0.113.7', { family: 'ipv4', first: 'cb007107', last: 'cb007107' }],
    ['0.0.0.0/0', { family: 'ipv4', first: '00000000', last: 'ffffffff' }],
    ['::/0', { family: 'ipv6', first: '0'.repeat(32), last: 'f'.repeat(32) }],
    ['2001:DB8::1/32', { family: 'ipv6', first: `20010db8${'0'.repeat(24)}`, last: `20010db8${'f'.repeat(24)}` }],
    ['::ffff:192.0.2.0/120', { family: 'ipv4', first: 'c0000200', last: 'c00002ff' }],
  ])('%s', (cidr, range) => {
    expect(parseCidr(cidr)?.range).toEqual(range);
  });
  test.each([
    '',
    '*',
    'Internet',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/08',
    '10.0.0.0/8/8',
    '010.0.0.0/8',
    '10.0.0/8',
    '167772160',
    '0x0a000000/8',
    '10.0.0.0/255.0.0.0',
    '::/129',
    'fe80::1%eth0',
    '10.0.0.0-10.0.0.9',
    ':::/0',
  ])('%j is no range', (text) => {
    expect(parseCidr(text)).toBeUndefined();
  });
  test('any text gives a range or nothing, and a range is never inverted', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.ipV4(), fc.ipV6()), fc.integer({ min: 0, max: 130 }), (address, prefix) => {
        const got = parseCidr(`${address}/${prefix}`);
        if (got === undefined) return;
        expect(got.range.first <= got.range.last).toBe(true);
        expect(got.range.first).toHaveLength(got.range.family === 'ipv4' ? 8 : 32);
        expect(got.range.last).toHaveLength(got.range.first.length);
      }),
    );
  });
  test('widening a public range never stops it from being the internet', () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.integer({ min: 1, max: 32 }), (address, prefix) => {
        if (parseCidr(`${address}/${prefix}`)?.internet !== true) return;
        expect(parseCidr(`${address}/${prefix - 1}`)?.internet).toBe(true);
      }),
    );
  });
});

describe('a range less another one', () => {
  const range = (text: string) => {
    const cidr = parseCidr(text);
    if (cidr === undefined) throw new Error(text);
    return cidr.range;
  };
  test('is nothing, one range or two', () => {
    expect(withoutRange(range('10.0.0.0/8'), range('0.0.0.0/0'))).toEqual([]);
    expect(withoutRange(range('0.0.0.0/0'), range('::/0'))).toEqual([range('0.0.0.0/0')]);
    expect(withoutRange(range('0.0.0.0/0'), range('128.0.0.0/1'))).toEqual([range('0.0.0.0/1')]);
    expect(withoutRange(range('10.0.0.0/30'), range('10.0.0.1'))).toEqual([
      range('10.0.0.0'),
      { family: 'ipv4', first: '0a000002', last: '0a000003' },
    ]);
  });
  test('still holds the internet as long as a public /8 is left', () => {
    expect(holdsInternet({ family: 'ipv4', first: '0affffff', last: '0bffffff' })).toBe(true);
    expect(holdsInternet({ family: 'ipv4', first: '0a000000', last: '0bfffffe' })).toBe(false);
    expect(holdsInternet({ family: 'ipv4', first: 'e0000000', last: 'ffffffff' })).toBe(false);
    expect(holdsInternet(range('fc00::/6'))).toBe(true);
    expect(holdsInternet(range('fc00::/7'))).toBe(false);
  });
});
