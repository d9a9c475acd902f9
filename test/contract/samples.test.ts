/**
 * Real documents of other projects, which lie beside this one where it is developed: each is detected, read and mapped.
 * None may throw anything but the refusal of a document that is malformed; what was recognised is printed.
 */
import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { findFiles } from '../../cli/input/files.ts';
import { LONGEST_FILE_BYTES, openFile } from '../../cli/input/documents.ts';
import { contextFacts } from '../../shared/kinds/index.ts';
import { isAppError } from '../../shared/model/errors.ts';
import { detectForm } from '../../shared/mappings/dialects/index.ts';
import { mapDocument } from '../../shared/mappings/document.ts';

const SHARED = join(import.meta.dirname, '..', '..', '..', 'shared');
const FOLDERS = ['samples', 'samples-extra'].map((name) => join(SHARED, name)).filter((path) => existsSync(path));

/** The form that every file of a folder has; null: none of them is of a form that we read. Folders that are mixed are not named. */
const FORMS: { readonly [folder: string]: string | null } = {
  arm: 'arm-template',
  'azure/arm-rest': 'arm-resource',
  'azure/event-grid': 'event-grid',
  'azure/resource-graph': 'resource-graph',
  'aws/config-events': 'config-event',
  'gcp/cai-assets': 'cai-asset',
  'gcp/feed': 'cai-feed',
  'gcp/audit-events': null,
  'gcp/api': null,
  kubernetes: null,
  ci: null,
  'terraform-plan': 'terraform-plan',
};

interface Seen {
  readonly file: string;
  readonly form: string | undefined;
  readonly refused: string | undefined;
  readonly resources: readonly string[];
  readonly unsupported: number;
  readonly thrown: string | undefined;
}

/** Detects, reads and maps every document of a file. */
async function see(root: string, path: string): Promise<readonly Seen[]> {
  const file = relative(root, path);
  const nothing = { file, form: undefined, refused: undefined, resources: [], unsupported: 0, thrown: undefined };
  try {
    const opened = await openFile({ path, named: false }, LONGEST_FILE_BYTES);
    if (opened.is !== 'documents') return [{ ...nothing, refused: opened.is }];
    return opened.documents.map(({ value }) => {
      try {
        const form = detectForm(value);
        if (form === undefined) return nothing;
        const { resources, unsupported } = mapDocument(form.read(value, {}));
        for (const r of resources) {
          const declared = [...Object.keys(r.kind.facts), ...Object.keys(contextFacts)];
          if (declared.some((fact) => r.facts[fact] === undefined)) throw new Error(`${r.id} lacks a fact`);
        }
        return {
          ...nothing,
          form: form.id,
          resources: resources.map((r) => r.mapping.id),
          unsupported: unsupported.reduce((n, u) => n + u.count, 0),
        };
      } catch (error) {
        if (isAppError(error, 'EVENT_INVALID') || isAppError(error, 'INPUT_INVALID')) {
          return { ...nothing, form: detectForm(value)?.id, refused: error.message };
        }
        return { ...nothing, thrown: error instanceof Error ? (error.stack ?? error.message) : String(error) };
      }
    });
  } catch (error) {
    return [{ ...nothing, thrown: error instanceof Error ? (error.stack ?? error.message) : String(error) }];
  }
}

const counted = (names: readonly string[]): string =>
  [...new Set(names)]
    .sort()
    .map((name) => `${name} ${names.filter((n) => n === name).length}`)
    .join(', ');

/** One line a folder: documents, the forms they were recognised as, the resources that are mapped, the rest. */
function table(seen: readonly Seen[]): string {
  const folders = new Map<string, Seen[]>();
  for (const s of seen) {
    const folder = s.file
      .split('/')
      .slice(0, 2)
      .filter((part) => !part.includes('.'))
      .join('/');
    folders.set(folder, [...(folders.get(folder) ?? []), s]);
  }
  return [...folders]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([folder, of]) =>
      [
        folder,
        `${of.length} documents`,
        `recognised: ${counted(of.flatMap((s) => s.form ?? [])) || 'none'}`,
        `mapped: ${counted(of.flatMap((s) => s.resources)) || 'none'}`,
        `unsupported: ${of.reduce((n, s) => n + s.unsupported, 0)}`,
        `refused: ${of.filter((s) => s.refused !== undefined).length}`,
      ].join(' | '),
    )
    .join('\n');
}

const title = FOLDERS.length > 0 ? 'the samples' : 'the samples (skipped: the folder ../shared/samples is not here)';
// The samples are no part of the project: its tests pass without them, and say so in the title.
describe.skipIf(FOLDERS.length === 0)(title, () => {
  const seen: Seen[] = [];
  beforeAll(async () => {
    for (const root of FOLDERS) {
      for (const { path } of findFiles([root]).files) seen.push(...(await see(root, path)));
    }
  });

  test('are all read and mapped, or refused as malformed', () => {
    console.log(table(seen));
    expect(seen.length).toBeGreaterThan(100);
    expect(seen.flatMap((s) => (s.thrown === undefined ? [] : [`${s.file}: ${s.thrown}`]))).toEqual([]);
  });

  test.each(Object.entries(FORMS).map(([folder, form]) => [folder, form ?? 'nothing', form] as const))(
    '%s: every document is recognised as %s',
    (folder, _, form) => {
      const inside = seen.filter((s) => s.file.startsWith(`${folder}/`) && /\.(?:json|ya?ml)$/.test(s.file));
      expect(inside.length).toBeGreaterThan(0);
      expect(inside.filter((s) => (s.form ?? null) !== form).map((s) => `${s.file}: ${s.form}`)).toEqual([]);
    },
  );
});
