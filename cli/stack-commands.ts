/** The commands that work with a deployed stack: the one that `npm start` runs, or one in an AWS account. */
import { type Command, Option } from 'commander';
import { unlessNamed } from './group.ts';

type Run = (action: () => Promise<number> | number) => Promise<void>;

const WHICH = `
The stack is the one that "npm start" runs on this machine, unless --stage or --region names a deployment; that is
reached with the AWS credentials of the environment.`;

const DOCTOR = `
It only reads: AWS with the credentials of the environment, Azure as "az login" or its variables say, Google Cloud by its
application default credentials. What is refused, throttled or not answered is unknown, never ok. docs/doctor.md has a
section for each check.

Exit codes: 0 all that applies is there, 1 something is missing or could not be seen, 2 there is no such deployment, or an
option could not be used.`;

/** Adds them to the program. */
export function addStackCommands(edict: Command, run: Run): void {
  const onStack = (command: Command): Command =>
    command
      .option(
        '--stage <stage>',
        'a deployment in an AWS account, by its stage (default: prod, where --region is given)',
      )
      .option('--region <region>', 'its AWS region')
      .addHelpText('after', WHICH);

  onStack(edict.command('findings').description('list what is open'))
    .option('--severity <severity...>', 'critical, high, medium, low, info')
    .option('--status <status>', 'open, unknown, error, excepted, resolved, resource_deleted or all', 'open')
    .option('--cloud <cloud>', 'aws, azure, gcp')
    .option('--account <id>', 'AWS account, Azure subscription or GCP project')
    .option('--policy <id>')
    .option('--resource <id>', 'the canonical id: an ARN, an ARM id in lower case, an asset name')
    .option('--shadow', 'only of policies in shadow')
    .option('--no-shadow', 'without those of policies in shadow')
    .option('--owner <team>', 'who answers for the resource, by the context rules')
    .option('--as-of <time>', 'as the world was then, by what is known now')
    .option('--known-at <time>', 'with --as-of: by what was known at this time')
    .option('--since <time>', 'has its status since 2026-11-25, an instant, or 30m, 24h, 7d ago')
    .option('--limit <n>', 'at most so many', '100')
    .option('--next <token>', 'the next page')
    .addOption(new Option('--format <format>').choices(['table', 'json', 'csv']).default('table'))
    .action((options) => run(async () => (await import('./commands/findings.ts')).findings(options)));

  onStack(edict.command('finding').description('show one finding: evidence, provenance, history'))
    .argument('<id>', 'its id, or as much of the beginning as tells it apart')
    .addOption(new Option('--format <format>').choices(['table', 'json']).default('table'))
    .option(
      '--chain',
      'check the chain from the sentence to the finding instead, link by link; exit 1 if one is broken',
    )
    .option('--policies <folder>', 'with --chain: where the policies are (default: those of this build)')
    .action((id, options) =>
      run(async () =>
        options.chain === true
          ? (await import('./commands/chain.ts')).chain(id, options)
          : (await import('./commands/finding.ts')).finding(id, options),
      ),
    );

  onStack(edict.command('coverage').description('show what is seen of every account, and what nobody can answer for'))
    .option('--account <id>', 'only this account')
    .addOption(new Option('--format <format>').choices(['table', 'json']).default('table'))
    .action((options) => run(async () => (await import('./commands/coverage.ts')).coverage(options)));

  onStack(edict.command('doctor').description('say what is missing: of the deployment, and of the way to each cloud'))
    .addOption(new Option('--format <format>').choices(['table', 'json']).default('table'))
    .option('--member <stack>', 'look at a member account instead, by the name of its stack of onboarding/aws')
    .addHelpText('after', DOCTOR)
    .action((options) => run(async () => (await import('./commands/doctor.ts')).doctor(options)));

  edict
    .command('observe')
    .description('send documents through the front doors of the stack on this machine; exit 1 if one is not taken')
    .argument('<inputs...>', 'files, folders, or - for standard input')
    .option('--now', 'as if it happened now, whatever time the documents give')
    // Refused, and with the reason.
    .addOption(new Option('--stage <stage>').hideHelp())
    .addOption(new Option('--region <region>').hideHelp())
    .action((inputs, options) => run(async () => (await import('./commands/observe.ts')).observe(inputs, options)));

  onStack(
    edict
      .command('sweep')
      .description('take the inventory of every cloud now; exit 1 if not all of it could be listed'),
  )
    .option('--wait <seconds>', 'wait so long for the end', '300')
    .action((options) => run(async () => (await import('./commands/sweep.ts')).sweep(options)));

  const format = (): Option => new Option('--format <format>').choices(['table', 'json']).default('table');
  onStack(edict.command('re-derive').description('read the kept documents again by the mappings of this build'))
    .option('--since <time>', 'documents received since then', '400d')
    .option('--from <folder>', 'the history as a folder (default: what the stack has kept)')
    .option('--dry-run', 'only say what would be read otherwise')
    .action((options) => run(async () => (await import('./commands/re-derive.ts')).reDerive(options)));

  onStack(
    edict.command('replay').description('judge the history by other policies: would they have caught it, and when'),
  )
    .requiredOption('--policy <policy...>', 'folders with policies, or ids')
    .option('--since <time>', 'from when on it is told: 2026-11-25, an instant, or 24h, 30d ago', '30d')
    .option('--until <time>', 'default: now')
    .option('--warm-up <span>', 'how much earlier the history is read, so that it is known what there was', '7d')
    .option('--resource <id...>', 'only of these: canonical ids, or names')
    .option('--from <folder>', 'the history as a folder (default: what the stack has kept)')
    .option('--bundle <folder>', 'with --from: what to compare with (default: the policies of this build)')
    .option('--config <file>', 'with --from: context rules (default: edict.config.yaml, if it is there)')
    .addOption(format())
    .action((options) => run(async () => (await import('./commands/replay.ts')).replay(options)));

  const as = 'your name or address (a deployment in an AWS account knows you by your credentials)';
  onStack(edict.command('except').description('ask that a finding, or findings of one policy, may stand for a time'))
    .argument('[finding]', 'its id, or as much of the beginning as tells it apart')
    .requiredOption('--reason <text>', 'why it may stand')
    .requiredOption('--ticket <ticket>', 'where it is worked on')
    .requiredOption('--owner <team>', 'who answers for it, and is reminded before it ends')
    .requiredOption(
      '--expires <time>',
      'when it ends: 2026-12-31, an instant, or 30d (the policy says how long at most)',
    )
    .option('--compensated-by <policy>', 'holds only while this policy is compliant on the resource')
    .option('--policy <id>', 'without a finding: of this policy, everything open that the following select')
    .option('--cloud <cloud>')
    .option('--account <id>')
    .option('--in-region <region>', 'the region of the resources')
    .option('--environment <environment>')
    .option('--resource-owner <team>')
    .option('--tag <key=value>')
    .option('--cap <n>', 'the most findings that it may cover', '10')
    .option('--as <who>', as)
    .addOption(format())
    .action((finding, options) => run(async () => (await import('./commands/exceptions.ts')).except(finding, options)));

  const exceptions = edict.command('exceptions').description('what may stand, by whom, and until when');
  onStack(unlessNamed(exceptions.command('list', { isDefault: true })).description('list exceptions, newest first'))
    .option('--state <state>', 'requested, active, expired or revoked')
    .addOption(format())
    .action((options) => run(async () => (await import('./commands/exceptions.ts')).listExceptions(options)));
  onStack(exceptions.command('show').description('show one exception'))
    .argument('<id>')
    .addOption(format())
    .action((id, options) => run(async () => (await import('./commands/exceptions.ts')).showOne(id, options)));
  onStack(exceptions.command('approve').description('approve what somebody else asked for'))
    .argument('<id>')
    .option('--as <who>', as)
    .addOption(format())
    .action((id, options) => run(async () => (await import('./commands/exceptions.ts')).approveOne(id, options)));
  onStack(exceptions.command('revoke').description('end an exception now, or take back the wish for one'))
    .argument('<id>')
    .requiredOption('--because <reason>')
    .option('--as <who>', as)
    .addOption(format())
    .action((id, options) => run(async () => (await import('./commands/exceptions.ts')).revokeOne(id, options)));
  onStack(exceptions.command('export').description('write what is in force, for "edict check --exceptions"'))
    .option('--out <file>', 'default: standard output')
    .action((options) => run(async () => (await import('./commands/exceptions.ts')).exportExceptions(options)));

  onStack(edict.command('release').description('make policies and context rules active'))
    .option('--bundle <folder>', 'the compiled policies (default: those of this build)')
    .option('--config <file>', 'context rules (default: edict.config.yaml, if it is there)')
    .option('--approvals <file>', 'who approved the policies (default: policies/approvals.yaml of this build)')
    .option('--shadow <policy...>', 'judge and keep the findings of these, and alert nobody')
    .option('--activate <policy...>', 'take these out of shadow, nothing else; their open findings are told')
    .action((options) => run(async () => (await import('./commands/release.ts')).release(options)));

  onStack(edict.command('rollback').description('make active again what was active before'))
    .option(
      '--to <sequence>',
      'the release to go back to (default: the last one with other policies, or others in shadow)',
    )
    .action((options) => run(async () => (await import('./commands/release.ts')).rollback(options)));
}

