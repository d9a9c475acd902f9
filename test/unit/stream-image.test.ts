import { marshall } from '@aws-sdk/util-dynamodb';
import { describe, expect, it } from 'vitest';
import { encode } from '../../shared/adapters/dynamodb/resource-item.ts';
import { indexed } from '../../shared/adapters/dynamodb/packing.ts';
import { imageOf, type StreamRecord } from '../../shared/adapters/dynamodb/stream.ts';
import { state } from '../support/conformance/resource-store.ts';
import { transition } from '../support/conformance/finding-store.ts';

/** A record of the table's stream after a commit. */
function record(
  pending: boolean,
  more: { readonly item?: string; readonly projected_revision?: number } = {},
): StreamRecord {
  const s = state('s1', 3, pending ? { pending: [transition(3, null, 'violation')], pendingSince: 1 } : {});
  const { attributes } = encode({ state: s, evidence: {} });
  return {
    eventName: 'MODIFY',
    dynamodb: {
      NewImage: marshall({ resource: s.id, item: 'state', ...attributes, ...more }, { removeUndefinedValues: true }),
    },
  };
}

describe('the keys of an index', () => {
  it('are never an empty text, for which DynamoDB refuses the item', () => {
    const { attributes } = encode({ state: state('s1', 3, { account: '' }), evidence: {} });
    expect(attributes['account']).toBeUndefined();
    expect(indexed('')).toBeUndefined();
    expect(indexed('team-a')).toBe('team-a');
  });
});

describe('records of the stream', () => {
  it('show what was committed', () => {
    expect(imageOf(record(true, { projected_revision: 2 }))).toMatchObject({
      id: 's1',
      account: '111122223333',
      owner: 'team-a',
      revision: 3,
      projectedRevision: 2,
      pending: [transition(3, null, 'violation')],
    });
  });

  it('of anything else say nothing: nothing pending, details and edges, what expired', () => {
    expect(imageOf(record(false))).toBeUndefined();
    expect(imageOf(record(true, { item: 'dependent#x' }))).toBeUndefined();
    expect(imageOf({ ...record(true), eventName: 'REMOVE' })).toBeUndefined();
    expect(imageOf({ eventName: 'REMOVE', dynamodb: {} })).toBeUndefined();
  });
});
