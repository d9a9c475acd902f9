import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Cruise, cruise, moduleFloor } from '../../scripts/check-architecture.ts';

const projectRoot = join(import.meta.dirname, '..', '..');

describe('the layers of this project', () => {
  it('hold: no module imports what its layer may not', () => {
    const { modules, violations } = cruise();
    expect(violations).toEqual([]);
    expect(modules.length).toBeGreaterThanOrEqual(moduleFloor);
  });
});

/** One planted import: what a file holds, and the rule that must reject it (null: it is allowed). */
interface Plant {
  readonly file: string;
  readonly imports: string;
  readonly rule: string | null;
}

/** What the plants import. */
const targets = [
  'shared/model/m.ts',
  'shared/kinds/k.ts',
  'shared/mappings/aws/a.ts',
  'shared/policy/p.ts',
  'shared/ports/o.ts',
  'shared/pipeline/l.ts',
  'shared/authoring/u.ts',
  'shared/adapters/memory/x.ts',
  'shared/runtime/env.ts',
  'shared/runtime/logger.ts',
  'functions/one/handler.ts',
  'functions/two/handler.ts',
  'cli/main.ts',
  'infra/app.ts',
  'local/start.ts',
  'scripts/s.ts',
];

const plants: readonly Plant[] = [
  { file: 'shared/model/p1.ts', imports: '../kinds/k.ts', rule: 'layer-model' },
  { file: 'shared/kinds/p1.ts', imports: '../model/m.ts', rule: null },
  { file: 'shared/kinds/p2.ts', imports: '../mappings/aws/a.ts', rule: 'layer-kinds' },
  { file: 'shared/mappings/aws/p1.ts', imports: '../../kinds/k.ts', rule: null },
  { file: 'shared/mappings/aws/p2.ts', imports: '../../policy/p.ts', rule: 'layer-mappings' },
  { file: 'shared/policy/p1.ts', imports: '../mappings/aws/a.ts', rule: 'layer-policy' },
  { file: 'shared/policy/p2.ts', imports: '../ports/o.ts', rule: 'layer-policy' },
  { file: 'shared/ports/p1.ts', imports: '../pipeline/l.ts', rule: 'layer-ports' },
  { file: 'shared/pipeline/p1.ts', imports: '../ports/o.ts', rule: null },
  { file: 'shared/pipeline/p2.ts', imports: '../adapters/memory/x.ts', rule: 'layer-pipeline' },
  { file: 'shared/pipeline/p3.ts', imports: '../runtime/logger.ts', rule: 'layer-pipeline' },
  { file: 'shared/authoring/p1.ts', imports: '../pipeline/l.ts', rule: 'layer-authoring' },
  { file: 'shared/adapters/memory/p1.ts', imports: '../../ports/o.ts', rule: null },
  { file: 'shared/adapters/memory/p2.ts', imports: '../../../functions/one/handler.ts', rule: 'layer-adapters' },
  { file: 'functions/one/p1.ts', imports: '../../shared/adapters/memory/x.ts', rule: null },
  { file: 'functions/one/p2.ts', imports: '../two/handler.ts', rule: 'one-function-one-folder' },
  { file: 'functions/one/p3.ts', imports: '../../local/start.ts', rule: 'layer-functions' },
  { file: 'functions/one/p4.ts', imports: '../../infra/app.ts', rule: 'layer-functions' },
  { file: 'cli/p1.ts', imports: '../functions/one/handler.ts', rule: 'layer-cli' },
  { file: 'cli/p2.ts', imports: '../shared/pipeline/l.ts', rule: null },
  { file: 'infra/p1.ts', imports: '../shared/model/m.ts', rule: null },
  { file: 'infra/p2.ts', imports: '../shared/runtime/env.ts', rule: null },
  { file: 'infra/p3.ts', imports: '../shared/runtime/logger.ts', rule: 'layer-infra' },
  { file: 'infra/p4.ts', imports: '../functions/one/handler.ts', rule: 'layer-infra' },
  { file: 'shared/model/p2.ts', imports: 'node:fs', rule: 'pure-no-io' },
  { file: 'shared/pipeline/p4.ts', imports: 'node:fs/promises', rule: 'pure-no-io' },
  { file: 'shared/policy/p3.ts', imports: 'node:crypto', rule: null },
  { file: 'shared/ports/p2.ts', imports: '@aws-sdk/client-sqs', rule: 'pure-no-packages' },
  { file: 'shared/authoring/p2.ts', imports: '@anthropic-ai/sdk', rule: 'pure-no-packages' },
  { file: 'shared/policy/p4.ts', imports: '@open-policy-agent/opa-wasm', rule: 'pure-no-packages' },
  { file: 'shared/model/p3.ts', imports: 'zod', rule: null },
  { file: 'shared/adapters/memory/p3.ts', imports: '@aws-sdk/client-sqs', rule: null },
  { file: 'shared/adapters/memory/p4.ts', imports: 'fast-check', rule: 'shipped-no-dev' },
  { file: 'shared/kinds/p3.ts', imports: './missing.ts', rule: 'no-unresolvable' },
];

describe('a planted import', () => {
  let folder: string;
  let seen: Cruise;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'edict-architecture-'));
    for (const file of ['package.json', 'tsconfig.json']) cpSync(join(projectRoot, file), join(folder, file));
    symlinkSync(join(projectRoot, 'node_modules'), join(folder, 'node_modules'));
    const write = (file: string, text: string): void => {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), text);
    };
    for (const target of targets) write(target, 'export const x = 1;\n');
    for (const { file, imports } of plants)
      write(file, `import * as planted from '${imports}';\nexport const y = planted;\n`);
    write('shared/kinds/c1.ts', "import { b } from './c2.ts';\nexport const a = () => b;\n");
    write('shared/kinds/c2.ts', "import { a } from './c1.ts';\nexport const b = () => a;\n");
    seen = cruise(folder);
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it.each(plants.filter((plant) => plant.rule !== null))(
    'in $file of $imports is rejected by $rule',
    ({ file, rule }) => {
      expect(
        seen.violations.filter((violation) => violation.from === file).map((violation) => violation.rule),
      ).toContain(rule);
    },
  );

  it.each(plants.filter((plant) => plant.rule === null))('in $file of $imports is allowed', ({ file }) => {
    expect(seen.modules).toContain(file);
    expect(seen.violations.filter((violation) => violation.from === file)).toEqual([]);
  });

  it('that closes a circle is rejected', () => {
    expect(seen.violations.map((violation) => violation.rule)).toContain('no-circular');
  });
});
