import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import type { Log } from 'sarif';
import { describe, expect, it } from 'vitest';
import { shippedEngine } from '../../../cli/bundle.ts';
import { Inputs } from '../../../cli/input/sets.ts';
import { checkJsonSchema } from '../../../cli/report/schema.ts';
import { DEFAULT_CONTEXT } from '../../../shared/mappings/context.ts';
import type { MappedResource } from '../../../shared/mappings/document.ts';
import type { Exception } from '../../../shared/model/exception.ts';
import { findingId } from '../../../shared/model/finding.ts';
import { approveException, exceptionTo, requestException } from '../../../shared/pipeline/exceptions.ts';
import { bad, good, planWithSecret, POLICY, undecided } from './documents.ts';
import { edict, inFolder, type Run } from './run.ts';

const check = (files: { readonly [path: string]: string | Buffer }, ...args: readonly string[]): Promise<Run> =>
  inFolder(files, (cwd) => edict(['check', ...args], { cwd }));
const only = ['--policy', POLICY];
/** The JSON of a run, checked against its contract. */
const jsonOf = (run: Run) => checkJsonSchema.parse(JSON.parse(run.stdout));

describe('the exit code', () => {
  it.each([
    ['clean', good, [], 0],
    ['a violation', bad, [], 1],
    ['a violation, --fail-on none', bad, ['--fail-on', 'none'], 0],
    ['a violation, --fail-on unknown', bad, ['--fail-on', 'unknown'], 1],
    ['an unknown', undecided, [], 0],
    ['an unknown, --fail-on unknown', undecided, ['--fail-on', 'unknown'], 1],
    ['an unknown that a parameter decides', undecided, ['--parameters', 'Status=Suspended'], 1],
  ])('of %s', async (_, document, args, code) => {
    expect(await check({ 't.yaml': document }, 't.yaml', ...only, ...args)).toMatchObject({ code, stderr: '' });
  });

  it.each([
    ['no such file', ['nowhere.json'], /nowhere\.json: there is no such file/],
    ['an option that does not exist', ['t.yaml', '--colour'], /unknown option/],
    ['a policy that does not exist', ['t.yaml', '--policy', 'object-store.nope'], /no policy "object-store\.nope"/],
    ['a verdict that does not exist', ['t.yaml', '--fail-on', 'all'], /--fail-on/],
    ['a context that does not exist', ['t.yaml', '--context', 'colour=red'], /colour=red/],
    [
      'a word that an environment cannot be',
      ['t.yaml', '--context', 'environment=prod'],
      /"prod"; it is one of production/,
    ],
    ['a configuration that is none', ['t.yaml', '--config', 't.yaml'], /--config: t\.yaml/],
    ['parameters that are none', ['t.yaml', '--parameters', 'nowhere'], /--parameters: nowhere/],
    ['a limit that is none', ['t.yaml', '--limit', 'many'], /--limit/],
    ['no argument', [], /missing required argument/],
  ])('is 2 for %s', async (_, args, message) => {
    const run = await check({ 't.yaml': good }, ...args);
    expect(run.code).toBe(2);
    expect(run.stderr).toMatch(message);
  });

  it('is 2 where one of several files cannot be used, and the others are still judged', async () => {
    const run = await check({ 't.yaml': bad, 'broken.json': '{"a": ' }, 't.yaml', 'broken.json', '--format', 'json');
    expect(run.code).toBe(2);
    expect(jsonOf(run).summary).toMatchObject({ files: 1, resources: 1, errors: 1 });
  });

  it('is 2 for a named file of no known form, with --fail-on none too', async () => {
    for (const format of ['table', 'json', 'sarif']) {
      const run = await check({ 'x.json': '{"hello": 1}' }, 'x.json', '--fail-on', 'none', '--format', format);
      expect(run.code).toBe(2);
      expect(run.stderr).toMatch(/x\.json: it is of no known form; known are: .*Terraform/);
    }
  });
});

