import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { factDraft } from '../../../shared/authoring/fact-draft.ts';
import { kinds } from '../../../shared/kinds/index.ts';
import { mappings } from '../../../shared/mappings/registry.ts';

const SENTENCE = 'Databases install minor updates\nby themselves';
const one = {
  kind: 'sql_database',
  fact: 'minor_updates',
  says: "Minor versions are installed without anybody's doing.",
};
const drafted = (...missing: Parameters<typeof factDraft>[0]): string => factDraft(missing, SENTENCE, kinds);

describe('the draft of a missing fact', () => {
  it('is the declaration and every mapping that must say where it is read, all of it unchecked', () => {
    const text = drafted(one);
    expect(text).toContain('**Unchecked.**');
    expect(text).toContain('> Databases install minor updates by themselves');
    expect(text).toContain('## `sql_database.minor_updates`');
    expect(text).toContain("    minor_updates: bool('Minor versions are installed without anybody\\'s doing.'),");
    expect(text).toMatch(/TODO the shape/);
    const own = mappings.filter((m) => m.kind?.id === 'sql_database');
    const rows = text.split('\n').filter((l) => l.includes('`shared/mappings/'));
    expect(rows).toHaveLength(own.length);
    for (const cloud of ['aws', 'azure', 'gcp']) expect(rows.some((r) => r.startsWith(`| ${cloud} |`))).toBe(true);
    for (const row of rows) expect(row).toMatch(/\| TODO \| TODO \| TODO \|$/);
    expect(rows.find((r) => r.includes('aws/rds-instance'))).toContain('`AWS::RDS::DBInstance`');
  });

  it.each(kinds.map((k) => k.id))('names files of %s that there are', (kind) => {
    const files = drafted({ ...one, kind }).match(/`(shared\/[^`]+)`/g) ?? [];
    expect(files.length).toBeGreaterThan(1);
    for (const file of files)
      expect(existsSync(join(import.meta.dirname, '..', '..', '..', file.slice(1, -1)))).toBe(true);
  });

  it('asks first whether a kind that there is not is one', () => {
    const text = drafted({ kind: 'message queue', fact: 'encrypted', says: 'It is.' });
    expect(text).toContain("export const messageQueue = defineKind('message_queue', {");
    expect(text).toMatch(/There is no kind `message_queue`: TODO is it one, or a fact of one of .*`sql_database`/);
  });

  it('says so where there is a fact of the name', () => {
    expect(drafted({ ...one, fact: 'tls_required' })).toContain('There is a fact of this name already');
    expect(drafted(one)).not.toContain('There is a fact of this name already');
  });

  it('takes what a model says for text, whatever it says', () => {
    const hostile = {
      kind: "x'}); run(",
      fact: '9`${process.exit()}`',
      says: "'), evil: bool('\n```\n# Approved | yes \u202e",
    };
    const text = factDraft([hostile], '```\n| a | b |', kinds);
    expect(text).toContain("export const xRun = defineKind('x_run'");
    expect(text).toContain('    fact_9_process_exit: bool(');
    expect(text.match(/^```/gm)).toHaveLength(2);
    expect(text).not.toMatch(/^# Approved|\u202e|[^\\]'\), evil/m);
  });
});
