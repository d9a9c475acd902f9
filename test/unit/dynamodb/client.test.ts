/** A query that DynamoDB answers in pages. */
import type { QueryCommand } from '@aws-sdk/lib-dynamodb';
import { expect, it } from 'vitest';
import { queryAll } from '../../../shared/adapters/dynamodb/client.ts';

type Client = Parameters<typeof queryAll>[0];

it('is asked again from where each page ended, also after a page that holds nothing', async () => {
  const pages = [
    { Items: [{ n: 1 }, { n: 2 }], LastEvaluatedKey: { id: 'a' } },
    { Items: [], LastEvaluatedKey: { id: 'b' } },
    { LastEvaluatedKey: { id: 'c' } },
    { Items: [{ n: 3 }] },
  ];
  const from: unknown[] = [];
  const send = ({ input }: QueryCommand) => {
    from.push(input.ExclusiveStartKey);
    return Promise.resolve(pages[from.length - 1]);
  };
  const found = await queryAll({ send: send as Client['send'] }, { TableName: 't' });
  expect(found).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
  expect(from).toEqual([undefined, { id: 'a' }, { id: 'b' }, { id: 'c' }]);
});