describe('what is read', () => {
  it('is standard input', async () => {
    const run = await edict(['check', '-', ...only, '--format', 'json'], { stdin: bad });
    expect(run).toMatchObject({ code: 1 });
    expect(jsonOf(run).results[0]).toMatchObject({ document: 'stdin', location: { line: 9, column: 17 } });
  });

  it('is a folder, whose other files are listed as skipped', async () => {
    const run = await check(
      {
        'app/t.yaml': bad,
        'app/deep/er/t2.yml': good,
        'app/package.json': '{"name": "app"}',
        'app/README.md': '# App',
        'app/logo.png': Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 0, 0, 0]),
        'app/.git/config.json': '{"broken',
        'app/node_modules/x/t.yaml': 'a: [',
      },
      'app',
      ...only,
      '--format',
      'json',
    );
    const found = jsonOf(run);
    expect(run.code).toBe(1);
    expect(found.results.map((r) => [r.document, r.verdict])).toEqual([
      ['app/t.yaml', 'violation'],
      ['app/deep/er/t2.yml', 'compliant'],
    ]);
    expect(found.skipped.map((s) => s.document).sort()).toEqual([
      'app/.git',
      'app/README.md',
      'app/logo.png',
      'app/node_modules',
      'app/package.json',
    ]);
    expect(found.errors).toEqual([]);
  });

  it('is never what a symbolic link in a folder leads to', async () => {
    await inFolder({ 'outside/t.yaml': bad, 'app/t.yaml': good }, async (cwd) => {
      symlinkSync(join(cwd, 'outside'), join(cwd, 'app', 'out'));
      symlinkSync(join(cwd, 'outside', 't.yaml'), join(cwd, 'app', 'link.yaml'));
      symlinkSync('.', join(cwd, 'app', 'loop'));
      const found = jsonOf(await edict(['check', 'app', ...only, '--format', 'json'], { cwd }));
      expect(found.summary).toMatchObject({ files: 1, resources: 1, skipped: 3, errors: 0 });
      // A link that the user names is followed.
      expect((await edict(['check', 'app/link.yaml', ...only], { cwd })).code).toBe(1);
      symlinkSync('self', join(cwd, 'self'));
      expect(await edict(['check', 'self'], { cwd })).toMatchObject({ code: 2 });
    });
  });

  it('is each file once', async () => {
    const run = await check({ 'a/t.yaml': bad }, 'a', 'a/t.yaml', './a/t.yaml', ...only, '--format', 'json');
    expect(jsonOf(run).summary.resources).toBe(1);
  });

  it('is one JSON document a line, and several YAML documents', async () => {
    const item = (id: string, status: string): string =>
      JSON.stringify({
        AWSTemplateFormatVersion: '2010-09-09',
        Resources: { [id]: { Type: 'AWS::S3::Bucket', Properties: { VersioningConfiguration: { Status: status } } } },
      });
    const run = await check(
      { 'a.ndjson': `${item('One', 'Enabled')}\n\n${item('Two', 'Suspended')}\n`, 'b.yaml': `---\n${good}---\n${bad}` },
      'a.ndjson',
      'b.yaml',
      ...only,
      '--format',
      'json',
    );
    expect(jsonOf(run).results.map((r) => [r.document, r.verdict, r.location?.line ?? null])).toEqual([
      ['a.ndjson#1', 'compliant', null],
      ['a.ndjson#2', 'violation', 3],
      ['b.yaml#1', 'compliant', null],
      ['b.yaml#2', 'violation', 20],
    ]);
  });

  it('is UTF-16, as a redirection in PowerShell writes it, and UTF-8 with a mark', async () => {
    const json = JSON.stringify({
      AWSTemplateFormatVersion: '2010-09-09',
      Resources: { B: { Type: 'AWS::S3::Bucket' } },
    });
    const utf16 = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(json, 'utf16le')]);
    const run = await check(
      { 'a.json': utf16, 'b.json': `\ufeff${json}` },
      'a.json',
      'b.json',
      ...only,
      '--format',
      'json',
    );
    expect(jsonOf(run).summary).toMatchObject({ resources: 2, errors: 0 });
  });

  it('is a template with tags of other tools, whose values are unresolved', async () => {
    const tagged = `# by a tool\n${bad.replace('Suspended', '!Tool::Env\n          - STATUS')}`;
    const run = await check({ 't.yaml': tagged }, 't.yaml', ...only, '--format', 'json');
    expect(jsonOf(run).results).toMatchObject([{ verdict: 'unknown', location: { line: 11, column: 11 } }]);
  });

  it('is a template with comments', async () => {
    const json =
      '{\n  // ours\n  "AWSTemplateFormatVersion": "2010-09-09",\n  "Resources": {"B": {"Type": "AWS::S3::Bucket"}}\n}';
    const run = await check({ 'a.json': json }, 'a.json', ...only, '--format', 'json');
    expect(jsonOf(run).results).toMatchObject([{ resource: 'B', location: { line: 4 } }]);
  });
});

