/** What authoring tells a person, as lines. */
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { exampleFiles, exampleLines } from '../../../cli/author/example-table.ts';
import { blastLines } from '../../../cli/author/words.ts';
import type { BlastRadius } from '../../../shared/authoring/blast-radius.ts';
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
