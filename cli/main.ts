#!/usr/bin/env node
/**
 * The commands of edict and their options. Each command's code is loaded when it is called. The bin is `edict.js`, which
 * also copes with an older Node; the line above is for whoever starts this file itself.
 */
import { readFileSync, realpathSync } from 'node:fs';
import { Command, CommanderError, Option } from 'commander';
import { isAppError } from '../shared/model/errors.ts';
import { SEVERITIES } from '../shared/model/verdict.ts';
import { addAuthorCommands } from './author-commands.ts';
import { unlessNamed } from './group.ts';
import { addApprovalCommands, addStackCommands } from './stack-commands.ts';
import { endWithReader, plain, style } from './terminal.ts';

type Action = () => Promise<number> | number;

const CHECK_HELP = `
Reads Terraform and OpenTofu plans, CloudFormation and ARM templates, Resource Graph rows, ARM bodies, Cloud Asset
Inventory assets and AWS Config items; the form of each document is told by its content.

Exit codes: 0 clean, 1 something fails (--fail-on), 2 an input or an option could not be used.

Examples:
  terraform show -json plan | edict check -
  edict check infra/ --context environment=production --format sarif > edict.sarif`;

/** The version in package.json. */
const version = (): string =>
  (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }).version;

/** Builds the program. `run` runs the chosen command's action. */
function program(run: (action: Action) => Promise<void>): Command {
  const edict = new Command('edict')
    .description('Security policy as code: judges what is, and what is about to be, in every cloud.')
    .version(version())
    .configureHelp({ showGlobalOptions: true })
    .exitOverride();

  const shared = (command: Command): Command =>
    command
      .option(
        '--context <facts>',
        'what the documents do not say: environment=production,data_classification=restricted',
      )
      .option('--config <file>', 'context rules (default: edict.config.yaml, if it is there)')
      .option('--parameters <file|name=value,…>', 'values of template parameters; without one, its default')
      .option('--max-megabytes <n>', 'the largest file that is read', '500');

  shared(
    edict
      .command('check')
      .description('judge documents by the policies')
      .argument('<inputs...>', 'files, folders, or - for standard input'),
  )
    .addOption(new Option('--format <format>').choices(['table', 'json', 'sarif']).default('table'))
    .option('--policy <id...>', 'only these policies')
    .option('--bundle <folder>', 'the policies of this bundle (default: those that ship with edict)')
    .addOption(
      new Option('--fail-on <verdict>', 'what makes the exit code 1')
        .choices(['violation', 'unknown', 'none'])
        .default('violation'),
    )
    .option('--exceptions <file>', 'what may stand, as "edict exceptions export" writes it')
    .option('--limit <n>', 'resources that the table shows in full; 0: all', '100')
    .addHelpText('after', CHECK_HELP)
    .action((inputs, options) => run(async () => (await import('./commands/check.ts')).check(inputs, options)));

  shared(
    edict
      .command('facts')
      .description('show what a policy sees of each resource, and where it was read')
      .argument('<inputs...>', 'files, folders, or - for standard input'),
  )
    .addOption(new Option('--format <format>').choices(['table', 'json']).default('table'))
    .action((inputs, options) => run(async () => (await import('./commands/facts.ts')).facts(inputs, options)));

  const policies = edict.command('policies').description('what is judged');
  const format = (): Option => new Option('--format <format>').choices(['table', 'json']).default('table');
  unlessNamed(policies.command('list', { isDefault: true }))
    .description('list the policies')
    .addOption(format())
    .action((options) => run(async () => (await import('./commands/policies.ts')).listPolicies(options)));
  policies
    .command('show')
    .description('show one policy')
    .argument('<id>')
    .addOption(format())
    .action((id, options) => run(async () => (await import('./commands/policies.ts')).showPolicy(id, options)));
  policies
    .command('verify')
    .description('run every gate on policies; exit 1 if one is not accepted')
    .argument('[policies...]', 'ids, or folders with policies (default: all that ship)')
    .addOption(format())
    .action((names, options) => run(async () => (await import('./commands/verify.ts')).verifyPolicies(names, options)));
  policies
    .command('diff')
    .description('show a smallest resource on which two policies disagree; exit 1 if there is one')
    .argument('<a>', 'an id or a folder')
    .argument('<b>', 'an id or a folder')
    .addOption(format())
    .action((a, b, options) => run(async () => (await import('./commands/verify.ts')).diffPolicies(a, b, options)));

  policies
    .command('complete')
    .description('write the native examples that policies lack; exit 1 if one cannot be made that a gate asks for')
    .argument('<policies...>', 'ids, or folders with policies')
    .option('--excuse', 'note what no document can be made for in examples/exceptions.yaml')
    .option('--dry-run', 'write nothing')
    .addOption(format())
    .action((names, options) =>
      run(async () => (await import('./commands/complete.ts')).completePolicies(names, options)),
    );

  policies
    .command('import')
    .description('make a policy of Rego (v0, v1, conftest, Gatekeeper) where it can be said in clauses; exit 1 if not')
    .argument('<rego>', 'a .rego file, or a ConstraintTemplate')
    .option('--kind <kind>', 'what it is about (default: the kind that has the facts that it reads)')
    .option('--id <id>', 'the id of the policy (default: from the package or the file)')
    .addOption(new Option('--severity <severity>').choices(SEVERITIES).default('high'))
    .option('--out <folder>', 'where to write it (default: the policies of this project)')
    .addOption(format())
    .action((file, options) => run(async () => (await import('./commands/import.ts')).importRego(file, options)));

  addApprovalCommands(policies, run);
  addAuthorCommands(edict, run);
  addStackCommands(edict, run);
  return edict;
}

/** Runs the command line. Sets the exit code; 2 for whatever could not be used, and for a defect of our own. */
export async function main(argv: readonly string[]): Promise<void> {
  endWithReader();
  const say = (message: string): void => {
    process.stderr.write(`${style(process.stderr)('red', 'error')} ${plain(message, 4000)}\n`);
  };
  const run = async (action: Action): Promise<void> => {
    process.exitCode = await action();
  };
  try {
    await program(run).parseAsync(argv);
  } catch (error) {
    if (error instanceof CommanderError) {
      // Help and the version are no errors; everything else has been said by commander.
      process.exitCode = error.exitCode === 0 ? 0 : 2;
      return;
    }
    process.exitCode = 2;
    if (isAppError(error)) {
      say(error.message);
      const { lines } = error.details;
      if (Array.isArray(lines)) for (const line of lines) process.stderr.write(`  ${plain(String(line), 4000)}\n`);
    } else {
      say(`a defect of edict: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    }
  }
}

const started = process.argv[1];
if (started !== undefined && realpathSync(started) === import.meta.filename) await main(process.argv);
