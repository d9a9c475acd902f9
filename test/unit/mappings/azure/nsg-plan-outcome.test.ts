import { describe, expect, test } from 'vitest';
import type { Json } from '../../../../shared/model/json.ts';
import { mapped } from '../../../support/plan.ts';

type Fields = { readonly [key: string]: Json };
const ID =
  '/subscriptions/6f0d2c1e-4b57-4a19-9d3e-2f8a7c5b1e90/resourceGroups/rg/providers/Microsoft.Network/networkSecurityGroups/web';
const rule = (name: string, more: Fields = {}): Fields => ({
  name,
  direction: 'Inbound',
  access: 'Allow',
  priority: 200,
  protocol: 'Tcp',
  source_port_range: '*',
  destination_port_range: '22',
  source_address_prefix: '*',
  destination_address_prefix: '*',
  ...more,
});
const ALLOW = rule('allow');
const DENY = rule('deny', { access: 'Deny', priority: 100 });

const change = (type: string, name: string, what: Fields): Json => ({
  address: `${type}.${name}`,
  mode: 'managed',
  type,
  name,
  change: what,
});
const separate = (before: Fields, after: Fields | null): Json => {
  const ruleName = before['name'];
  if (typeof ruleName !== 'string') throw new Error('a rule has a name');
  const where = { id: `${ID}/securityRules/${ruleName}`, network_security_group_name: 'web' };
  const actions = after === null ? ['delete'] : before === after ? ['no-op'] : ['update'];
  return change('azurerm_network_security_rule', ruleName, {
    actions,
    before: { ...before, ...where },
    after: after === null ? null : { ...after, ...where },
  });
};
/** Whether SSH is open to the internet when a plan is through, for a group that shows the rules as they were. */
function opens(shown: readonly Fields[], ...rules: readonly Json[]): boolean | 'unknown' {
  const group = { id: ID, name: 'web', resource_group_name: 'rg', security_rule: shown };
  const of = { references: ['azurerm_network_security_group.web.name', 'azurerm_network_security_group.web'] };
  const document: Json = {
    format_version: '1.2',
    resource_changes: [
      change('azurerm_network_security_group', 'web', { actions: ['no-op'], before: group, after: group }),
      ...rules,
    ],
    configuration: {
      root_module: {
        resources: [
          { address: 'azurerm_network_security_group.web', expressions: { name: { constant_value: 'web' } } },
          ...['allow', 'deny'].map((name) => ({
            address: `azurerm_network_security_rule.${name}`,
            expressions: { network_security_group_name: of },
          })),
        ],
      },
    },
  };
  const ingress = mapped(document)[0]?.facts.ingress;
  if (ingress === undefined || ingress.state === 'unknown' || !Array.isArray(ingress.value)) return 'unknown';
  const items = ingress.value as readonly { internet?: boolean; ports?: { from?: number; to?: number } }[];
  const open = items.some((i) => i.internet === true && (i.ports?.from ?? 0) <= 22 && (i.ports?.to ?? 0) >= 22);
  return open || (ingress.closed === true && items.every((i) => i.internet !== undefined)) ? open : 'unknown';
}

describe('a group that exists shows its separate rules as they are before the plan', () => {
  test.each<[string, readonly Fields[], readonly Json[], boolean | 'unknown']>([
    ['nothing changes', [DENY, ALLOW], [separate(DENY, DENY), separate(ALLOW, ALLOW)], false],
    [
      'the deny loses its priority',
      [DENY, ALLOW],
      [separate(DENY, { ...DENY, priority: 300 }), separate(ALLOW, ALLOW)],
      true,
    ],
    ['the allow is narrowed', [ALLOW], [separate(ALLOW, { ...ALLOW, source_address_prefix: '10.0.0.0/8' })], false],
    ['the deny is deleted', [DENY, ALLOW], [separate(DENY, null), separate(ALLOW, ALLOW)], 'unknown'],
    ['the allow is deleted', [ALLOW], [separate(ALLOW, null)], 'unknown'],
    ['the rules are made elsewhere', [DENY, ALLOW], [], false],
    ['an allow is made elsewhere', [ALLOW], [], true],
  ])('%s', (_, shown, rules, open) => {
    expect(opens(shown, ...rules)).toBe(open);
  });
});
