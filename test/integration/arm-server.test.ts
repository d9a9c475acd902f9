import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeArmClient } from '../../shared/adapters/azure/arm-client.ts';
import { type ArmServer, startArmServer } from '../../local/arm-server.ts';
import { DENIED } from '../../local/stories/story.ts';

const account = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/a';
let server: ArmServer;
beforeAll(async () => {
  server = await startArmServer();
});
afterAll(() => server.stop());
const arm = () => makeArmClient({ endpoint: server.url, credential: undefined });

it('answers as Resource Manager does, whatever the case of the id', async () => {
  server.set({ [account]: { id: account, name: 'a' }, [`${account}/blobServices/default/containers`]: { value: [] } });

  await expect(arm().get(account.toUpperCase(), '2025-08-01')).resolves.toMatchObject({
    is: 'found',
    body: { name: 'a' },
  });
  await expect(arm().list(`${account}/blobServices/default/containers`, '2025-08-01')).resolves.toMatchObject({
    is: 'found',
  });
  await expect(arm().get(`${account}x`, '2025-08-01')).resolves.toEqual({ is: 'gone' });
  expect((await fetch(server.url + account)).status).toBe(400);
});

it('refuses and forgets a resource with everything below it', async () => {
  server.set({ [account]: DENIED });
  await expect(arm().get(`${account}/blobServices/default`, '2025-08-01')).resolves.toEqual({ is: 'denied' });

  server.set({ [account]: null });
  await expect(arm().get(account, '2025-08-01')).resolves.toEqual({ is: 'gone' });
  await expect(arm().list(`${account}/blobServices/default/containers`, '2025-08-01')).resolves.toEqual({ is: 'gone' });
});

it('lists in Resource Graph what may be read, main resources alone, in pages', async () => {
  server.set({
    [account]: { id: account },
    [`${account}/blobServices/default`]: { id: 'child' },
    '/subscriptions/s/resourceGroups/g/providers/Microsoft.Sql/servers/hidden': DENIED,
    '/subscriptions/s/resourceGroups/g/providers/Microsoft.Sql/servers/shown': { id: 'shown' },
    '/subscriptions/other/resourceGroups/g/providers/Microsoft.Sql/servers/foreign': { id: 'foreign' },
  });
  const ask = async (options: object) => {
    const response = await fetch(`${server.url}/providers/Microsoft.ResourceGraph/resources?api-version=2024-04-01`, {
      method: 'POST',
      body: JSON.stringify({ subscriptions: ['S'], query: 'resources', options }),
    });
    return (await response.json()) as { data: { id: string; type: string }[]; $skipToken?: string };
  };

  const first = await ask({ $top: 1 });
  const second = await ask({ $top: 1, $skipToken: first.$skipToken });

  expect([...first.data, ...second.data].map((row) => row.type)).toEqual([
    'microsoft.sql/servers',
    'microsoft.storage/storageaccounts',
  ]);
  expect(second.$skipToken).toBeUndefined();
});
