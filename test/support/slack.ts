/** Slack, the record of what was told and the notes, in memory; and events to tell of. */
import type { Posted, SlackClient, Where } from '../../shared/adapters/slack/client.ts';
import type { SlackMessage } from '../../shared/adapters/slack/message.ts';
import type { Listed, Notes } from '../../shared/adapters/slack/notes.ts';
import type { SentRecord } from '../../shared/adapters/slack/sent-record.ts';
import type { FindingTransitionEvent, TransitionDetail } from '../../shared/model/finding-event.ts';

/** One transition of a finding, as the bus tells it. */
export function slackEvent(id: string, edict: Partial<TransitionDetail> = {}): FindingTransitionEvent {
  const detail: TransitionDetail = {
    version: 1,
    eventId: id,
    findingId: `finding-${id}`,
    policy: { id: 'object-store.no-public-access', title: 'Object stores are not public', severity: 'critical' },
    clauses: [{ id: 'no-public-read', says: 'nobody can read objects', verdict: 'fails' }],
    facts: [{ fact: 'public_read', after: { state: 'known', value: true, at: '/configuration/acl' } }],
    from: null,
    to: 'violation',
    status: 'open',
    cause: { is: 'change', changeId: 'c', source: 'aws.config', actor: 'ana@example.com' },
    causeKey: 'cause-1',
    resource: {
      id: `arn:aws:s3:::${id}`,
      kind: 'object_store',
      nativeType: 'AWS::S3::Bucket',
      cloud: 'aws',
      account: '111122223333',
      name: id,
    },
    trueAt: '2026-11-25T12:00:00.000Z',
    knownAt: '2026-11-25T12:00:01.000Z',
    ...edict,
  };
  return {
    id,
    detailType: 'FindingOpened.v1',
    time: detail.trueAt,
    resource: detail.resource.id,
    detail: { edict: detail } as FindingTransitionEvent['detail'], // the message reads nothing else
  };
}

/** A change of one finding, the n-th of it: to a violation, or back. */
export function flip(finding: string, revision: number, bad: boolean, more: Partial<TransitionDetail> = {}) {
  return slackEvent(`${finding}-${revision}-0`, {
    findingId: finding,
    from: bad ? (revision === 1 ? null : 'compliant') : 'violation',
    to: bad ? 'violation' : 'compliant',
    status: bad ? 'open' : 'resolved',
    causeKey: `cause-${finding}-${revision}`,
    resource: { ...slackEvent(finding).detail.edict.resource },
    ...more,
  });
}

export interface Said extends Where {
  readonly message: SlackMessage;
}
export interface FakeSlack extends SlackClient {
  readonly sent: Said[];
  readonly updates: { readonly at: Posted; readonly message: SlackMessage }[];
  /** What the next calls of `send` throw. */
  fail: (where: Where) => Error | undefined;
}
export function fakeSlack(form: 'bot' | 'webhook' = 'bot'): FakeSlack {
  const slack: FakeSlack = {
    sent: [],
    updates: [],
    fail: () => undefined,
    send: (message, where = {}) => {
      const error = slack.fail(where);
      if (error !== undefined) return Promise.reject(error);
      slack.sent.push({ ...where, message });
      const at = { channel: where.channel ?? 'C0', ts: `${slack.sent.length}.0` };
      return Promise.resolve(form === 'bot' ? at : undefined);
    },
    update: (at, message) => Promise.resolve(void slack.updates.push({ at, message })),
    openForm: () => Promise.resolve(form === 'bot'),
    respond: () => Promise.resolve(),
  };
  return slack;
}

export function memorySent(): SentRecord {
  const told = new Map<string, boolean>();
  return {
    claim: (id) => {
      const known = told.get(id);
      if (known === undefined) told.set(id, false);
      return Promise.resolve(known === undefined ? 'mine' : known ? 'told' : 'held');
    },
    done: (id) => Promise.resolve(void told.set(id, true)),
    release: (id) => Promise.resolve(void told.delete(id)),
  };
}

export function memoryNotes(): Notes {
  const notes = new Map<string, { version: number; value: string }>();
  const lists = new Map<string, Map<string, string>>();
  return {
    // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- who reads a note wrote it, and knows its type
    read: <T>(key: string) => {
      const known = notes.get(key);
      return Promise.resolve({
        version: known?.version ?? 0,
        value: known === undefined ? undefined : (JSON.parse(known.value) as T),
      });
    },
    write: (key, value, version) => {
      if ((notes.get(key)?.version ?? 0) !== version) return Promise.resolve(false);
      notes.set(key, { version: version + 1, value: JSON.stringify(value) });
      return Promise.resolve(true);
    },
    add: (list, id, value) => {
      const known = lists.get(list) ?? new Map<string, string>();
      lists.set(list, known.set(id, JSON.stringify(value)));
      return Promise.resolve();
    },
    list: <T>(list: string, { upTo }: { upTo?: string } = {}) =>
      Promise.resolve(
        [...(lists.get(list) ?? new Map<string, string>())]
          .filter(([id]) => upTo === undefined || id <= upTo)
          .toSorted(([a], [b]) => (a < b ? -1 : 1))
          .map(([id, value]): Listed<T> => ({ id, value: JSON.parse(value) as T })),
      ),
    remove: (list, id) => Promise.resolve(void lists.get(list)?.delete(id)),
  };
}