describe('what the caller says', () => {
  const says = (...args: readonly string[]) =>
    check({ 't.yaml': good }, 't.yaml', '--policy', 'object-store.customer-managed-key', '--format', 'json', ...args);
  it('decides what the document leaves open', async () => {
    expect(jsonOf(await says()).results).toMatchObject([{ verdict: 'not_applicable' }]);
    expect(jsonOf(await says('--context', 'data_classification=restricted,owner=payments')).results).toMatchObject([
      { verdict: 'violation' },
    ]);
  });
});

describe('broken input names the file, the place and the reason', () => {
  it.each([
    ['JSON that is cut off', 'a.json', '{\n "a": [1,\n', /a\.json:3:1: it is not valid JSON \(.*\)/],
    ['JSON with a trailing comma', 'a.json', '{"a": 1,}', /a\.json:1:9: it is not valid JSON/],
    ['a broken line of many', 'a.ndjson', '{"a":1}\n{"a":\n{"a":2}\n', /a\.ndjson:2:/],
    ['YAML', 'a.yaml', 'a: [1, 2\nb: 3\n', /a\.yaml:2:1: it is not valid YAML/],
    ['YAML with a key twice', 'a.yaml', 'a: 1\na: 2\n', /a\.yaml:2:1: it is not valid YAML \(duplicate key\)/],
    ['a tag that cannot be', 'a.yaml', 'a: !<x y> z\n', /a\.yaml:1:4: it /],
    ['nothing', 'a.json', ' \n', /a\.json: it is empty/],
    [
      'a plan as Terraform saves it',
      'a.tfplan',
      Buffer.from('PK\u0003\u0004rest'),
      /a\.tfplan: it is a ZIP archive.*terraform show -json/,
    ],
    ['a binary', 'a.bin', Buffer.from([1, 2, 0, 4]), /a\.bin: it is a binary file/],
    [
      'the raw state',
      'a.json',
      '{"version": 4, "terraform_version": "1", "lineage": "x"}',
      /raw Terraform state.*show -json/,
    ],
    ['Terraform source', 'main.tf', 'resource "aws_s3_bucket" "b" {\n}\n', /main\.tf: it is Terraform source/],
    [
      'a plan of a version to come',
      'a.json',
      '{"format_version":"9.0","resource_changes":[]}',
      /a\.json:1:19: format_version 9\.0/,
    ],
  ])('%s', async (_, name, content, message) => {
    const run = await check({ [name]: content }, name);
    expect(run.code).toBe(2);
    expect(run.stderr).toMatch(message);
    expect(run.stderr).not.toMatch(/ at .*\.ts:/);
  });

  it('inside a folder too, if its name says JSON or YAML', async () => {
    const run = await check({ 'app/t.yaml': good, 'app/broken.json': '{"a"' }, 'app', ...only);
    expect(run.code).toBe(2);
    expect(run.stderr).toMatch(/app\/broken\.json:1:5/);
  });

  it('a folder with nothing of a known form', async () => {
    expect(await check({ 'app/x.json': '{}' }, 'app')).toMatchObject({ code: 2 });
  });

  it('a file that may not be read', async () => {
    await inFolder({ 't.yaml': good }, async (cwd) => {
      chmodSync(join(cwd, 't.yaml'), 0);
      const run = await edict(['check', 't.yaml', ...only], { cwd });
      // Root may read everything.
      expect(run.code).toBe(process.getuid?.() === 0 ? 0 : 2);
    });
  });

  it('does not quote what is in the file', async () => {
    const run = await check({ 'a.json': '{"password": "planted-secret", x}' }, 'a.json');
    expect(run.stderr + run.stdout).not.toContain('planted-secret');
  });
});

