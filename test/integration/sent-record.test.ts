/** The record of what Slack was told, over DynamoDB's protocol: of many who want to tell an event one does. */
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type LocalAws, startLocalAws } from '../../local/ministack.ts';
import { changeNote, makeNotes } from '../../shared/adapters/slack/notes.ts';
import { makeSentRecord } from '../../shared/adapters/slack/sent-record.ts';
import { findingsTable } from '../../shared/model/tables.ts';
import { describeWith } from '../support/requirements.ts';
import { createTable } from '../support/tables.ts';

describeWith(['python'], 'the record of what was told', () => {
  let aws: LocalAws;
  let client: DynamoDBClient;
  let nowMs = Date.parse('2026-11-25T12:00:00.000Z');
  const sent = () => makeSentRecord(client, 'findings', () => nowMs);
  beforeAll(async () => {
    aws = await startLocalAws({ port: 0 });
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
    client = new DynamoDBClient({ endpoint: aws.endpoint, region: 'us-east-1', credentials });
    await createTable(client, 'findings', findingsTable);
  });
  afterAll(() => aws.stop());

  it('gives an event to one of many', async () => {
    const claims = await Promise.all(Array.from({ length: 20 }, () => sent().claim('race')));
    expect(claims.filter((claim) => claim === 'mine')).toHaveLength(1);
    expect(claims.filter((claim) => claim === 'held')).toHaveLength(19);
  });

  it('remembers what was told, for longer than the queue keeps it', async () => {
    await sent().claim('told');
    await sent().done('told');
    nowMs += 60 * 60 * 1000;
    expect(await sent().claim('told')).toBe('told');
    const { Item } = await client.send(
      new GetItemCommand({ TableName: 'findings', Key: { finding: { S: 'sent#slack#told' }, item: { S: 'sent' } } }),
    );
    expect(Number(Item?.['expires_at']?.N) * 1000).toBeGreaterThan(nowMs + 14 * 86_400_000 - 60 * 60 * 1000);
  });

  it('gives an event on when whoever took it did not come to an end, or let it go', async () => {
    expect(await sent().claim('lost')).toBe('mine');
    expect(await sent().claim('lost')).toBe('held');
    nowMs += 6 * 60 * 1000;
    expect(await sent().claim('lost')).toBe('mine');
    await sent().release('lost');
    expect(await sent().claim('lost')).toBe('mine');
  });

  it('keeps notes that one of many changes at a time, and lists in the order of their ids', async () => {
    const notes = makeNotes(client, 'findings', () => nowMs);
    await Promise.all(
      Array.from({ length: 5 }, () =>
        changeNote<{ n: number }>(notes, 'count', (known) => ({ n: (known?.n ?? 0) + 1 })),
      ),
    );
    expect(await notes.read('count')).toMatchObject({ version: 5, value: { n: 5 } });
    expect(await notes.write('count', {}, 4)).toBe(false);
    for (const id of ['2026-11-25T13:00#b', '2026-11-25T12:00#a', '2026-11-25T12:00#a'])
      await notes.add('due', id, { id });
    expect((await notes.list('due')).map(({ id }) => id)).toEqual(['2026-11-25T12:00#a', '2026-11-25T13:00#b']);
    expect(await notes.list('due', { upTo: '2026-11-25T12:30' })).toEqual([
      { id: '2026-11-25T12:00#a', value: { id: '2026-11-25T12:00#a' } },
    ]);
    await notes.remove('due', '2026-11-25T12:00#a');
    expect(await notes.list('due')).toHaveLength(1);
  });
});
