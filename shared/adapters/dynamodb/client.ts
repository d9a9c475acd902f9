import { DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, QueryCommand, type QueryCommandInput } from '@aws-sdk/lib-dynamodb';

/** A table and the client that reaches it. */
export interface Table {
  readonly client: DynamoDBDocumentClient;
  readonly name: string;
}

/** The client that every table adapter shares: plain values in and out, undefined ones left out. */
export function makeDocumentClient(config: DynamoDBClientConfig = {}): DynamoDBDocumentClient {
  return DynamoDBDocumentClient.from(new DynamoDBClient(config), {
    marshallOptions: { removeUndefinedValues: true },
  });
}

/** Every item that a query finds, page after page. */
export async function queryAll(
  client: Pick<DynamoDBDocumentClient, 'send'>,
  query: Omit<QueryCommandInput, 'ExclusiveStartKey' | 'Limit'>,
): Promise<readonly { readonly [attribute: string]: unknown }[]> {
  const found: { readonly [attribute: string]: unknown }[] = [];
  let ExclusiveStartKey: QueryCommandInput['ExclusiveStartKey'];
  do {
    const answer = await client.send(
      new QueryCommand({ ...query, ...(ExclusiveStartKey === undefined ? {} : { ExclusiveStartKey }) }),
    );
    found.push(...(answer.Items ?? []));
    ExclusiveStartKey = answer.LastEvaluatedKey;
  } while (ExclusiveStartKey !== undefined);
  return found;
}