describe('the table', () => {
  it('says the sentence, the native property and its value, and the place', async () => {
    const { stdout } = await check({ 't.yaml': bad }, 't.yaml', ...only);
    expect(stdout).toContain('versioned is false: VersioningConfiguration.Status = "Suspended" at t.yaml:9:17');
    expect(stdout).toMatch(/violated\s+can be recovered/);
    expect(stdout).toMatch(/1 resource in 1 document: 1 violation \(1 medium\), 0 compliant\n$/);
  });

  it('says why something is unknown', async () => {
    const { stdout } = await check({ 't.yaml': undecided }, 't.yaml', ...only);
    expect(stdout).toMatch(/depends on\s+versioned is unknown \(unresolved/);
  });

  it('is plain in a pipe, and coloured if that is asked for', async () => {
    await inFolder({ 't.yaml': bad }, async (cwd) => {
      expect((await edict(['check', 't.yaml'], { cwd })).stdout).not.toContain('\u001b');
      expect((await edict(['check', 't.yaml'], { cwd, env: { FORCE_COLOR: '1' } })).stdout).toContain('\u001b[');
      expect((await edict(['check', 't.yaml'], { cwd, env: { NO_COLOR: '1' } })).stdout).not.toContain('\u001b');
    });
  });

  it('does not let a name steer the terminal', async () => {
    const evil = bad.replace('  Data:', '  "Data\\e]0;owned\\a\\u202E":');
    const { stdout } = await check({ 't.yaml': evil }, 't.yaml', ...only);
    expect(stdout).toContain('Data\\x1b]0;owned\\x07\\u202e');
    // oxlint-disable-next-line no-control-regex -- the absence of control characters is what is tested
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
  });
});

describe('secrets', () => {
  it.each(['table', 'json', 'sarif'])('are in no output: %s', async (format) => {
    const run = await check({ 'plan.json': planWithSecret }, 'plan.json', '--format', format);
    expect(run.code).toBe(1);
    expect(run.stdout + run.stderr).not.toMatch(/planted/);
  });
  it('nor in the facts', async () => {
    const run = await inFolder({ 'plan.json': planWithSecret }, (cwd) => edict(['facts', 'plan.json'], { cwd }));
    expect(run.code).toBe(0);
    expect(run.stdout).not.toMatch(/planted/);
  });
});

describe('JSON', () => {
  it('has one result for every policy of the kind, those that pass included', async () => {
    const run = await check({ 't.yaml': bad }, 't.yaml', '--format', 'json');
    const { results, summary, bundle } = jsonOf(run);
    expect(results.map((r) => r.policy)).toEqual([
      'object-store.access-logged',
      'object-store.customer-managed-key',
      'object-store.no-public-access',
      'object-store.public-access-blocked',
      'object-store.tls-only',
      POLICY,
    ]);
    expect(summary.results).toBe(6);
    expect(bundle).toHaveLength(64);
    expect(results.find((r) => r.policy === POLICY)).toEqual({
      resource: 'Data',
      nativeType: 'AWS::S3::Bucket',
      kind: 'object_store',
      policy: POLICY,
      verdict: 'violation',
      severity: 'medium',
      title: 'Overwritten and deleted objects can be recovered',
      clauses: [{ id: 'versioned', says: 'can be recovered', verdict: 'fails' }],
      evidence: [
        {
          fact: 'versioned',
          value: false,
          state: 'known',
          pointer: '/Resources/Data/Properties/VersioningConfiguration/Status',
          because: null,
          native: '"Suspended"',
        },
      ],
      missing: [],
      error: null,
      exception: null,
      document: 't.yaml',
      location: { line: 9, column: 17 },
    });
  });

  it('is valid where nothing was judged', async () => {
    const run = await check({ 'x.json': '{}' }, 'x.json', '--format', 'json');
    expect(jsonOf(run)).toMatchObject({ results: [], errors: [{ document: 'x.json', line: null }] });
  });

  it('counts what no mapping knows', async () => {
    const other = "AWSTemplateFormatVersion: '2010-09-09'\nResources: { A: { Type: 'Custom::Thing' } }\n";
    const run = await check({ 't.yaml': other }, 't.yaml', '--format', 'json');
    expect(run.code).toBe(0);
    expect(jsonOf(run)).toMatchObject({ unsupported: [{ nativeType: 'Custom::Thing', count: 1 }] });
  });
});

describe('SARIF', () => {
  const schema = JSON.parse(
    readFileSync(new URL('../../fixtures/sarif/sarif-schema-2.1.0.json', import.meta.url), 'utf8'),
  ) as Record<string, unknown>;
  // Draft 4 and the draft that ajv knows differ in the name of `id` only, as far as this schema goes.
  const { $schema: _, id: __, ...body } = schema;
  const validate = new Ajv({ strict: false, validateFormats: false, unicodeRegExp: false }).compile(body);

  it.each([
    ['violations and unknowns', { 't.yaml': bad, 'u.yaml': undecided }, 1],
    ['nothing', { 't.yaml': good }, 0],
    ['a file that cannot be used', { 't.yaml': bad, 'b.json': '{' }, 2],
  ])('is valid with %s', async (_name, files, code) => {
    const run = await check(files, ...Object.keys(files), ...only, '--format', 'sarif');
    expect(run.code).toBe(code);
    expect(validate(JSON.parse(run.stdout)), JSON.stringify(validate.errors)).toBe(true);
  });

  it('has the place, the level and a fingerprint that does not move with the place', async () => {
    const results = async (document: string) => {
      const run = await check({ 'a b/t.yaml': document }, 'a b/t.yaml', ...only, '--format', 'sarif');
      return (JSON.parse(run.stdout) as { runs: [{ results: [Record<string, unknown>] }] }).runs[0].results;
    };
    const [first] = await results(bad);
    const [moved] = await results(`# moved\n${bad}`);
    expect(first).toMatchObject({
      ruleId: POLICY,
      level: 'warning',
      locations: [
        {
          physicalLocation: {
            artifactLocation: { uri: 'a%20b/t.yaml' },
            region: { startLine: 9, startColumn: 17 },
          },
        },
      ],
    });
    expect(moved).toMatchObject({ locations: [{ physicalLocation: { region: { startLine: 10 } } }] });
    expect(moved['partialFingerprints']).toEqual(first['partialFingerprints']);
    expect(await results(undecided)).toMatchObject([{ kind: 'review', level: 'none' }]);
  });
});

describe('the way it ends', () => {
  it('in silence where its reader goes away', async () => {
    const big = JSON.stringify({
      AWSTemplateFormatVersion: '2010-09-09',
      Resources: Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`B${i}`, { Type: 'AWS::S3::Bucket' }])),
    });
    await inFolder({ 'big.json': big }, async (cwd) => {
      const bin = join(import.meta.dirname, '..', '..', '..', 'cli', 'edict.js');
      const command = `"${process.execPath}" "${bin}" check big.json --format json | head -c 100 >/dev/null`;
      const child = spawn('sh', ['-c', command], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
      let err = '';
      child.stderr.on('data', (chunk: Buffer) => {
        err += chunk.toString();
      });
      await new Promise((resolve) => child.on('close', resolve));
      expect(err).toBe('');
    });
  });

  it('says so where the bundle cannot be used', async () => {
    await inFolder({ 't.yaml': good, 'bundle/manifest.json': '{"version":1,"policies":[]}' }, async (cwd) => {
      mkdirSync(join(cwd, 'empty'));
      const run = await edict(['check', 't.yaml'], { cwd, env: { EDICT_BUNDLE: join(cwd, 'empty') } });
      expect(run.code).toBe(2);
      expect(run.stderr).toMatch(/manifest\.json cannot be read/);
    });
  });

  it('judges by the policies of another bundle, and refuses one that is none', async () => {
    await inFolder({ 't.yaml': good, 'bad/manifest.json': '{"version":1}', 'bad/policy.wasm': '' }, async (cwd) => {
      const shipped = join(import.meta.dirname, '../../../bundle');
      const run = await edict(['check', 't.yaml', '--bundle', shipped], { cwd });
      expect(run.stdout).toBe((await edict(['check', 't.yaml'], { cwd })).stdout);
      const refused = await edict(['check', 't.yaml', '--bundle', 'bad'], { cwd });
      expect(refused.code).toBe(2);
      expect(refused.stderr).toMatch(/manifest of the bundle cannot be read/);
    });
  });
});

