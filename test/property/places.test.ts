/** Places in JSON texts: the same as the parser of an editor finds, whatever the text looks like. */
import * as fc from 'fast-check';
import { findNodeAtLocation, parseTree } from 'jsonc-parser';
import { expect, it } from 'vitest';
import { JsonPlaces } from '../../cli/input/places.ts';
import { pointerSegment } from '../../shared/model/json.ts';

type Path = readonly (string | number)[];

function pathsOf(value: unknown, path: Path = []): readonly Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  const entries: readonly (readonly [string | number, unknown])[] = Array.isArray(value)
    ? (value as readonly unknown[]).map((v, i) => [i, v] as const)
    : Object.entries(value);
  return [path, ...entries.flatMap(([key, v]) => pathsOf(v, [...path, key]))];
}

/** Line and column by the definition. */
function slowly(text: string, offset: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, offset);
  return { line: before.split('\n').length, column: offset - before.lastIndexOf('\n') };
}

const documents = fc.jsonValue({ maxDepth: 4 }).filter((v) => typeof v === 'object' && v !== null);

it('are those of the values, for every pointer', () => {
  let asked = 0;
  fc.assert(
    fc.property(documents, fc.constantFrom('', ' ', '\n\t', '  '), fc.nat(3), (document, indent, blank) => {
      const text = `${'\n '.repeat(blank)}${JSON.stringify(document, null, indent)}\n`;
      const value = JSON.parse(text) as unknown;
      const places = new JsonPlaces(text);
      const tree = parseTree(text);
      if (tree === undefined) throw new Error('the text is not JSON');
      for (const path of pathsOf(value)) {
        const node = findNodeAtLocation(tree, [...path]);
        if (node === undefined) throw new Error('no such node');
        asked++;
        expect(places.place(path.map((s) => `/${pointerSegment(s)}`).join(''))).toEqual(slowly(text, node.offset));
      }
    }),
    { numRuns: 500 },
  );
  expect(asked).toBeGreaterThan(1000);
});

it('are found in a text of many checkpoints, on one line or on many', () => {
  const items = Array.from({ length: 3000 }, (_, i) => ({ id: i, text: 'x"\\'.repeat(i % 7), list: [i, [i]] }));
  for (const indent of [0, 1]) {
    const text = JSON.stringify({ a: 1, items, z: { items } }, null, indent);
    const places = new JsonPlaces(text);
    for (const i of [0, 1, 2, 41, 1999, 2998, 2999]) {
      const { line, column } = places.place(`/z/items/${i}/list/1/0`);
      const offset =
        text
          .split('\n')
          .slice(0, line - 1)
          .reduce((sum, l) => sum + l.length + 1, 0) +
        column -
        1;
      expect(text.slice(offset, offset + String(i).length)).toBe(String(i));
      expect(places.place(`/z/items/${i}/list/1/0`)).toEqual({ line, column });
    }
  }
});

it('of something absent are those of what is nearest above it', () => {
  const places = new JsonPlaces('{\n  "a": {"b": [1]}\n}');
  expect(places.place('/a/b/7/c')).toEqual({ line: 2, column: 14 });
  expect(places.place('/x')).toEqual({ line: 1, column: 1 });
});

it('are found in lists within lists without scanning the text once for each of them', () => {
  // Fails by the limit of the runner: hours where every level is scanned.
  const text = `{"deep":${'['.repeat(200_000)}${']'.repeat(200_000)},"a":1}`;
  const places = new JsonPlaces(text);
  expect(places.place('/a')).toEqual({ line: 1, column: text.length - 1 });
  expect(places.place('/deep/0/0')).toEqual({ line: 1, column: 11 });
});
