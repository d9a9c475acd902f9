import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openFile, type SourceDocument } from '../../../cli/input/documents.ts';

const folder = mkdtempSync(join(tmpdir(), 'edict-documents-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

async function documentsOf(name: string, text: string): Promise<readonly SourceDocument[]> {
  const path = join(folder, name);
  writeFileSync(path, text);
  const opened = await openFile({ path, named: true }, 500_000_000);
  if (opened.is !== 'documents') throw new Error(JSON.stringify(opened));
  return opened.documents;
}

/** Line and column of the first `needle`, by the definition. */
function placeOf(text: string, needle: string): { readonly line: number; readonly column: number } {
  const before = text.slice(0, text.indexOf(needle));
  return { line: before.split('\n').length, column: before.length - before.lastIndexOf('\n') };
}

describe('places in a file that is too long to be kept', () => {
  const resource = (i: number, filler: string) => ({ id: i, filler: filler.repeat(100), mark: `<${i}>`, list: [1, 2] });
  const document = (filler: string) => ({
    a: 'x',
    resources: Array.from({ length: 50_000 / filler.length }, (_, i) => resource(i, filler)),
  });

  it.each([
    ['ASCII on many lines', 'y', 1],
    ['ASCII on one line', 'y', 0],
    ['more than ASCII', 'é€', 1],
  ])('are right: %s', async (name, filler, indent) => {
    const text = JSON.stringify(document(filler), null, indent);
    expect(text.length).toBeGreaterThan(4 * 1024 * 1024);
    const [read] = await documentsOf(`${name}.json`, text);
    for (const i of [24_999, 0, 17_321, 24_998]) {
      expect(read?.source.place(`/resources/${i}/mark`)).toEqual(placeOf(text, `"<${i}>"`));
    }
    expect(read?.source.place('/a')).toEqual(placeOf(text, '"x"'));
  });

  it('are right in the lines of many documents', async () => {
    const text = Array.from({ length: 30_000 }, (_, i) => JSON.stringify(resource(i, 'y'))).join('\n');
    expect(text.length).toBeGreaterThan(4 * 1024 * 1024);
    const read = await documentsOf('many.ndjson', text);
    for (const i of [29_999, 0, 12_345]) {
      expect(read[i]?.source.label).toMatch(new RegExp(`many\\.ndjson#${i + 1}$`));
      expect(read[i]?.source.place('/mark')).toEqual(placeOf(text, `"<${i}>"`));
      expect(read[i]?.source.place('/list/1')?.line).toBe(i + 1);
    }
  });

  it('are unknown, and no wrong ones, where the file has changed', async () => {
    const text = JSON.stringify(document('é€'));
    const [read] = await documentsOf('changed.json', text);
    writeFileSync(join(folder, 'changed.json'), '{}');
    expect(read?.source.place('/resources/3/mark')).toBeUndefined();
  });
});
