/** Calls to the doors that stand open to the world: from strangers, again, and too large. Real tokens and signatures. */
import { describe, expect } from 'vitest';
import { makeEventGridDoor } from '../../shared/adapters/azure/event-grid-door.ts';
import { makeAssetFeedDoor } from '../../shared/adapters/gcp/asset-feed-door.ts';
import { makeAzureCaller } from '../../shared/adapters/http-auth/azure-caller.ts';
import { makeGoogleCaller } from '../../shared/adapters/http-auth/google-caller.ts';
import type { HttpAnswer } from '../../shared/adapters/http-auth/http.ts';
import { sign } from '../../shared/adapters/slack/signature.ts';
import { call, makeDoorWorld } from '../support/door.ts';
import { count, drill } from '../support/drill.ts';
import { finding, makeSlackActions, pressed, seconds, submitted, words } from '../support/slack-actions.ts';
import { azure, claims, forgedTokens, google, makeIssuer, subscription, WRONG_CLAIMS } from '../support/tokens.ts';

const account = `/subscriptions/${subscription}/resourceGroups/shop/providers/Microsoft.Storage/storageAccounts/shopfiles`;
const written = {
  id: '5f1a7b52-0001-4c7e-9a53-1a2b3c4d5e6f',
  topic: `/subscriptions/${subscription}`,
  subject: account,
  eventType: 'Microsoft.Resources.ResourceWriteSuccess',
  eventTime: '2026-11-25T11:59:58.1234567Z',
  dataVersion: '2',
  metadataVersion: '1',
  data: { resourceUri: account, operationName: 'Microsoft.Storage/storageAccounts/write' },
};
const cloudEvent = {
  specversion: '1.0',
  id: written.id,
  source: written.topic,
  subject: written.subject,
  type: written.eventType,
  time: written.eventTime,
  data: written.data,
};
const asset = {
  asset: {
    name: '//storage.googleapis.com/shop-files',
    assetType: 'storage.googleapis.com/Bucket',
    updateTime: '2026-11-25T11:59:58.123456Z',
    ancestors: ['projects/1234', 'organizations/1'],
    resource: { version: 'v1', data: { name: 'shop-files' } },
  },
  window: { startTime: '2026-11-25T11:59:58.123456Z' },
};
const push = (data: unknown) => ({
  message: {
    data: Buffer.from(JSON.stringify(data)).toString('base64'),
    messageId: '1',
    publishTime: '2026-11-25T12:00:00Z',
  },
  subscription: google.subscription,
});
const deep = '['.repeat(100_000) + ']'.repeat(100_000);

/** The doors of events with the keys of an issuer, what is good there, and what is forged. */
async function makeDoors() {
  const [issuer, stranger] = [await makeIssuer(), await makeIssuer()];
  const forged = async (which: 'azure' | 'google'): Promise<readonly (string | undefined)[]> => {
    const [head = '', , signature = ''] = (await issuer.token(claims[which])).split('.');
    const changed = Buffer.from(JSON.stringify({ ...claims[which], exp: 4_000_000_000 })).toString('base64url');
    const wrong = WRONG_CLAIMS.filter(([door]) => door === which);
    const tokens = [
      ...(await forgedTokens(issuer, stranger, claims[which])),
      ...(await Promise.all(wrong.map(([, , payload]) => issuer.token({ ...payload })))),
      await issuer.token(claims[which], { expiresIn: -120 }),
      await issuer.unexpiringToken(claims[which]),
      await issuer.token(claims[which === 'azure' ? 'google' : 'azure']),
      `${head}.${changed}.${signature}`,
      'let-me-in',
    ];
    return [undefined, '', 'Basic dXNlcjpwYXNz', ...tokens.map((token) => `Bearer ${token}`)];
  };
  const doorOf = (which: 'azure' | 'google') => {
    const world = makeDoorWorld();
    const check = (which === 'azure' ? makeAzureCaller : makeGoogleCaller) as typeof makeAzureCaller;
    const callers = which === 'azure' ? azure : (google as unknown as typeof azure); // each maker gets its own
    const deps = { ...world.deps, check: check(callers, { keys: issuer.keys }) };
    const door =
      which === 'azure'
        ? makeEventGridDoor({ ...deps, subscriptions: [subscription] })
        : makeAssetFeedDoor({ ...deps, subscription: google.subscription });
    return {
      ...world,
      open: (body: unknown, authorization?: string): Promise<HttpAnswer> =>
        door(call(body, authorization === undefined ? {} : { headers: { authorization } })),
    };
  };
  const good = async (which: 'azure' | 'google'): Promise<string> => `Bearer ${await issuer.token(claims[which])}`;
  return { doorOf, forged, good };
}
/** The doors of events by what they are called, with what they take. */
const DOORS = [
  ['Event Grid', 'azure', [written]],
  ['CloudEvents', 'azure', cloudEvent],
  ['Pub/Sub', 'google', push(asset)],
] as const;

