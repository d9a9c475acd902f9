/** Everything that is derived is what its generator gives: nobody edited it, and nobody forgot `npm run gen`. */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { driftOf, type Generator, generators, projectRoot } from '../../scripts/gen.ts';
import { SCHEMA_FOLDER, schemas } from '../../scripts/gen/schemas.ts';
import { describeWith } from '../support/requirements.ts';

function describeGenerator(generator: Generator): void {
  const title = `what ${generator.name} generates`;
  const body = (): void => {
    it('is what is committed (npm run gen)', async () => {
      expect(await driftOf(generator)).toEqual([]);
    });
    it('is something, in places of its own', async () => {
      const files = Object.keys(await generator.files(projectRoot));
      expect(files.length).toBeGreaterThan(0);
      for (const file of files) expect(file).not.toMatch(/^\/|\\|\.\./);
    });
    it('is the same each time', async () => {
      expect(await generator.files(projectRoot)).toEqual(await generator.files(projectRoot));
    });
  };
  if (generator.needs === undefined) describe(title, body);
  else describeWith([generator.needs], title, body);
}
for (const generator of generators) describeGenerator(generator);

describe('drift', () => {
  it('is seen: a file that is missing, that was edited, that is stale', async () => {
    const root = mkdtempSync(join(tmpdir(), 'edict-gen-'));
    try {
      cpSync(join(projectRoot, SCHEMA_FOLDER), join(root, SCHEMA_FOLDER), { recursive: true });
      expect(await driftOf(schemas, root)).toEqual([]);
      rmSync(join(root, SCHEMA_FOLDER, 'firewall.json'));
      writeFileSync(join(root, SCHEMA_FOLDER, 'object_store.json'), '{}\n');
      writeFileSync(join(root, SCHEMA_FOLDER, 'toaster.json'), '{}\n');
      const drift = await driftOf(schemas, root);
      expect(drift.map(({ path, is }) => `${path.split('/').at(-1) ?? ''} ${is}`).sort()).toEqual([
        'firewall.json missing',
        'object_store.json different',
        'toaster.json stale',
      ]);
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  });
});

it('no two generators own a file', async () => {
  const owners = new Map<string, string>();
  for (const generator of generators.filter((g) => g.needs === undefined)) {
    for (const path of Object.keys(await generator.files(projectRoot))) {
      expect(owners.get(path), path).toBeUndefined();
      owners.set(path, generator.name);
    }
  }
});
