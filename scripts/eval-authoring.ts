#!/usr/bin/env node
/**
 * How often would a wrong policy be activated? Runs a model on a corpus of intents and says so in the first line.
 *
 *     npm run eval:authoring                                       the corpus of this project, by edict.config.yaml
 *     npm run eval:authoring -- --intents mine.yaml --runs 3       others' intents (docs/eval-authoring.md)
 *     npm run eval:authoring -- --base-url http://127.0.0.1:8089   any server that speaks the Messages API
 *
 * Progress goes to stderr, the report to stdout. What was done is in the file of --out: the same command with the same
 * --out goes on where it stopped. Exit code: 0, 1 (a wrong policy was activated before the approver gold), 2 (what was asked
 * for cannot be run), 3 (in some cases no model answered), 4 (our own code broke).
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { readAuthoring } from '../cli/options.ts';
import { authoringWorld } from '../cli/author/world.ts';
import type { AuthoringConfig } from '../shared/adapters/anthropic/config.ts';
import { makeLanguageModel } from '../shared/adapters/anthropic/language-model.ts';
import { authorIntent } from '../shared/authoring/author.ts';
import { AppError, isAppError } from '../shared/model/errors.ts';
import { MODEL_ROLES } from '../shared/ports/language-model.ts';
import { type ApproverName, APPROVERS } from './eval/approvers.ts';
import { CORPUS } from './eval/corpus.ts';
import { evaluate, EXIT } from './eval/evaluate.ts';
import { isMain } from './is-main.ts';

const OPTIONS = {
  intents: { type: 'string', default: CORPUS },
  'base-url': { type: 'string' },
  'role-models': { type: 'string' },
  config: { type: 'string' },
  runs: { type: 'string', default: '1' },
  limit: { type: 'string' },
  only: { type: 'string' },
  approvers: { type: 'string', default: APPROVERS.join() },
  seed: { type: 'string', default: '1' },
  parallel: { type: 'string', default: '4' },
  out: { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

/** Nobody waits for an evaluation, and each case that no model answered is missing from every figure. */
const RETRIES = 5;

const HELP = `npm run eval:authoring -- [options]

  --intents <file|folder>   intents with what they mean (default: corpus/intents)
  --runs <n>                each sentence so many times (default: 1)
  --limit <n>               the first n intents
  --only <id,…>             these intents
  --approvers <a,…>         ${APPROVERS.join(', ')} (default: all three)
  --base-url <url>          another address of the Messages API
  --role-models <r=m,…>     models by role, for instance author=claude-opus-5-5,second=claude-sonnet-5-5
  --config <file>           edict.config.yaml: its section authoring says the models and prices
  --parallel <n>            so many sentences at the same time (default: 4)
  --seed <n>                of the approver noise (default: 1)
  --out <file>              what was done; if it is there, only the rest is run
  --json                    the report as JSON
`;

function whole(text: string | undefined, name: string, least = 1): number | undefined {
  if (text === undefined) return undefined;
  const n = Number(text);
  if (!Number.isSafeInteger(n) || n < least)
    throw new AppError('INPUT_INVALID', `--${name} is a whole number from ${least} on, not "${text}"`);
  return n;
}

const isApprover = (name: string): name is ApproverName => (APPROVERS as readonly string[]).includes(name);

function roleModels(text: string | undefined): Partial<AuthoringConfig['models']> {
  const pairs = (text ?? '').split(',').filter((p) => p !== '');
  return Object.fromEntries(
    pairs.map((pair) => {
      const [role = '', model = '', ...more] = pair.split('=');
      if (!(MODEL_ROLES as readonly string[]).includes(role) || model === '' || more.length > 0)
        throw new AppError('INPUT_INVALID', `--role-models: "${pair}" is not <${MODEL_ROLES.join('|')}>=<model>`);
      return [role, model];
    }),
  );
}

/** Runs the command; gives the exit code. `now` names the file of results where none is named. */
export async function main(args: readonly string[], now: Date): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: OPTIONS });
  if (values.help) {
    process.stdout.write(HELP);
    return EXIT.right;
  }
  const approvers = values.approvers.split(',');
  const stranger = approvers.find((a) => !isApprover(a));
  if (stranger !== undefined)
    throw new AppError('INPUT_INVALID', `no approver "${stranger}"; there are ${APPROVERS.join(', ')}`);
  const read = await readAuthoring(values.config);
  if (values['base-url'] !== undefined && !/^https?:\/\/\S+$/.test(values['base-url']))
    throw new AppError('INPUT_INVALID', `--base-url is a URL, not "${values['base-url']}"`);
  const config: AuthoringConfig = {
    ...read,
    ...(values['base-url'] === undefined ? {} : { base_url: values['base-url'] }),
    models: { ...read.models, ...roleModels(values['role-models']) },
  };
  const key = process.env['ANTHROPIC_API_KEY'];
  const clock = (): number => performance.now();
  const model = makeLanguageModel({
    config,
    clock,
    retries: RETRIES,
    ...(key === undefined || key === '' ? {} : { apiKey: key }),
  });
  const limit = whole(values.limit, 'limit');
  const stamp = now.toISOString().replaceAll(/[:.]/g, '-');
  return evaluate(
    {
      intents: values.intents,
      runs: whole(values.runs, 'runs') ?? 1,
      approvers: APPROVERS.filter((a) => approvers.includes(a)),
      seed: whole(values.seed, 'seed', 0) ?? 1,
      parallel: whole(values.parallel, 'parallel') ?? 1,
      tokenBudget: config.token_budget * approvers.length,
      json: values.json,
      ...(limit === undefined ? {} : { limit }),
      ...(values.only === undefined ? {} : { only: values.only.split(',') }),
      out: values.out ?? join('.edict', 'eval', `${stamp}.jsonl`),
      models: MODEL_ROLES.map((role) => `${role} ${config.models[role]}`).join(', '),
    },
    {
      author: authorIntent,
      // Gates do not compare with the policies that ship: many sentences of a corpus say what one of those says already.
      deps: authoringWorld(model, {}, []),
      clock,
      say: (line) => process.stderr.write(`${line}\n`),
      print: (text) => process.stdout.write(text),
    },
  );
}

if (isMain(import.meta)) {
  try {
    process.exitCode = await main(process.argv.slice(2), new Date());
  } catch (error) {
    const isAsked = isAppError(error, 'INPUT_INVALID') || isAppError(error, 'CONFIG_INVALID');
    const isOption = error instanceof Error && String((error as { code?: unknown }).code).startsWith('ERR_PARSE_ARGS');
    if (!isAsked && !isOption) {
      process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
      process.exitCode = EXIT.crashed;
    } else {
      process.stderr.write(`${error.message}\n`);
      process.exitCode = EXIT.unusable;
    }
  }
}