/** Adds what decides which policies may be released to `edict policies`. */
export function addApprovalCommands(policies: Command, run: Run): void {
  const kept = (command: Command): Command =>
    command
      .option(
        '--stage <stage>',
        'keep it in the policies table of a deployment (default: in the file beside the policies)',
      )
      .option('--region <region>', 'its AWS region')
      .addHelpText('after', APPROVAL);
  const decided = (command: Command): Command =>
    kept(command)
      .argument('<policies...>', 'ids, or folders with policies')
      .option(
        '--as <who>',
        'your name or address: nothing checks it, it is what you type (a deployment in an AWS account takes none: it knows you by your credentials)',
      );
  decided(policies.command('request').description('ask for the approval of policies as they are now')).action(
    (names, options) => run(async () => (await import('./commands/approvals.ts')).requestPolicies(names, options)),
  );
  decided(
    policies
      .command('approve')
      .description(
        'show policies that somebody else asked to be approved, and approve them: those of one sentence together',
      ),
  )
    .option('--hash <hash>', 'only if it is still this version')
    .option('--because <reason>')
    .option('--yes', 'on a terminal: do not ask once more, you have seen it')
    .addOption(new Option('--format <format>').choices(['table', 'json']).default('table'))
    .action((names, options) =>
      run(async () => (await import('./commands/approvals.ts')).approvePolicies(names, options)),
    );
  decided(policies.command('reject').description('reject policies, also after they were approved'))
    .option('--hash <hash>', 'only if it is still this version')
    .option('--because <reason>')
    .action((names, options) =>
      run(async () => (await import('./commands/approvals.ts')).rejectPolicies(names, options)),
    );
  kept(policies.command('approvals').description('list who approved what, and what waits'))
    .argument('[policies...]', 'ids, or folders with policies (default: all that ship)')
    .addOption(new Option('--format <format>').choices(['table', 'json']).default('table'))
    .action((names, options) =>
      run(async () => (await import('./commands/approvals.ts')).listApprovals(names, options)),
    );
}

const APPROVAL = `
The file is approvals.yaml at the root of the folders <kind>/<name>, or beside a folder that is called otherwise.

An approval is bound to the hash of intent, clauses, Rego, examples, parameters and catalogue: what changes afterwards has to
be approved again. Whoever asks cannot approve. A proved policy takes one approver, one that is only tested takes two.`;
