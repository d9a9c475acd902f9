/** What help says of options is what the command takes. */
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
