/** What help says of options is what the command takes; what is no command is told as that. */
import { expect, it } from 'vitest';
import { edict } from './run.ts';

const optionsOf = (help: string): readonly string[] =>
  [...help.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].flatMap(([, option = '']) =>
    option === '--help' || option === '--version' ? [] : [option],
  );

it.each([
  [['author', 'drafts'], ['--json']],
  [
    ['author', 'explain'],
    ['--prose', '--json', '--base-url', '--config'],
  ],
  [
    ['author', 'status'],
    ['--format', '--out', '--stage', '--region'],
  ],
  [
    ['author', 'answer'],
    ['--say', '--as', '--stage', '--region'],
  ],
  // It is for the stack on this machine alone.
  [['observe'], ['--now']],
])('edict %j takes %j', async (command, options) => {
  const { code, stdout } = await edict([...command, '--help']);
  expect([code, optionsOf(stdout)]).toEqual([0, options]);
});

it.each([
  [['policies', 'aprove', 'object-store.versioned'], "unknown command 'aprove'"],
  [['exceptions', 'aprove', 'exc-1'], "unknown command 'aprove'"],
  [['polices'], "unknown command 'polices'"],
])('edict %j is told to be none', async (command, message) => {
  const { code, stdout, stderr } = await edict(command);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toContain(message);
});

it('edict policies lists them', async () => {
  const { code, stdout } = await edict(['policies', '--format', 'json']);
  expect([code, (JSON.parse(stdout) as { readonly version: number }).version]).toEqual([0, 1]);
});
