/** What the pages on connecting the clouds say to run, held against the files that are run. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from '@cdktn/hcl2json';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { CONTEXT_KEYS, readConfig } from '../../infra/config.ts';
import { addEdict } from '../../infra/edict.ts';
import { STACK_OUTPUTS, stackNames } from '../../shared/model/deployment.ts';
import { readBicep } from '../support/bicep.ts';

const root = join(import.meta.dirname, '..', '..');
const read = (file: string) => readFileSync(join(root, file), 'utf8');
const azure = read('onboarding/azure/README.md');
const google = read('onboarding/gcp/README.md');
const walk = read('docs/onboarding.md');
const member = read('onboarding/aws/member.yaml');

/** The names in the first column of the table whose head begins so. */
function rows(page: string, head: string): readonly string[] {
  const lines = page.split('\n');
  const from = lines.findIndex((line) => line.startsWith(`| ${head}`));
  if (from < 0) throw new Error(`no table ${head}`);
  const end = lines.findIndex((line, i) => i > from && !line.startsWith('|'));
  return lines.slice(from + 2, end).flatMap((line) => {
    const [, first = ''] = line.split('|');
    return [...first.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);
  });
}
const parametersOf = (file: string) =>
  readBicep(join(root, 'onboarding/azure', file)).parameters.map(({ name }) => name);
const outputsOf = (file: string) => readBicep(join(root, 'onboarding/azure', file)).outputs.map(([name]) => name);
async function terraform(): Promise<{ readonly variable: object; readonly output: object }> {
  const files = globSync('onboarding/gcp/*.tf', { cwd: root });
  const parsed = await Promise.all(files.map((file) => parse(file, read(file))));
  return {
    variable: Object.assign({}, ...parsed.map((file) => (file['variable'] ?? {}) as object)),
    output: Object.assign({}, ...parsed.map((file) => (file['output'] ?? {}) as object)),
  };
}

describe('the page of Azure', () => {
  it('names the parameters that there are', () => {
    expect(rows(azure, 'parameter of `main.bicep`').toSorted()).toEqual(parametersOf('main.bicep').toSorted());
    for (const name of parametersOf('app.bicep')) expect(azure, name).toContain(`\`${name}\``);
  });

  it('gives commands that give only those', () => {
    const commands = [...azure.matchAll(/--template-file (\S+)[\s\S]*?--query/g)];
    expect(commands.map(([, file]) => file)).toEqual(['app.bicep', 'main.bicep']);
    for (const [command, file = ''] of commands) {
      const given = [...command.matchAll(/(?<=[\s])(\w+)=/g)].map(([, name]) => name);
      expect(given.length).toBeGreaterThan(0);
      expect(parametersOf(file)).toEqual(expect.arrayContaining(given));
    }
  });

  it('speaks of outputs that come out, and of every file', () => {
    for (const name of ['azureAudience', 'azureClientId', 'readerPrincipalId'])
      expect([...outputsOf('app.bicep'), ...outputsOf('main.bicep')]).toContain(name);
    for (const file of globSync('*.{bicep,json}', { cwd: join(root, 'onboarding/azure') }))
      expect(azure, file).toContain(`](${file})`);
  });

  it('names what is made by its name', () => {
    const files = globSync('onboarding/azure/*.bicep', { cwd: root }).map(read).join('\n');
    const named = [...azure.matchAll(/`(edict-<stage>[\w-]*)`/g)].map(([, name = '']) => name);
    expect(new Set(named).size).toBeGreaterThan(5);
    for (const name of named) expect(files.includes(`'${name.replace('<stage>', '${stage}')}'`), name).toBe(true);
  });
});