describe('exceptions', () => {
  /** An exception to what the policy finds in the bad document. */
  async function exception(more: Partial<Exception> = {}): Promise<Exception> {
    const engine = shippedEngine();
    const policy = engine.manifest.policies.find((p) => p.id === POLICY);
    if (policy === undefined) throw new Error(`no policy ${POLICY}`);
    const [resource] = await inFolder({ 't.yaml': bad }, async (cwd) => {
      const inputs = new Inputs({ context: DEFAULT_CONTEXT, read: {}, maxBytes: 1e6 });
      const found: MappedResource[] = [];
      for await (const resources of inputs.resources([join(cwd, 't.yaml')], () => undefined)) found.push(...resources);
      return found;
    });
    if (resource === undefined) throw new Error('no resource');
    const now = Date.now();
    const verdicts = engine.judge(resource.kind.id, resource.facts, Math.floor(now / 1000));
    const verdict = verdicts.find((v) => v.policy === POLICY);
    if (verdict === undefined) throw new Error('no verdict');
    const judged = { resource: resource.id, facts: resource.facts, verdicts };
    const { decided = '' } = exceptionTo(policy, verdict, judged, [], Math.floor(now / 1000));
    const wish = requestException(
      {
        policy,
        scope: { is: 'resource' },
        covers: [{ finding: findingId(POLICY, resource.id), resource: resource.id, decided }],
        reason: 'Until the migration',
        ticket: 'SEC-7',
        owner: 'team-data',
        requestedBy: { who: 'ann', established: 'declared' },
        expiresAt: new Date(now + 86_400_000).toISOString(),
      },
      now,
    );
    return { ...approveException(wish, { who: 'ben', established: 'declared' }, now), ...more };
  }
  const file = (...exceptions: readonly unknown[]): string =>
    JSON.stringify({ version: 1, exportedAt: '2026-11-25T09:00:00.000Z', exceptions });
  const excepted = (exceptions: string, ...args: readonly string[]): Promise<Run> =>
    check({ 't.yaml': bad, 'x.json': exceptions }, 't.yaml', ...only, '--exceptions', 'x.json', ...args);

  it('let what they cover stand: it is shown with its verdict and fails nothing, in every format', async () => {
    const held = await exception();
    const { id, owner, expiresAt, reason, ticket } = held;
    const run = await excepted(file(held), '--format', 'json');
    expect(run).toMatchObject({ code: 0, stderr: '' });
    const { results, summary } = jsonOf(run);
    const until = expiresAt.replace(/\.\d+Z$/, '.000Z');
    expect(results.map((r) => [r.verdict, r.exception])).toEqual([['violation', { id, owner, until, reason, ticket }]]);
    expect(summary).toMatchObject({ verdicts: { violation: 1 }, excepted: { violation: 1, unknown: 0 } });

    const sarif = await excepted(file(held), '--format', 'sarif');
    expect(sarif.code).toBe(0);
    const [result] = (JSON.parse(sarif.stdout) as Log).runs[0]?.results ?? [];
    expect(result).toMatchObject({
      kind: 'fail',
      suppressions: [{ kind: 'external', status: 'accepted', justification: `${reason} (${ticket})` }],
    });

    const table = await excepted(file(held));
    expect(table.code).toBe(0);
    expect(table.stdout.replaceAll(/\s+/g, ' ')).toContain(`until ${until} by ${owner}: ${reason} (${ticket}, ${id})`);
    expect(table.stdout).toContain('1 of them excepted');
  });

  it('that are over, only asked for, or for other facts let nothing stand', async () => {
    const held = await exception();
    const past = { requestedAt: '2026-01-01T00:00:00.000Z', approvedAt: '2026-01-01T00:00:00.000Z' };
    const { approvedBy: _by, approvedAt: _at, ...asked } = held;
    for (const other of [
      { ...held, ...past, expiresAt: '2026-01-02T00:00:00.000Z' },
      { ...asked, state: 'requested' },
      { ...held, covers: held.covers.map((c) => ({ ...c, decided: '0000000000000000' })) },
    ])
      expect((await excepted(file(other))).code).toBe(1);
  });

  it.each([
    ['is not there', ['--exceptions', 'nowhere.json'], /--exceptions: nowhere\.json cannot be read/],
    ['is none', ['--exceptions', 't.yaml'], /--exceptions: t\.yaml is not JSON/],
    ['holds something else', ['--exceptions', 'x.json'], /--exceptions: x\.json: /],
  ])('a file that %s ends the run with 2', async (_, args, message) => {
    const run = await check({ 't.yaml': bad, 'x.json': '{"version":2}' }, 't.yaml', ...args);
    expect(run.code).toBe(2);
    expect(run.stderr).toMatch(message);
  });

  it('one that its author approved spoils the file: nobody knows what else is wrong with it', async () => {
    const held = await exception();
    const run = await excepted(file({ ...held, approvedBy: held.requestedBy }));
    expect(run.code).toBe(2);
    expect(run.stderr).toMatch(/exceptions\.0: who asked for it does not approve it/);
  });
});
