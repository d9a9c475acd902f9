/** `edict author`: from a sentence to a policy that was proven and judged, in a dialogue or by a pipeline. */
import { existsSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { parseDocument } from 'yaml';
import { type Judge, recorded, type SessionLog } from '../../shared/adapters/anthropic/recorded.ts';
import { literalsToApprove } from '../../shared/authoring/advisory.ts';
import { authorFromYaml, authorIntent } from '../../shared/authoring/author.ts';
import { authorRego } from '../../shared/authoring/author-rego.ts';
import { fieldChanges } from '../../shared/authoring/carry.ts';
import type { AuthorDeps, Told } from '../../shared/authoring/deps.ts';
import type { Answer, Authored, Check, Refusal } from '../../shared/authoring/intent.ts';
import { factDraft } from '../../shared/authoring/fact-draft.ts';
import { recordOf } from '../../shared/authoring/record.ts';
import { answerOf, judge } from '../../shared/authoring/resources.ts';
import { reviseIntent, type Revised } from '../../shared/authoring/revise.ts';
import { EXAMPLES_NOW } from '../../shared/authoring/verify.ts';
import { kinds } from '../../shared/kinds/index.ts';
import { APPROVERS_NEEDED, type Identity } from '../../shared/model/approval.ts';
import { AppError, isAppError } from '../../shared/model/errors.ts';
import { toCore } from '../../shared/policy/core.ts';
import { toEnglish } from '../../shared/policy/to-english.ts';
import { fromAdvisory } from '../author/advisory.ts';
import { exampleChange, fieldLines, previousOf } from '../author/changes.ts';
import { Dialogue, Left } from '../author/dialogue.ts';
import {
  allowRego,
  beginDraft,
  type Draft,
  type DraftLock,
  type DraftRecord,
  DRAFTS,
  endDraft,
  listDrafts,
  lockDraft,
  openDraft,
  readNamed,
} from '../author/drafts.ts';
import { exampleFiles, exampleLines } from '../author/example-table.ts';
import { configuredModel, type ModelOptions } from '../author/model.ts';
import { review, type Reviewed } from '../author/review.ts';
import { activate, hindrance, type Requested, requestFor, writePolicies } from '../author/save.ts';
import {
  blastLines,
  checkLines,
  differenceLines,
  gateLines,
  kindOf,
  openLines,
  refusalLines,
  relationLines,
  ruledLines,
  spentText,
  understoodLines,
} from '../author/words.ts';
import { authoringWorld, inventoryOf, regoWorld, stackInventory, writeBelow } from '../author/world.ts';
import { readConfig } from '../options.ts';
import { readLocalStack } from '../stack/local-stack.ts';
import { findStack, type Stack, type StackOptions } from '../stack/stack.ts';
import { count, Output, plain } from '../terminal.ts';
import { calledIn, POLICIES, policyFolders } from '../verify/candidates.ts';
import { identityOn } from './approvals.ts';

/** As commander gives them. */
export interface AuthorOptions extends StackOptions, ModelOptions {
  readonly file?: string;
  readonly kind?: readonly string[];
  readonly fromClauses?: string;
  readonly advisory?: string;
  readonly yes?: true;
  readonly json?: true;
  readonly dryRun?: true;
  readonly allowRego?: true;
  readonly draftFact?: string;
  readonly as?: string;
  readonly approveAs?: string;
  readonly out?: string;
  readonly inventory?: readonly string[];
  readonly resume?: string;
}

/** Longer files are no intents, whatever the limit for an intent is. */
const LONGEST_FILE_BYTES = 1_000_000;
const LONGEST_ADVISORY_BYTES = 16_000_000;
const EXIT = { authored: 0, refused: 1, left: 130 } as const;

type Result = (Authored & Partial<Pick<Revised, 'differences' | 'fields'>>) | Refusal;

export async function author(sentence: string | undefined, options: AuthorOptions): Promise<number> {
  checkOptions(sentence, options);
  if (options.advisory !== undefined) {
    const text = readNamed(options.advisory, '--advisory', LONGEST_ADVISORY_BYTES);
    return fromAdvisory(text, options, (chosen) => begin({ sentence: chosen, advisory: true }, options));
  }
  if (options.resume !== undefined) return session(openDraft(options.resume), options);
  const yaml =
    options.fromClauses === undefined
      ? undefined
      : readNamed(options.fromClauses, '--from-clauses', LONGEST_FILE_BYTES);
  if (yaml !== undefined) checkKind(yaml, options);
  const text =
    options.file === undefined ? (sentence ?? '') : readNamed(options.file, '--file', LONGEST_FILE_BYTES).trim();
  return begin({ sentence: text, ...(yaml === undefined ? {} : { yaml }) }, options);
}

/**
 * The sentence of a policy is changed. It is judged blind as a new one is; what the two versions say and have otherwise is
 * shown after that, before anything is written.
 */
export async function editPolicy(id: string, sentence: string, options: AuthorOptions): Promise<number> {
  checkOptions(sentence, options);
  const folders = policyFolders([id]);
  if (folders.length !== 1) throw new AppError('INPUT_INVALID', `there are several policies in ${id}: name one`);
  return begin({ sentence, edits: id }, options);
}

const begin = (asked: Omit<DraftRecord, 'version' | 'id' | 'createdAt'>, options: AuthorOptions): Promise<number> =>
  session(
    beginDraft(
      { ...asked, ...(options.kind === undefined ? {} : { kinds: [...options.kind] }) },
      new Date().toISOString(),
    ),
    options,
  );

/** Clauses are of the kind that they name: another one cannot be asked of them. */
function checkKind(yaml: string, { kind: wanted, fromClauses = '' }: AuthorOptions): void {
  const kind = parseDocument(yaml).get('kind');
  if (wanted !== undefined && typeof kind === 'string' && !wanted.includes(kind))
    throw new AppError(
      'INPUT_INVALID',
      `--kind ${wanted.join(' ')}: the clauses in ${fromClauses} are of the kind ${plain(kind, 60)}`,
    );
}

function checkOptions(sentence: string | undefined, options: AuthorOptions): void {
  const sources = [sentence, options.file, options.fromClauses, options.advisory, options.resume].filter(
    (s) => s !== undefined,
  );
  if (sources.length !== 1)
    throw new AppError(
      'INPUT_INVALID',
      sources.length === 0
        ? 'what should hold? edict author "<sentence>", or one of --file, --from-clauses, --advisory, --resume'
        : 'a sentence, --file, --from-clauses, --advisory and --resume are each alone',
    );
  if (options.draftFact !== undefined && existsSync(options.draftFact))
    throw new AppError('INPUT_INVALID', `--draft-fact: there is a file ${options.draftFact} already`);
  if (options.json === true && options.yes !== true)
    throw new AppError('INPUT_INVALID', '--json is for automation and has no dialogue: give --yes, too');
  if (options.yes !== true && !(process.stdin.isTTY && process.stdout.isTTY))
    throw new AppError(
      'INPUT_INVALID',
      'authoring is a dialogue, and this is no terminal: give --yes (nobody is asked; what two readings part on is refused), with --json for a machine',
    );
}

/** Where resources are looked up, in words, and the look-up. */
async function inventoryFor(
  options: AuthorOptions,
): Promise<{ readonly where: string; readonly inventory?: NonNullable<AuthorDeps['inventory']> }> {
  if (options.inventory !== undefined) {
    return {
      where: options.inventory.join(', '),
      inventory: await inventoryOf(options.inventory, await readConfig(options.config)),
    };
  }
  const stack = await stackOf(options);
  if (stack === undefined) return { where: 'No inventory was given' };
  return { where: stack.title, inventory: await stackInventory(stack) };
}

/** The stack that is named, or that runs on this machine; none is no error. */
async function stackOf(options: StackOptions): Promise<Stack | undefined> {
  const isNamed = options.stage !== undefined || options.region !== undefined;
  return isNamed || readLocalStack() !== undefined ? findStack(options) : undefined;
}

/** One session, from its beginning or from where it was left; alone with its draft where it writes to it. */
async function session(draft: Draft, options: AuthorOptions): Promise<number> {
  let lock: DraftLock | undefined;
  const hold = (): void => {
    if (lock !== undefined || options.dryRun === true) return;
    lock = lockDraft(draft);
    if (lock.broken !== undefined)
      process.stderr.write(`${plain(`The lock of ${lock.broken}, which is gone, was broken.`)}\n`);
  };
  try {
    // A new draft is there for others from its first line on.
    if (draft.log.lines.length > 0) hold();
    return await inSession(draft, options, hold);
  } finally {
    lock?.release();
  }
}

async function inSession(begun: Draft, options: AuthorOptions, hold: () => void): Promise<number> {
  let draft = begun;
  const dialogue = options.yes === true ? undefined : new Dialogue();
  const { where, inventory } = await inventoryFor(options);
  const nobody = new Nobody();
  const isKept = options.dryRun !== true;
  let kept = draft.log.lines.length;
  const log: SessionLog = {
    lines: draft.log.lines,
    append(line) {
      if (!isKept) return;
      hold();
      draft.log.append(line);
      kept++;
    },
  };
  const { model, person, replayed } = recorded(await configuredModel(options), dialogue ?? nobody, log);
  const deps = authoringWorld(model, {
    ...(inventory === undefined ? {} : { inventory }),
    tells: dialogue?.tells ?? nobody.tells,
  });
  dialogue?.begin(draft.record.edits === undefined ? 'edict author' : `edict author edit ${draft.record.edits}`);
  if (draft.log.lines.length > 0) dialogue?.say(`Going on with "${plain(draft.record.sentence, 300)}"`);
  const resume = `edict author --resume ${draft.record.id}`;
  try {
    let result = await authorOf(draft.record, deps, person, dialogue === undefined);
    if (result.is === 'refused' && result.code === 'needs_rego' && (result.drafts ?? []).length > 0) {
      const isAllowed = await mayWriteRego(result, draft.record, options, dialogue);
      if (isAllowed && isKept && draft.record.rego !== true) draft = allowRego(draft);
      if (isAllowed) result = await regoOf(draft.record, result, deps, dialogue === undefined ? undefined : person);
    }
    if (nobody.wasAsked && result.is === 'refused' && result.code === 'ambiguous')
      result = { ...result, why: `${result.why}; with --yes nobody is asked` };
    if (replayed() > 0) dialogue?.say(`${count(replayed(), 'answer')} were known from before.`);
    if (result.is === 'refused') {
      // What is refused for the model's sake can be tried again; nothing that was said is lost.
      const isOpen = result.code === 'model_unavailable';
      const isThere = kept > 0 && isKept;
      if (isThere) endDraft(draft, isOpen ? 'begun' : 'refused', result.code);
      return await refused(result, draft, options, dialogue, isOpen && isThere ? resume : undefined);
    }
    const replaces = draft.record.edits === undefined ? undefined : previousOf(draft.record.edits).policy.id;
    const reviewed = result.policies.map((p) => review(p, deps, p.policy.id === replaces ? replaces : undefined));
    const told = dialogue === undefined ? { ...result, checks: result.checks.map(unjudged) } : result;
    return await finish({ draft, options, dialogue, result: told, reviewed, where, replaces });
  } catch (error) {
    if (!(error instanceof Left)) throw error;
    dialogue?.stop(isKept ? `Left. What was said is kept: ${resume}` : 'Left. Nothing was kept.');
    return EXIT.left;
  }
}

/** Rego of a model is tested and never proved: it is written where somebody has said that it may be. */
async function mayWriteRego(
  refusal: Refusal,
  record: DraftRecord,
  options: AuthorOptions,
  dialogue: Dialogue | undefined,
): Promise<boolean> {
  if (options.allowRego === true || record.rego === true) return true;
  if (dialogue === undefined) return false;
  dialogue.show('Only Rego can say it', ruledLines(refusal));
  return (
    (await dialogue.pick('Shall two models write that clause in Rego, each by itself?', [
      { value: 'no', label: 'No' },
      { value: 'yes', label: 'Yes', hint: 'tested, not proved: you judge resources, and two others approve it' },
    ])) === 'yes'
  );
}

async function regoOf(
  record: DraftRecord,
  refusal: Refusal,
  deps: AuthorDeps,
  person: Parameters<typeof authorIntent>[2] | undefined,
): Promise<Result> {
  if (record.edits === undefined) return authorRego(refusal, record.sentence, deps, regoWorld(deps.active), person);
  const previous = previousOf(record.edits);
  const { policy } = previous;
  const active = deps.active.filter((p) => p.id !== policy.id);
  const options = { ids: new Map([[policy.kind, policy.id]]), previous: [previous] };
  const result = await authorRego(refusal, record.sentence, { ...deps, active }, regoWorld(active), person, options);
  if (result.is === 'refused') return result;
  const fields = result.policies.map(({ policy: now }) => ({
    kind: now.kind,
    changes: fieldChanges(now.kind === policy.kind ? policy : undefined, now, kindOf(now.kind)),
  }));
  return { ...result, fields };
}

function authorOf(
  record: DraftRecord,
  deps: AuthorDeps,
  person: Parameters<typeof authorIntent>[2],
  isAlone: boolean,
): Promise<Result> {
  if (record.yaml !== undefined) return authorFromYaml(record.yaml, deps, isAlone ? undefined : person);
  const intent = { text: record.sentence, ...(record.kinds === undefined ? {} : { kinds: record.kinds }) };
  return record.edits === undefined
    ? authorIntent(intent, deps, person)
    : reviseIntent([previousOf(record.edits)], intent, deps, person);
}

/**
 * Nobody sits there (`--yes`): what two readings part on is not answered, so it is refused; what was understood is agreed
 * with, because there is nobody who could judge. That is said in the result, and nothing of it is activated by itself.
 */
class Nobody implements Judge {
  #drafts: Extract<Told, { is: 'understood' }>['drafts'] = [];
  readonly tells = (told: Told): void => {
    if (told.is === 'understood') this.#drafts = told.drafts;
  };
  /** What two readings part on was put to nobody. */
  wasAsked = false;
  async answer(question: Parameters<Judge['answer']>[0]): Promise<Answer> {
    this.wasAsked ||= question.id !== 'claim';
    return question.id === 'claim' ? this.judge(question.resource) : 'skip';
  }
  judge({ kind, facts }: Parameters<Judge['judge']>[0]): Promise<Answer> {
    const draft = this.#drafts.find((d) => d.policy.kind === kind);
    const core = draft === undefined ? undefined : toCore(draft.policy, kindOf(kind));
    return Promise.resolve(answerOf(judge(core, kindOf(kind), facts, EXAMPLES_NOW)) ?? 'skip');
  }
}

/** What `Nobody` has agreed with was not judged. */
const unjudged = (check: Check): Check =>
  check.name === 'judging'
    ? { ...check, passed: false, says: 'nobody has judged the resources: the draft was agreed with (--yes)' }
    : check;

async function refused(
  result: Refusal,
  draft: Draft,
  options: AuthorOptions,
  dialogue: Dialogue | undefined,
  resume: string | undefined,
): Promise<number> {
  const output = new Output();
  const { missing = [] } = result;
  const lacking = missing.length === 0 ? undefined : factDraft(missing, draft.record.sentence, kinds);
  // In the dialogue it is offered, below.
  const isWritten = lacking !== undefined && options.draftFact !== undefined && options.dryRun !== true;
  if (isWritten) writeFileSync(options.draftFact, lacking, { flag: 'wx' });
  if (options.json === true) {
    const more = {
      ...(resume === undefined ? {} : { draft: draft.record.id }),
      ...(lacking === undefined ? {} : { factDraft: lacking }),
    };
    output.line(JSON.stringify({ version: 1, ...result, ...more }, undefined, 2));
  } else {
    const lines = [...refusalLines(result), ...(resume === undefined ? [] : [`What was said is kept: ${resume}`])];
    const written = (file: string): string => `A draft for an engineer, unchecked, is in ${file}.`;
    if (dialogue === undefined) {
      for (const line of lines) output.line(line);
      if (isWritten) output.line(written(options.draftFact));
      else if (lacking !== undefined) output.line('--draft-fact <file> writes a draft of it for an engineer.');
    } else {
      dialogue.show('No policy', lines);
      const file = isWritten ? options.draftFact : await offeredDraft(lacking, draft, options, dialogue);
      dialogue.end(`${file === undefined ? '' : `${written(file)} `}${spentText(result.calls)}`);
    }
  }
  output.flush();
  return EXIT.refused;
}

/** Offers to write what is missing for an engineer. The file that was written. */
async function offeredDraft(
  lacking: string | undefined,
  { folder }: Draft,
  { dryRun }: AuthorOptions,
  dialogue: Dialogue,
): Promise<string | undefined> {
  if (lacking === undefined || dryRun === true) return undefined;
  const answer = await dialogue.pick('Shall what is missing be written down, for an engineer to add?', [
    { value: 'no', label: 'No' },
    {
      value: 'yes',
      label: 'Yes',
      hint: 'a draft by the steps of docs/adding-a-kind.md: unchecked, and no model is asked',
    },
  ]);
  if (answer === 'no') return undefined;
  writeBelow(folder, MISSING_FACTS, lacking);
  return join(folder, MISSING_FACTS);
}
const MISSING_FACTS = 'missing-facts.md';

interface Finished {
  readonly draft: Draft;
  readonly options: AuthorOptions;
  readonly dialogue: Dialogue | undefined;
  readonly result: Exclude<Result, Refusal>;
  readonly reviewed: readonly Reviewed[];
  readonly where: string;
  readonly replaces: string | undefined;
}
type Wish = 'draft' | 'request' | 'activate' | 'nothing';
interface Saved {
  readonly as: Wish;
  readonly folders: readonly string[];
  readonly approvals: readonly Requested[];
  readonly activation?: number;
  /** Why it was not activated: it is kept as a draft instead. */
  readonly notActivated?: string;
}

async function finish(all: Finished): Promise<number> {
  const { dialogue, result, options } = all;
  const isAccepted = result.policies.every((p) => p.verification.accepted);
  if (dialogue !== undefined) {
    tellAll(all, (title, text) => dialogue.show(title, text));
    const stranger = await unapprovedLiteral(all, dialogue);
    if (stranger !== undefined) {
      if (options.dryRun !== true) endDraft(all.draft, 'refused', `${stranger} is not approved`);
      dialogue.end(`Nothing was written: you have not approved ${stranger}, which came from the advisory.`);
      return EXIT.refused;
    }
    const saved = await savedInDialogue(all, dialogue, isAccepted);
    dialogue.end(`${savedText(saved, options)} ${spentText(result.calls)}`);
    return isAccepted ? EXIT.authored : EXIT.refused;
  }
  const output = new Output();
  if (options.json !== true) {
    tellAll(all, (title, text) => {
      output.line(title);
      for (const line of text) output.line(`  ${line}`);
    });
    output.flush();
  }
  const saved = await save(all, automaticWish(all));
  if (options.json === true) output.line(JSON.stringify(jsonOf(all, saved), undefined, 2));
  else {
    output.line(savedText(saved, options));
    output.line(spentText(result.calls));
  }
  output.flush();
  return isAccepted && saved.as === automaticWish(all) ? EXIT.authored : EXIT.refused;
}

/** What an advisory has brought in (a number, a name, an address) is approved one by one: the first that is not. */
async function unapprovedLiteral({ draft, result }: Finished, dialogue: Dialogue): Promise<string | undefined> {
  if (draft.record.advisory !== true) return undefined;
  for (const { policy } of result.policies) {
    for (const literal of literalsToApprove(policy, kindOf(policy.kind))) {
      const may = await dialogue.pick(`${policy.id} takes over "${plain(literal)}" from the advisory. May it?`, [
        { value: 'no', label: 'No' },
        { value: 'yes', label: 'Yes, I know what it stands for' },
      ]);
      if (may === 'no') return `"${plain(literal)}"`;
    }
  }
  return undefined;
}

/** Asks again where something stands in the way: what was judged is not lost for a folder that is taken. */
async function savedInDialogue(all: Finished, dialogue: Dialogue, isAccepted: boolean): Promise<Saved> {
  for (;;) {
    const wish = await wishOf(all, isAccepted);
    if (!(await isConfirmed(wish, all, dialogue))) continue;
    try {
      return await save(all, wish);
    } catch (error) {
      if (!isAppError(error) || wish === 'draft' || wish === 'nothing') throw error;
      dialogue.warn(plain(error.message, 1000));
    }
  }
}

const ALL_THE_SAME = { request: 'Ask for its approval', activate: 'Activate it' } as const;

/** What a check has left open is looked at by the person before the policy goes anywhere. */
async function isConfirmed(wish: Wish, { result }: Finished, dialogue: Dialogue): Promise<boolean> {
  const open = result.checks.filter((c) => !c.passed);
  if (open.length === 0 || (wish !== 'request' && wish !== 'activate')) return true;
  dialogue.show('What is open', openLines(open));
  const answer = await dialogue.pick(`${ALL_THE_SAME[wish]} all the same?`, [
    { value: 'no', label: 'No' },
    { value: 'yes', label: `Yes, I have looked at ${open.length === 1 ? 'it' : 'each'}, and it is what I mean` },
  ]);
  return answer === 'yes';
}

function tellAll(
  { result, reviewed, where, dialogue, draft }: Finished,
  say: (title: string, lines: readonly string[]) => void,
): void {
  if (dialogue === undefined) say('What I understood', understoodLines(result.policies, result.leftOut));
  if (result.differences !== undefined) say('What it says otherwise', differenceLines(result.differences));
  const { edits } = draft.record;
  if (result.fields !== undefined && edits !== undefined)
    say('What it has otherwise', [
      ...fieldLines(result.fields.flatMap((f) => f.changes)),
      exampleChange(edits, result.policies),
    ]);
  for (const { policy, relatives, radius } of reviewed) {
    const { id, severity, title } = policy.policy;
    say(`${id} (${severity})`, [title, ...gateLines(policy)]);
    say('Examples', exampleLines(policy));
    say('Active policies', relationLines(relatives));
    say('What it would change', blastLines(radius, where));
  }
  if (result.checks.length > 0) say('Checks', checkLines(result.checks));
}

/** What the person wants to become of it. */
async function wishOf({ dialogue, options, result }: Finished, isAccepted: boolean): Promise<Wish> {
  if (dialogue === undefined || options.dryRun === true) return 'nothing';
  if (!isAccepted) dialogue.warn('The gates do not accept it, so it can only be kept as a draft.');
  for (;;) {
    const wish = await dialogue.pick<Wish | 'show'>('What shall become of it?', [
      { value: 'draft', label: 'Keep it as a draft', hint: 'nothing is judged by it' },
      ...(isAccepted ? [{ value: 'request' as const, label: 'Ask for its approval', hint: 'by somebody else' }] : []),
      ...(!isAccepted || options.approveAs === undefined || !isProved(result)
        ? []
        : [{ value: 'activate' as const, label: `Activate it, approved by ${plain(options.approveAs, 60)}` }]),
      { value: 'nothing', label: 'Nothing' },
      { value: 'show', label: 'Show me an example', hint: 'the document, as it is stored' },
    ]);
    if (wish !== 'show') return wish;
    await showExample(result, dialogue);
  }
}

/** Opens a stored document of a verdict. */
async function showExample({ policies }: Authored, dialogue: Dialogue): Promise<void> {
  const all = policies.flatMap((p) => exampleFiles(p).map((f) => ({ ...f, id: p.policy.id })));
  const none = 'none';
  const given = await dialogue.pick('Which document?', [
    ...all.map((f, i) => ({
      value: String(i),
      label: plain(`${f.verdict.replaceAll('_', ' ')}  ${f.cloud}  ${f.form}  ${f.what}`),
      ...(policies.length > 1 ? { hint: f.id } : {}),
    })),
    { value: none, label: 'None' },
  ]);
  const chosen = given === none ? undefined : all[Number(given)];
  if (chosen === undefined) return;
  dialogue.document(`${chosen.path}: ${chosen.verdict.replaceAll('_', ' ')}`, chosen.text);
}

const isProved = ({ policies }: Authored): boolean => policies.every((p) => p.verification.evidence === 'proved');

const automaticWish = ({ options }: Finished): Wish =>
  options.dryRun === true ? 'nothing' : options.approveAs === undefined ? 'draft' : 'activate';

async function save(all: Finished, wish: Wish): Promise<Saved> {
  const { draft, options, result, replaces } = all;
  const isUnseen = options.yes === true;
  if (wish === 'nothing') {
    if (options.dryRun !== true) endDraft(draft, 'authored', '');
    return { as: wish, folders: [], approvals: [] };
  }
  if (wish === 'draft') {
    // Where --approve-as was given, --out is where active policies lie: a draft does not belong there.
    const out = options.approveAs === undefined ? options.out : undefined;
    const isOwn = out === undefined;
    const root = out ?? join(DRAFTS, draft.record.id, 'policies');
    // A draft is its own place: what was kept there before is of the same sentence.
    const own = isOwn ? result.policies.map((p) => p.policy.id) : replacedIds(replaces);
    const folders = writePolicies(root, result.policies, recordOf(result, isUnseen), own);
    endDraft(draft, 'saved', folders.join(', '));
    return { as: wish, folders, approvals: [] };
  }
  const stack = wish === 'activate' ? await stackOf(options) : undefined;
  const isDeclared = stack === undefined || stack.local !== undefined;
  const by = await identityOn(stack, isDeclared ? (options.as ?? userInfo().username) : options.as);
  const approver = { who: options.approveAs ?? '', established: 'declared' } as const;
  if (wish === 'activate') {
    const notActivated = !isDeclared
      ? `${stack.title} knows by their AWS credentials who approves: ask for approval, and they "edict policies approve"`
      : (hindrance(result.policies, by, approver) ??
        (options.yes === true ? openCheck(result) : undefined) ??
        (stack === undefined ? 'no stack runs here (npm start), and none is named (--stage, --region)' : undefined));
    // Nothing half-activated: neither the policy nor the request is where the next release would find it.
    if (notActivated !== undefined) return { ...(await save(all, 'draft')), notActivated };
    if (stack !== undefined) return activated(all, stack, by, approver);
  }
  const folders = writePolicies(
    options.out ?? POLICIES,
    result.policies,
    recordOf(result, isUnseen),
    replacedIds(replaces),
  );
  const approvals = await requestFor(folders, by);
  endDraft(draft, 'saved', folders.join(', '));
  return { as: wish, folders, approvals };
}

/** Puts it in force; where somebody or something stands in the way, a person is told and asked again, and a machine is told. */
async function activated(all: Finished, stack: Stack, by: Identity, approver: Identity): Promise<Saved> {
  const { draft, options, result, replaces } = all;
  try {
    const done = await activate(result.policies, {
      authored: recordOf(result, options.yes === true),
      root: options.out ?? POLICIES,
      replaces: replacedIds(replaces),
      staging: join(draft.folder, 'activating'),
      author: by,
      approver,
      stack,
      isAutomatic: options.yes === true,
    });
    endDraft(draft, 'saved', done.folders.join(', '));
    return { as: 'activate', ...done };
  } catch (error) {
    if (options.yes !== true || !isAppError(error)) throw error;
    return { ...(await save(all, 'draft')), notActivated: error.message };
  }
}

/** Without a person nothing is activated of which a check has found something. */
function openCheck({ checks }: Authored): string | undefined {
  const open = checks.find((c) => !c.passed && c.name !== 'judging'); // whoever approves looks in their place
  return open === undefined ? undefined : `nobody has looked at what a check found (${open.name}): ${open.says}`;
}

const replacedIds = (replaces: string | undefined): readonly string[] => (replaces === undefined ? [] : [replaces]);

function savedText(
  { as, folders, approvals, activation, notActivated }: Saved,
  { yes: isUnseen, approveAs: approver = '', out }: Pick<AuthorOptions, 'yes' | 'approveAs' | 'out'>,
): string {
  const where = folders.join(', ');
  switch (as) {
    case 'nothing':
      return 'Nothing was written.';
    case 'draft':
      return `${notActivated === undefined ? '' : `Not activated: ${notActivated}. `}Kept as a draft in ${where}.`;
    case 'request': {
      const names = folders.map((folder, i) => calledIn(folder, approvals[i]?.policy ?? ''));
      // A release takes what lies among the policies of this project.
      const then = resolve(out ?? POLICIES) === POLICIES ? '; then npm run gen, edict release' : '';
      return `Written to ${where}; approval is asked for in ${approvals[0]?.kept ?? ''}. Next, somebody else: edict policies approve ${names.join(' ')} --as <name>${then}.`;
    }
    case 'activate':
      return `Active as release ${activation}: ${approvals.map((a) => a.policy).join(', ')}.${isUnseen ? ` Nobody has judged it: ${approver} is recorded as having approved it unseen.` : ''}`;
  }
}

/** Everything, for a machine. */
function jsonOf({ result, reviewed, draft, options }: Finished, saved: Saved): unknown {
  const { policies: _, judged, ...rest } = result;
  return {
    version: 1,
    ...rest,
    /** Nobody has: what is given is what a person would have been shown, and what the draft says of it. */
    judged: 'none',
    unjudged: judged.map(({ resource, verdict }) => ({ resource, verdict })),
    draft: options.dryRun === true ? null : draft.record.id,
    /** Nobody has judged the examples: the draft was agreed with. */
    judgedBy: null,
    policies: reviewed.map(({ policy: p, relatives, radius }) => ({
      id: p.policy.id,
      kind: p.policy.kind,
      severity: p.policy.severity,
      title: p.policy.title,
      english: toEnglish(p.policy, kindOf(p.policy.kind)),
      covers: p.covers,
      uncovered: p.uncovered,
      literals: literalsToApprove(p.policy, kindOf(p.policy.kind)),
      yaml: p.yaml,
      rego: p.rego,
      accepted: p.verification.accepted,
      evidence: p.verification.evidence,
      approversNeeded: APPROVERS_NEEDED[p.verification.evidence],
      gates: p.verification.gates,
      warnings: p.verification.warnings,
      files: Object.keys(p.files),
      relatives,
      blastRadius: radius ?? null,
    })),
    saved: { ...saved, activation: saved.activation ?? null, notActivated: saved.notActivated ?? null },
  };
}

/** The drafts of this folder. */
export function drafts(options: Pick<AuthorOptions, 'json'>): number {
  const output = new Output();
  const all = listDrafts();
  if (options.json === true)
    output.line(
      JSON.stringify({ version: 1, drafts: all.map(({ record, ...d }) => ({ ...record, ...d })) }, undefined, 2),
    );
  else if (all.length === 0) output.line(`There are no drafts in ${DRAFTS}.`);
  for (const { record, state, said } of options.json === true ? [] : all)
    output.line(
      `${record.id}  ${record.createdAt.slice(0, 16)}Z  ${plain(state, 80)}, ${count(said, 'answer')}  ${record.sentence === '' ? 'from clauses' : `"${plain(record.sentence, 80)}"`}`,
    );
  output.flush();
  return 0;
}