describe('the page of Google Cloud', () => {
  it('names the variables that there are, and gives no others', async () => {
    const names = Object.keys((await terraform()).variable).toSorted();
    expect(rows(google, 'variable').toSorted()).toEqual(names);
    const given = [...google.matchAll(/-var (\w+)=/g)].map(([, name = '']) => name);
    expect(given.toSorted()).toEqual(names.filter((name) => name !== 'stage'));
  });

  it('hands every output over to the key of its name', async () => {
    const handed = [...google.matchAll(/-c (\w+)="\$\(terraform output -raw (\w+)\)"/g)];
    for (const [, key, output] of handed) expect(key).toBe(output);
    expect(handed.map(([, , output = '']) => output).toSorted()).toEqual(
      Object.keys((await terraform()).output).toSorted(),
    );
  });

  it('names what is made by its name, and every file', () => {
    const files = globSync('onboarding/gcp/*.tf', { cwd: root });
    const text = files.map(read).join('\n');
    const named = [...google.matchAll(/`edict-<stage>-([\w-]+)`/g)].map(([, name = '']) => name);
    expect(named).toEqual(expect.arrayContaining(['changes', 'push', 'undelivered']));
    // The stack's own name is AWS's, and a feed's is written by its loop.
    for (const name of named.filter((of) => of !== 'pipeline' && of !== 'resource'))
      expect(text.includes(`"\${local.name}-${name}"`), name).toBe(true);
    for (const file of files) expect(google, file).toContain(`](${file.split('/').at(-1)})`);
  });
});

describe('the walk', () => {
  it('finds the roles and the address where the deployment has them, by names that AWS leaves whole', () => {
    const most = Number(/the name of the stage may have (\d+)/.exec(walk)?.[1]);
    const app = new App({ context: { bundle: 'false', stage: 'a'.repeat(most) } });
    const { pipeline } = addEdict(
      app,
      readConfig((key) => app.node.tryGetContext(key)),
    );
    const roles = Object.keys(Template.fromStack(pipeline).findResources('AWS::IAM::Role'));
    const asked = [...walk.matchAll(/starts_with\(LogicalResourceId,'(\w+)'\)/g)].map(([, prefix = '']) => prefix);
    expect(asked).toEqual(['EvaluateRole', 'SweepRole']);
    const [evaluate = '', ...others] = asked.flatMap((prefix) => roles.filter((id) => id.startsWith(prefix)));
    expect(others).toHaveLength(1);
    // <stack>-<logical id>-<thirteen letters>: what AWS accounts trust begins with the stack and the id.
    const length = `${pipeline.stackName}-${evaluate}-`.length + 13;
    expect(length).toBeLessThanOrEqual(64);
    expect(length).toBeGreaterThan(62);
    expect(walk).toContain(`--stack-name ${stackNames('prod').pipeline}`);
    expect(walk).toMatch(new RegExp(`OutputKey=='(${STACK_OUTPUTS.pipeline.join('|')})'`));
  });

  it('gives a member account the parameters that its template has, and speaks of what it makes', () => {
    const given = [...walk.matchAll(/ParameterKey=(\w+)/g)].map(([, name = '']) => name);
    const declared = /\nParameters:\n([\s\S]*?)\n\S/.exec(member)?.[1] ?? '';
    const parameters = [...declared.matchAll(/^ {2}(\w+):/gm)].map(([, name = '']) => name);
    expect(given.toSorted()).toEqual(parameters.toSorted());
    const resources = /\nResources:\n([\s\S]*?)\n\S/.exec(member)?.[1] ?? '';
    for (const name of rows(walk, 'resource | for')) expect(resources, name).toMatch(new RegExp(`^ {2}${name}:`, 'm'));
  });

  it('and the others speak of context keys that there are', () => {
    const keys = [walk, azure, google].flatMap((page) =>
      [...page.matchAll(/`((?:azure|google|aws)[A-Z]\w+|organizationId)`/g)].map(([, key = '']) => key),
    );
    const others = new Set([...parametersOf('main.bicep'), ...outputsOf('main.bicep')]);
    const unknown = keys.filter((key) => !CONTEXT_KEYS.some((name) => name === key) && !others.has(key));
    expect(unknown).toEqual([]);
    expect(keys.length).toBeGreaterThan(10);
  });
});

it('no file names the host of a registry', () => {
  const files = [...globSync('onboarding/**/*.*', { cwd: root }), 'docs/onboarding.md'];
  expect(files.length).toBeGreaterThan(12);
  for (const file of files)
    expect(read(file), file).not.toMatch(
      /\bregistry\.[\w-]+\.[a-z]|mcr\.microsoft|\.azurecr\.|\.pkg\.dev|ghcr\.io|docker\.io|npmjs/,
    );
});
