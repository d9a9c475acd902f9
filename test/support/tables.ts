import { CreateTableCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Attribute, TableShape } from '../../shared/model/tables.ts';

/** Creates a table of this shape, as the stacks would. */
export async function createTable(client: DynamoDBClient, name: string, shape: TableShape): Promise<void> {
  const attributes = new Map<string, Attribute>();
  const key = (partition: Attribute, sort: Attribute | undefined) => {
    const keys = sort === undefined ? [partition] : [partition, sort];
    for (const attribute of keys) attributes.set(attribute.name, attribute);
    return keys.map(({ name: AttributeName }, i) => ({
      AttributeName,
      KeyType: i === 0 ? ('HASH' as const) : ('RANGE' as const),
    }));
  };
  const KeySchema = key(shape.partitionKey, shape.sortKey);
  const GlobalSecondaryIndexes = shape.indexes.map((index) => ({
    IndexName: index.name,
    KeySchema: key(index.partitionKey, index.sortKey),
    Projection: { ProjectionType: index.projection },
  }));
  await client.send(
    new CreateTableCommand({
      TableName: name,
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema,
      AttributeDefinitions: [...attributes.values()].map(({ name: AttributeName, type: AttributeType }) => ({
        AttributeName,
        AttributeType,
      })),
      ...(GlobalSecondaryIndexes.length === 0 ? {} : { GlobalSecondaryIndexes }),
    }),
  );
}
