import { describe, expect, test } from 'vitest';
import { evaluate, parseTemplateString, type Scope } from '../../../../shared/mappings/dialects/arm-expression.ts';
import { type Body, Unresolved } from '../../../../shared/model/native.ts';

const parameters: { readonly [name: string]: Body } = {
  prefix: 'logs',
  count: 3,
  on: true,
  tiers: ['hot', 'cool'],
  tags: { env: 'prod', nested: { a: 1 } },
};
const scope: Scope = {
  parameter: (name) => parameters[name] ?? new Unresolved(`{parameters('${name}')}`),
  variable: (name) => new Unresolved(`{variables('${name}')}`),
  copyIndex: (name) => (name === undefined || name === 'loop' ? 2 : undefined),
  symbol: (name) => (name === 'store' ? 'microsoft.storage/storageaccounts/logs' : undefined),
};
const value = (text: string): Body => {
  const expression = parseTemplateString(text);
  if (expression === undefined || expression === 'invalid') throw new Error(`not an expression: ${text}`);
  return evaluate(expression, scope);
};

describe('a template expression', () => {
  test.each<readonly [string, Body]>([
    ["[parameters('prefix')]", 'logs'],
    ["[concat(parameters('prefix'), '-', parameters('count'))]", 'logs-3'],
    ["[concat(parameters('tiers'), createArray('cold'))]", ['hot', 'cool', 'cold']],
    ["[format('{0}/{1}', parameters('prefix'), 'default')]", 'logs/default'],
    ["[toLower('ABC')]", 'abc'],
    ["[toUpper('abc')]", 'ABC'],
    ["[length(parameters('tiers'))]", 2],
    ["[length('four')]", 4],
    ['[copyIndex()]', 2],
    ["[copyIndex('loop', 10)]", 12],
    ['[copyIndex(1)]', 3],
    ["[parameters('tags').env]", 'prod'],
    ["[parameters('tags').NESTED['a']]", 1],
    ["[parameters('tiers')[1]]", 'cool'],
    ["[if(parameters('on'), 'yes', 'no')]", 'yes'],
    ["[if(equals(parameters('count'), 3), 'three', reference('x'))]", 'three'],
    ['[and(true(), not(false()))]', true],
    ['[or(false(), greater(2, 1))]', true],
    ["[empty('')]", true],
    ["[empty(parameters('tags'))]", false],
    ["[contains(parameters('tiers'), 'hot')]", true],
    ["[contains(parameters('tags'), 'ENV')]", true],
    ["[coalesce(null(), 'b')]", 'b'],
    ['[string(7)]', '7'],
    ["[int('7')]", 7],
    ["[bool('True')]", true],
    ["[first('abc')]", 'a'],
    ["[last(parameters('tiers'))]", 'cool'],
    ["[split('a,b', ',')]", ['a', 'b']],
    ["[substring('abcdef', 1, 2)]", 'bc'],
    ["[union(createObject('a', 1), createObject('b', 2))]", { a: 1, b: 2 }],
    ['[range(1, 3)]', [1, 2, 3]],
    ["[replace('a.b', '.', '$&')]", 'a$&b'],
    ['[json(\'{"a": [1]}\')]', { a: [1] }],
    ['[add(1, mul(2, 3))]', 7],
    ["['it''s']", "it's"],
  ])('%s', (text, expected) => {
    expect(value(text)).toEqual(expected);
  });

  test.each(['plain', '[[escaped]', 'x[y]', ''])('%j is a literal', (text) => {
    expect(parseTemplateString(text)).toBeUndefined();
  });

  test.each([
    '[concat(]',
    "[parameters('a'",
    "['a' 'b']",
    '[]',
    '[a b()]',
    `[${'not('.repeat(500)}true()${')'.repeat(500)}]`,
  ])('%s is refused, not guessed', (text) => {
    expect(parseTemplateString(text) ?? 'invalid').toBe('invalid');
  });

  test.each([
    "[parameters('none')]",
    "[concat('a', uniqueString(resourceGroup().id))]",
    "[reference('store').properties.x]",
    '[newGuid()]',
    "[equals(createArray(uniqueString('a')), createArray(uniqueString('b')))]",
    "[if(parameters('none'), 'a', 'b')]",
    "[length('a', 'b').x]",
    "[parameters('tags').nothing]",
    '[subscription().subscriptionId]',
  ])('%s is unresolved', (text) => {
    expect(value(text)).toBeInstanceOf(Unresolved);
  });

  test('of which both branches agree is known', () => {
    expect(value("[if(parameters('none'), 'same', 'same')]")).toBe('same');
    expect(value("[and(parameters('none'), false())]")).toBe(false);
    expect(value("[or(parameters('none'), true())]")).toBe(true);
  });

  test('made of the same unknown is the same text, without a slash in its hole', () => {
    const one = value("[concat('st', uniqueString(resourceGroup().id, 'a/b'))]");
    const two = value("[format('st{0}', uniqueString(resourceGroup().id, 'a/b'))]");
    expect((one as Unresolved).detail).toBe((two as Unresolved).detail);
    expect((one as Unresolved).detail).not.toContain('/');
  });

  test.each([
    ["[resourceId('Microsoft.Storage/storageAccounts', 'Logs')]", 'microsoft.storage/storageaccounts/logs'],
    ["[resourceId('rg-2', 'Microsoft.Sql/servers/databases', 's', 'd')]", 'microsoft.sql/servers/s/databases/d'],
    [
      "[subscriptionResourceId('Microsoft.Authorization/policyDefinitions', 'p')]",
      'microsoft.authorization/policydefinitions/p',
    ],
    [
      "[extensionResourceId(resourceId('Microsoft.Sql/servers', 's'), 'Microsoft.Authorization/locks', 'l')]",
      'microsoft.sql/servers/s/providers/microsoft.authorization/locks/l',
    ],
    ["[reference('store')]", 'microsoft.storage/storageaccounts/logs'],
  ])('%s refers to %s', (text, id) => {
    expect((value(text) as Unresolved).refs[0]).toBe(id);
  });

  test('does not grow without bound', () => {
    const nest = (n: number): string => (n === 0 ? "'xxxxxxxx'" : `concat(${nest(n - 1)}, ${nest(n - 1)})`);
    // 8 * 2^8 characters are a text; what doubles from there is cut off.
    expect(typeof value(`[${nest(8)}]`)).toBe('string');
    expect(value(`[padLeft('x', 9999999)]`)).toBeInstanceOf(Unresolved);
  });
});
