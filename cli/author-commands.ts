/** The commands that author policies. */
import { type Command, Option } from 'commander';

type Run = (action: () => Promise<number> | number) => Promise<void>;

const HELP = `
Two models formalise the sentence apart. Where they differ you are asked about a resource, at most three times; then you
judge resources without being told what the draft says of them. A draft that you and the gates agree with can be kept,
put up for approval, or activated. No model is asked when something is judged. Models: the section "authoring" of
edict.config.yaml; the key: ANTHROPIC_API_KEY.

Exit codes: 0 authored and accepted, 1 refused or stopped by a gate, 2 an option could not be used, 130 left (what was
said is kept).

Examples:
  edict author "Production databases keep backups for at least 30 days"
  edict author --from-clauses policy.yaml --yes --json      no model, no person: the gates alone
  edict author edit sql-database.backups-kept "Databases keep backups for at least 14 days"
  edict author --remote "Buckets are private" --stage prod  a deployment drafts: edict author status`;

/** Which options of `edict author` a command below it takes: its help lists these and no others. */
const takes = (command: Command, ...options: readonly string[]): Command =>
  command.configureHelp({
    showGlobalOptions: true,
    visibleGlobalOptions: ({ parent }) => (parent?.options ?? []).filter((o) => options.includes(o.attributeName())),
  });

/** Adds them to the program. */
export function addAuthorCommands(edict: Command, run: Run): void {
  const author = edict
    .command('author')
    .description('make a policy of a sentence')
    .argument('[intent]', 'what should hold, in one or a few sentences')
    .option('--file <file>', 'the sentence is in this file')
    .option('--from-clauses <file>', 'clauses that are written already (a policy.yaml): no model is asked')
    .option('--advisory <file>', 'propose sentences against what an advisory describes (text, CISA KEV, STIX 2.1)')
    .option('--kind <kind...>', 'only of these kinds')
    .option('--inventory <files...>', 'judge the resources in these, to see what would change')
    .option('--yes', 'there is nobody to ask: what is not clear is refused')
    .option('--json', 'the result for a machine; where there would be a dialogue, with --yes')
    .option('--dry-run', 'write nothing')
    .option('--draft-fact <file>', 'where no fact says it: write what is missing to this file, for an engineer')
    .option('--allow-rego', 'where clauses cannot say it, models may write Rego: tested, never activated by itself')
    .option('--resume <draft>', 'go on with a draft; with --remote: with a sentence that no model answered')
    .option('--remote', 'a deployment drafts it: edict author status and answer say what comes of it')
    .option(
      '--out <folder>',
      'where policies are written (default: the draft, or the policies of this project; status: nowhere)',
    )
    .option('--as <who>', 'your name or address; nothing checks it, it is what you type (default: your user name here)')
    .option(
      '--approve-as <who>',
      'who else approves it: activates what is proved. Nothing checks it, it is what you type: on this machine only',
    )
    .option('--base-url <url>', 'another address of the Messages API')
    .option('--config <file>', 'models and context rules (default: edict.config.yaml, if it is there)')
    .option('--stage <stage>', 'the inventory of a deployment in an AWS account; with --remote: who drafts')
    .option('--region <region>', 'its AWS region')
    .addHelpText('after', HELP);
  author.action((intent, options) =>
    run(async () =>
      options.remote === true
        ? (await import('./author/remote.ts')).sendIntent(intent, options)
        : (await import('./commands/author.ts')).author(intent, options),
    ),
  );
  takes(
    author
      .command('edit')
      .description('change the sentence of a policy; what becomes different is shown before anything is written')
      .argument('<policy>', 'an id or a folder')
      .argument('<intent>', 'the changed sentence'),
    'kind',
    'inventory',
    'yes',
    'json',
    'dryRun',
    'draftFact',
    'allowRego',
    'out',
    'as',
    'approveAs',
    'baseUrl',
    'config',
    'stage',
    'region',
  ).action((id, intent, _, command: Command) =>
    run(async () => (await import('./commands/author.ts')).editPolicy(id, intent, command.optsWithGlobals())),
  );
  takes(
    author
      .command('explain')
      .description('say in words what a policy asks for')
      .argument('<policy>', 'an id or a folder')
      .option('--prose', "a model's words, too, marked as such"),
    'json',
    'baseUrl',
    'config',
  ).action((id, _, command: Command) =>
    run(async () => (await import('./author/explain.ts')).explain(id, command.optsWithGlobals())),
  );
  takes(author.command('drafts').description('list the drafts of this folder'), 'json').action((_, command: Command) =>
    run(async () => (await import('./commands/author.ts')).drafts(command.optsWithGlobals())),
  );
  takes(
    author
      .command('status')
      .description('show what a deployment drafts: what it asks, and what came of it')
      .argument('[id]', 'one sentence (default: list the newest)')
      .addOption(new Option('--format <format>').choices(['table', 'json']).default('table')),
    'out',
    'stage',
    'region',
  ).action((id, _, command: Command) =>
    run(async () => (await import('./author/remote.ts')).authoringStatus(id, command.optsWithGlobals())),
  );
  takes(
    author
      .command('answer')
      .description('answer what a deployment asks of a sentence')
      .argument('<id>')
      .option('--say <answer...>', '<what is asked>=violation|fine|does_not_apply|skip, instead of the dialogue'),
    'as',
    'stage',
    'region',
  ).action((id, _, command: Command) =>
    run(async () => (await import('./author/remote.ts')).answerRemote(id, command.optsWithGlobals())),
  );
}
