/** Files that are small and become large, or go down without end, wherever the command line reads one. */
import { describe, expect } from 'vitest';
import { count, drill } from '../support/drill.ts';
import { edict, inFolder } from '../integration/cli/run.ts';

/** YAML whose aliases multiply: twelve lines that are 9 to the 12th words. */
const laughs = [
  'a0: &a0 [x, x, x, x, x, x, x, x, x]',
  ...Array.from(
    { length: 11 },
    (_, i) => `a${i + 1}: &a${i + 1} [${Array.from({ length: 9 }, () => `*a${i}`).join(', ')}]`,
  ),
].join('\n');
const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`;
const policy = (more: string): string =>
  `id: object-store.bomb\ntitle: x\nseverity: low\nkind: object_store\nrequire:\n  - { id: a, says: a, that: { fact: public_read, is: false } }\nframeworks: { soc2: [CC6.1] }\nremediation: x\n${more}\n`;
const nots = (depth: number): string =>
  policy('').replace(
    '{ fact: public_read, is: false }',
    `${'{ not: '.repeat(depth)}{ fact: public_read, is: false }${' }'.repeat(depth)}`,
  );
const deepPlan = `{"format_version":"1.2","resource_changes":[{"address":"a.b","type":"a","name":"b","mode":"managed","change":{"actions":["create"],"after":{},"after_unknown":${'{"a":'.repeat(50_000)}true${'}'.repeat(50_000)}}}]}`;
const fine = { 'fine.json': '{"AWSTemplateFormatVersion":"2010-09-09","Resources":{}}' };

/** What is read, the file, the command, and what it says. */
const BOMBS: readonly (readonly [what: string, file: string, text: string, args: readonly string[], says: RegExp])[] = [
  ['documents', 'a.json', deepPlan, ['check', 'a.json'], /nested too deeply|not valid/],
  ['documents', 'b.json', '['.repeat(200_000), ['check', 'b.json'], /nested too deeply|not valid/],
  ['documents', 'c.yaml', `a: ${'['.repeat(20_000)}`, ['check', 'c.yaml'], /nested too deeply|not valid/],
  ['documents', 'd.yaml', laughs, ['check', 'd.yaml'], /aliases multiply/],
  [
    'documents',
    'e.json',
    `{"a":"${'x'.repeat(2_000_000)}"}`,
    ['check', 'e.json', '--max-megabytes', '1'],
    /e\.json: it has more than 1 MB/,
  ],
  [
    'policies',
    'p/policy.yaml',
    policy(laughs),
    ['policies', 'verify', 'p'],
    /REFUSED[^]*an alias \(\*\) is not allowed/,
  ],
  [
    'policies',
    'p/policy.yaml',
    policy(`x: ${nested(20_000)}`),
    ['policies', 'verify', 'p'],
    /REFUSED[^]*cannot be read as a policy/,
  ],
  ['policies', 'p/policy.yaml', nots(20_000), ['policies', 'verify', 'p'], /REFUSED[^]*cannot be read as a policy/],
  ['configuration', 'c.yaml', laughs, ['check', 'fine.json', '--config', 'c.yaml'], /c\.yaml/],
  ['configuration', 'c.yaml', `accounts: ${nested(20_000)}`, ['check', 'fine.json', '--config', 'c.yaml'], /c\.yaml/],
  ['configuration', 'edict.config.yaml', laughs, ['check', 'fine.json'], /edict\.config\.yaml/],
  ['exceptions', 'x.json', nested(100_000), ['check', 'fine.json', '--exceptions', 'x.json'], /x\.json/],
  ['parameters', 'p.json', nested(100_000), ['check', 'fine.json', '--parameters', 'p.json'], /p\.json/],
];

describe('bombs', () => {
  drill(
    {
      id: 'bombs',
      done: 'YAML whose aliases multiply, JSON and YAML nested without end, and files beyond the limit are given to the command line as documents, policies, configuration, exceptions and parameters',
      holds:
        'each is refused by its name and with the reason (exit code 2; a policy 1); no command dies, and none blames itself',
    },
    async () => {
      const seen = new Map<string, number>();
      for (const [what, file, text, args, says] of BOMBS) {
        const files = { ...fine, [file]: text, ...(file.startsWith('p/') ? { 'p/intent.md': '# x\n' } : {}) };
        const { code, signal, stdout, stderr } = await inFolder(files, (cwd) => edict(args, { cwd }));
        const words = `${args.join(' ')}: ${text.slice(0, 40)}: ${code} ${signal} ${(stdout + stderr).slice(0, 600)}`;
        expect(signal, words).toBeNull();
        expect(code, words).toBe(what === 'policies' ? 1 : 2);
        expect(stdout + stderr, words).toMatch(says);
        expect(stderr, words).not.toMatch(/a defect of edict|heap|RangeError/);
        seen.set(what, (seen.get(what) ?? 0) + 1);
      }
      return `${count(BOMBS.length)} bombs (${[...seen].map(([what, n]) => `${n} ${what}`).join(', ')}): each refused with its reason`;
    },
  );
});