describe('webhooks', () => {
  drill(
    {
      id: 'forged-calls',
      done: 'Good events come to the doors of Event Grid (both schemas) and Pub/Sub with every forged token (none, of another key, algorithm, issuer, audience, tenant, application, role or account, expired, endless, changed after it was signed), and an approval to the door of Slack with every forged signature, of another time and for another body',
      holds:
        'each is answered 401 and counted; nothing is sent, kept, decided or told; the same call with what is due is taken',
    },
    async () => {
      const doors = await makeDoors();
      const refused: string[] = [];
      for (const [title, which, body] of DOORS) {
        const { open, sent, kept, count: counted } = doors.doorOf(which);
        const headers = await doors.forged(which);
        for (const header of headers)
          expect(await open(body, header), `${title} ${header}`).toMatchObject({ status: 401 });
        expect([sent, kept(), counted('CallersRefused')], title).toEqual([[], [], headers.length]);
        expect(await open(body, await doors.good(which)), title).toEqual({ status: 200 });
        expect(sent, title).toHaveLength(1);
        refused.push(`${title} ${headers.length}`);
      }

      const slack = makeSlackActions();
      await slack.call(pressed('except', finding.id));
      await slack.call(submitted(slack.forms[0]?.private_metadata ?? '', words));
      const [wish] = await slack.exceptions.list();
      const before = [slack.told.length, slack.slack.sent.length];
      const approval = pressed('approve', wish?.id ?? '', 'U0APPROVER');
      const body = new URLSearchParams({ payload: JSON.stringify(approval) }).toString();
      const now = `${seconds}`;
      const calls = [
        { signature: '' },
        { signature: 'v0=' },
        { signature: 'v0=ab' },
        { signature: sign('other-00', now, body) },
        { signature: sign('', now, body) },
        { signature: sign('shhh-0000', now, `${body}&x`) },
        { signature: sign('shhh-0000', `${seconds - 1}`, body) },
        { signature: sign('shhh-0000', now, body).toUpperCase() },
        { signature: sign('shhh-0000', now, body).replace('v0=', 'v1=') },
        { at: seconds - 301 },
        { at: seconds + 301 },
        { at: Number.NaN },
        { at: Infinity },
      ];
      for (const how of calls) expect(await slack.call(body, how), JSON.stringify(how)).toEqual({ status: 401 });
      expect(slack.counted).toEqual(calls.map(() => 'CallersRefused'));
      expect([slack.told.length, slack.slack.sent.length]).toEqual(before);
      expect((await slack.exceptions.list()).map((e) => e.state)).toEqual(['requested']);
      expect(await slack.call(body)).toEqual({ status: 200 });
      expect((await slack.exceptions.list()).map((e) => e.state)).toEqual(['approved']);
      return `${[...refused, `Slack ${calls.length}`].join(', ')} calls refused: nothing sent, kept, decided or told`;
    },
  );

  drill(
    {
      id: 'replayed-calls',
      done: 'Each good call comes twenty times, at once and one after the other, a delivery of Event Grid also with its event twenty times inside; calls of Slack come again within their five minutes and after them',
      holds:
        'each is answered 2xx and is one and the same change, which counts once; a button that was pressed once does its work once; after five minutes it is refused',
    },
    async () => {
      const doors = await makeDoors();
      const said: string[] = [];
      for (const [title, which, body] of DOORS) {
        const { open, sent } = doors.doorOf(which);
        const token = await doors.good(which);
        const again = Array.from({ length: 10 }, () => body);
        const answers = await Promise.all(again.map((one) => open(one, token)));
        for (const one of again) answers.push(await open(one, token));
        if (title === 'Event Grid')
          answers.push(
            await open(
              Array.from({ length: 20 }, () => written),
              token,
            ),
          );
        expect(new Set(answers.map(({ status }) => status)), title).toEqual(new Set([200]));
        expect(new Set(sent.map(({ changeId }) => changeId)).size, title).toBe(1);
        said.push(`${title} ${sent.length} times`);
      }
      const slack = makeSlackActions();
      const once = pressed('explain', finding.id);
      const answers = await Promise.all(Array.from({ length: 10 }, () => slack.call(once)));
      for (let n = 0; n < 10; n++) answers.push(await slack.call(once));
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
      expect(slack.told).toHaveLength(1);
      const body = new URLSearchParams({ payload: JSON.stringify(once) }).toString();
      expect(await slack.call(body, { at: seconds - 301 })).toEqual({ status: 401 });
      expect(slack.told).toHaveLength(1);
      return `${said.join(', ')}: one change each; a button of Slack ${count(answers.length)} times: answered once, refused when it was old`;
    },
  );

  drill(
    {
      id: 'oversized-calls',
      done: 'Calls with bodies of 5 MB and of 100,000 levels come to every door, from strangers and from who may call',
      holds:
        'strangers are refused before the body is looked at, and nothing of it is kept; of who may call at most 1 MB is kept, with the reason, and answered 2xx so that it does not come again; nothing is sent; the next good call is taken',
    },
    async () => {
      const doors = await makeDoors();
      const big = 'x'.repeat(5 * 1024 * 1024);
      const bodies = {
        azure: [
          JSON.stringify([{ ...written, data: { big } }]),
          JSON.stringify([{ ...written, data: 0 }]).replace('"data":0', `"data":${deep}`),
          big,
        ],
        google: [JSON.stringify(push({ ...asset, big })), deep, big],
      };
      let kept = 0;
      let calls = 0;
      for (const [title, which, good] of DOORS) {
        const door = doors.doorOf(which);
        const token = await doors.good(which);
        for (const body of bodies[which]) {
          expect(await door.open(body), title).toMatchObject({ status: 401 });
          expect(door.kept()).toHaveLength(0);
        }
        for (const body of bodies[which]) expect(await door.open(body, token), title).toEqual({ status: 200 });
        expect(door.sent, title).toEqual([]);
        expect(door.kept(), title).toHaveLength(bodies[which].length);
        for (const { content, reason } of door.kept()) {
          expect(content.length, title).toBeLessThanOrEqual(1024 * 1024);
          expect(reason, title).toMatch(/at most|too deep/);
        }
        expect(await door.open(good, token), title).toEqual({ status: 200 });
        expect(door.sent, title).toHaveLength(1);
        kept += door.kept().length;
        calls += 2 * bodies[which].length;
      }
      const slack = makeSlackActions();
      for (const signature of [undefined, 'v0=00']) {
        expect(await slack.call(big, { signature })).toEqual({ status: 413 });
        calls += 1;
      }
      expect(await slack.call(`payload=${encodeURIComponent(deep.slice(0, 20_000))}`)).toEqual({ status: 200 });
      expect([slack.told, slack.slack.sent, await slack.exceptions.list()]).toEqual([[], [], []]);
      expect(await slack.call(pressed('explain', finding.id))).toEqual({ status: 200 });
      expect(slack.told).toHaveLength(1);
      return `${count(calls + 1)} calls: ${kept} kept with the reason and at most 1 MB, 0 sent; the good ones that followed were taken`;
    },
  );
});
