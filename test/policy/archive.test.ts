import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lineOf } from '../../shared/adapters/archive-lines.ts';
import { makeFolderArchiveReader, makeFolderArchiveWriter } from '../../shared/adapters/files/archive.ts';
import { makeMemoryClock, makeMemoryQuarantine } from '../../shared/adapters/memory/services.ts';
import { readPart } from '../../shared/mappings/assemble.ts';
import { forms } from '../../shared/mappings/dialects/index.ts';
import { registry } from '../../shared/mappings/registry.ts';
import { type Change, changeIdOf } from '../../shared/model/change.ts';
import type { Json } from '../../shared/model/json.ts';
import { redact } from '../../shared/model/redact.ts';
import { makeNormalize } from '../../shared/pipeline/normalize.ts';
import { makeObserve } from '../../shared/pipeline/observe.ts';
import { configEvent } from '../support/aws-documents.ts';
import { CANARIES, shows } from '../support/canaries.ts';
import { jsonExamples } from '../support/examples.ts';

const AT = '2026-11-25T12:00:00.000Z';
const ALWAYS = { from: '2026-01-01T00:00:00.000Z', until: '2026-12-31T00:00:00.000Z' };

/** What the front stage and the evaluator keep of documents. */
async function keptOf(documents: readonly Json[]): Promise<readonly Change[]> {
  const kept: Change[] = [];
  const quarantine = makeMemoryQuarantine();
  const observe = makeObserve({ forms, quarantine });
  const normalize = makeNormalize({
    forms,
    registry,
    quarantine,
    clock: makeMemoryClock(Date.parse(AT)),
    readBack: {},
    keep: (told) => void kept.push(told),
  });
  for (const document of documents) {
    const { changes } = await observe({ source: 'aws.config', origin: 'event', document, receivedAt: AT });
    await normalize(changes);
  }
  return kept;
}

describe('redaction', () => {
  it('changes no reading of any document that ships', () => {
    let compared = 0;
    for (const { file, document } of jsonExamples()) {
      const form = forms.find((f) => f.detect(document));
      if (form === undefined) continue;
      const readings = (of: Json) =>
        form
          .read(of, { orderKey: AT, account: 'a', region: 'r' })
          .flatMap((native) =>
            registry.candidatesFor(native).map(({ mapping, part }) => [native.id, readPart(mapping, part, native)]),
          );
      const [whole, clean] = [readings(document), readings(redact(document))];
      expect(clean, file).toEqual(whole);
      compared += whole.length;
    }
    expect(compared).toBeGreaterThan(300);
  });
});

describe('an archive in a folder', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'edict-archive-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  const read = async (range = ALWAYS) => {
    const bad: string[] = [];
    const changes: Change[] = [];
    const archive = makeFolderArchiveReader(folder);
    for await (const change of archive.read(range, (where, why) => void bad.push(`${where} ${why}`)))
      changes.push(change);
    return { changes, bad };
  };
  const files = (): readonly string[] =>
    readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((f) =>
      f.isFile() ? [join(f.parentPath, f.name)] : [],
    );
  const made = (n: number, receivedAt = AT): Change => {
    const content = { is: 'document', form: 'config-event', document: { n } } as const;
    return {
      type: 'change',
      version: 1,
      changeId: changeIdOf({ source: 'aws.config', content }),
      source: 'aws.config',
      origin: 'event',
      receivedAt,
      content,
    };
  };

  it('gives what was written, by the hour, in the time that is asked for', async () => {
    const late = made(3, '2026-11-25T13:00:00.000Z');
    await makeFolderArchiveWriter(folder).write([made(1), late, made(2)]);

    expect(files().map((f) => f.slice(folder.length))).toEqual([
      '/changes/2026/11/25/12/changes.ndjson',
      '/changes/2026/11/25/13/changes.ndjson',
    ]);
    expect((await read()).changes).toEqual([made(1), made(2), late]);
    expect((await read({ ...ALWAYS, until: AT })).changes).toEqual([made(1), made(2)]);
  });

  it('reads what is packed, in several pieces too', async () => {
    writeFileSync(join(folder, 'a.gz'), Buffer.concat([gzipSync(lineOf(made(1))), gzipSync(lineOf(made(2)))]));
    expect(await read()).toEqual({ changes: [made(1), made(2)], bad: [] });
  });

  it('tells of what it cannot read, and goes on', async () => {
    const changed = { ...made(1), receivedAt: AT, source: 'somebody.else' };
    writeFileSync(join(folder, 'a'), ['{', '{"type":"change"}', JSON.stringify(changed), lineOf(made(2))].join('\n'));
    const torn = gzipSync(Array.from({ length: 500 }, (_, n) => lineOf(made(n))).join(''));
    writeFileSync(join(folder, 'b.gz'), torn.subarray(0, torn.length - 200));
    writeFileSync(join(folder, 'c'), lineOf(made(9)));
    const { changes, bad } = await read();

    expect(bad.slice(0, 3)).toEqual([
      'a:1 the line is not JSON',
      'a:2 the line is no change of this version',
      'a:3 its id is not the hash of what it says',
    ]);
    expect(bad[3]).toMatch(/^b\.gz:\d+ the file is torn/);
    expect(changes[0]).toEqual(made(2));
    expect(changes.at(-1)).toEqual(made(9));
  });

  it('holds no secret that was in a document, of whatever kind', async () => {
    expect(Object.keys(CANARIES).length).toBeGreaterThanOrEqual(20);
    const documents: Json[] = [];
    for (const [i, planted] of Object.values(CANARIES).entries()) {
      const said = JSON.parse(JSON.stringify(planted)) as { readonly [key: string]: Json };
      const item = { type: 'AWS::S3::Bucket', id: `b${i}`, arn: `arn:aws:s3:::b${i}` };
      documents.push(
        configEvent({
          ...item,
          configuration: { name: `b${i}`, ...said },
          supplementary: { Other: JSON.stringify({ deep: [said] }) },
          tags: typeof said['note'] === 'string' ? { note: said['note'] } : {},
        }),
        // So large that it travels compressed.
        configEvent({ ...item, configuration: { name: `b${i}`, filler: 'x'.repeat(60_000), ...said } }),
      );
    }
    const kept = await keptOf(documents);
    await makeFolderArchiveWriter(folder).write(kept);
    const texts = files().map((f) => readFileSync(f, 'utf8'));
    const unpacked = kept.flatMap(({ content }) =>
      content.is === 'compressed' ? [gunzipSync(Buffer.from(content.gzip, 'base64')).toString()] : [],
    );

    expect(kept).toHaveLength(documents.length);
    expect(unpacked).toHaveLength(documents.length / 2);
    expect([...texts, ...unpacked].filter(shows)).toEqual([]);
  });
});
