/** What authoring tells a person, as lines. */
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { exampleFiles, exampleLines } from '../../../cli/author/example-table.ts';
import { GATE_WORDS, gateText } from '../../../cli/author/gate-words.ts';
import { blastLines, realLines, relationLines } from '../../../cli/author/words.ts';
import type { BlastRadius } from '../../../shared/authoring/blast-radius.ts';
import { describe as inWords } from '../../../shared/authoring/resources.ts';
import { GATES } from '../../../shared/authoring/verify.ts';
import { kinds } from '../../../shared/kinds/index.ts';
import { parsePolicy } from '../../../shared/policy/clauses.ts';

const policy = parsePolicy(
  `id: sql-database.kept
title: Kept
severity: high
kind: sql_database
require: [{ id: kept, says: kept, that: { fact: backup_retention_days, at_least: 30 } }]
frameworks: {}
remediation: Keep them.
`,
  { file: 'policy.yaml' },
);
const told = (lines: readonly string[]): readonly string[] => lines.map(stripVTControlCharacters);

describe('the example table', () => {
  const files = {
    'intent.md': '# Kept\n',
    'examples/violation/aws.config-rds-instance-judged-2.json': '{}',
    'examples/violation/aws.config-rds-instance-judged-10.json': '{}',
    'examples/compliant/aws.config-rds-instance-judged-1.json': '{}',
    'examples/compliant/azure.arm-rest-postgresql-kept.json': '{"sku":1}',
    'examples/exceptions.yaml': 'mutants: []\n',
  };

  it('says of each cloud and form how many documents get which verdict, and in which files', () => {
    const lines = told(exampleLines({ policy, files }));
    expect(lines).toEqual([
      'cloud  document                   violation  compliant',
      'AWS    aws.config-rds-instance            2          1',
      '  violation: judged-2, judged-10; compliant: judged-1',
      'Azure  azure.arm-rest-postgresql          0          1',
      '  compliant: kept',
      'There is no document of GCP.',
    ]);
  });

  it('names each document by its path, with its text', () => {
    expect(exampleFiles({ policy, files }).at(-1)).toEqual({
      path: 'examples/compliant/azure.arm-rest-postgresql-kept.json',
      verdict: 'compliant',
      cloud: 'Azure',
      form: 'azure.arm-rest-postgresql',
      what: 'kept',
      text: '{"sku":1}',
    });
  });

  it('says so where there is none', () => {
    expect(exampleLines({ policy, files: { 'intent.md': '' } })[0]).toMatch(/^There are none/);
  });
});

describe('what it would change', () => {
  it('shows resources that become compliant, and the cloud, account and owner even where there is one', () => {
    const newly = { violation: 0, compliant: 2, unknown: 0 };
    const radius: BlastRadius = {
      judged: 2,
      newly,
      relieved: 0,
      clauses: [{ clause: 'kept', count: 0, exemplars: [] }],
      compliant: [{ id: 'db-1', cloud: 'aws', account: '417203886120', owner: null }],
      by: {
        cloud: [{ is: 'aws', ...newly }],
        account: [{ is: '417203886120', ...newly }],
        owner: [{ is: '(none)', ...newly }],
      },
    };
    expect(told(blastLines(radius, 'a plan'))).toEqual([
      'Of 2 resources in a plan: 0 newly violating, 2 newly compliant, 0 newly unknown',
      '  newly compliant: 2',
      '    db-1  aws 417203886120 (nobody)',
      '    … 1 more',
      '  by cloud (newly violating/compliant/unknown): aws 0/2/0',
      '  by account (newly violating/compliant/unknown): 417203886120 0/2/0',
      '  by owner (newly violating/compliant/unknown): (none) 0/2/0',
    ]);
  });
});

describe('why a gate stops a policy', () => {
  const input = { facts: { public_endpoint: true, backup_retention_days: null }, closed: [], now: 0 };

  it.each([
    [
      'relations',
      { is: 'duplicate', of: 'sql-database.backups-kept' },
      'it does not go with another active policy: it means the same as sql-database.backups-kept: change that one (edict author edit), or keep it alone',
    ],
    [
      'relations',
      { is: 'conflict', with: 'sql-database.open', on: { input, verdicts: ['violation', 'compliant'] } },
      'it does not go with another active policy: it contradicts sql-database.open: of a resource with public endpoint: yes, backup retention days: null, what one asks for violates the other',
    ],
    [
      'examples',
      { file: 'violation/a.json', resource: 'db-1', expected: 'not_applicable', got: 'compliant' },
      'its examples do not show what it says: violation/a.json: db-1 is to be not applicable, and is judged compliant',
    ],
    [
      'mutation',
      { killed: 3, of: 5, survivors: [{ what: 'at_least 30 -> 31', where: 'kept', on: input }] },
      'a mistake in it would not be seen in its examples: 3 of 5 planted mistakes are seen; not: at least 30 -> 31 (kept)',
    ],
    [
      'proof',
      { input, expected: 'violation', difference: 'neither side fires' },
      'its Rego does not say what its clauses say: of a resource with public endpoint: yes, backup retention days: null the clauses say violation; neither side fires',
    ],
    ['vacuity', 'never_violated', 'it asks for nothing, or something in it decides nothing: never_violated'],
  ] as const)('says of %s in words', (name, counterexample, words) => {
    expect(gateText({ name, counterexample })).toBe(words);
  });

  it('says it of every gate, whatever was found', () => {
    expect(Object.keys(GATE_WORDS)).toEqual([...GATES]);
    for (const name of GATES)
      for (const counterexample of [null, 'text', 3, {}, { on: {}, input: null, survivors: 'no' }, []])
        expect(gateText({ name, counterexample })).toMatch(/^[a-z].+: ./i);
  });
});

describe('a resource', () => {
  const sql = kinds.find((k) => k.id === 'sql_database');
  it('has its unit once', () => {
    if (sql === undefined) throw new Error('no kind');
    const days = (value: number) =>
      inWords(sql, { backup_retention_days: { state: 'known', value, at: '' } }).replace('SQL database: ', '');
    expect([days(1), days(30)]).toEqual(['backup retention days: 1', 'backup retention days: 30']);
    const other = {
      ...sql,
      facts: { lag: { says: '', optional: false, shape: { type: 'int', unit: 'hours' } } },
    } as const;
    const lag = (value: number) => inWords(other, { lag: { state: 'known', value, at: '' } });
    expect([lag(1), lag(2)]).toEqual(['SQL database: lag: 1 hour', 'SQL database: lag: 2 hours']);
  });

  it('of the inventory is named', () => {
    expect(realLines({ id: 'arn:aws:rds:eu-west-1:1:db:x', real: true })).toEqual([
      'There is such a one, in your inventory: arn:aws:rds:eu-west-1:1:db:x.',
    ]);
    expect(realLines({ id: 'question-1' })).toEqual([]);
  });

  it('on which two policies conflict is told in words', () => {
    const conflict = { policy: 'a.b', is: 'conflict', on: '{"x":1}', says: 'a resource with x: 1' } as const;
    expect(told(relationLines([conflict]))).toEqual(['It contradicts a.b, of a resource with x: 1']);
  });
});
