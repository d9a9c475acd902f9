/** Commands that stand for a group of them, with one that is run where none is named. */
import type { Command } from 'commander';

/** The command that is run where none is named: what it is given instead is an unknown command, not one argument too many. */
export const unlessNamed = (command: Command): Command =>
  command.allowExcessArguments().hook('preAction', ({ args, parent }) => {
    const [word] = args;
    if (word !== undefined)
      parent?.error(`error: unknown command '${word}'; "edict help ${parent.name()}" lists what there is`);
  });
