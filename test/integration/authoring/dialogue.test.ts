/** `edict author` in a real terminal, with a scripted model: what a person sees, says, and what comes of it. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { type MessagesServer, startMessagesServer } from '../../../local/messages-server.ts';
import { parseScript } from '../../../local/scripted-answers.ts';
import { describeWith } from '../../support/requirements.ts';
import { KEYS, Terminal } from '../../support/terminal.ts';
import { edict } from '../cli/run.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const SENTENCE = 'Production databases must never be reachable from the internet and keep backups for 30 days';
const script = () => parseScript(readFileSync(join(root, 'local', 'answers.example.yaml'), 'utf8'));

/** What is asked next: from its mark to the end of the choices. */
const ASKED = /◆ [\s\S]*?└/;
/** What the person means: judged by what is shown, as a person would. */
function choiceFor(shown: string): number {
  const text = shown.replaceAll(/\s*\n│\s*/g, ' ');
  if (!/environment: production/.test(text)) return 2; // the sentence is not about it
  const days = Number(/backup retention days: (\d+)/.exec(text)?.[1]);
  return /public endpoint: no/.test(text) && days >= 30 ? 1 : 0;
}

describeWith(['opa', 'regal', 'python'], 'edict author in a terminal', () => {
  let server: MessagesServer;
  let folder = '';
  let terminal: Terminal;
  beforeAll(async () => {
    server = await startMessagesServer(script());
  });
  afterAll(() => server.stop());
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'edict-dialogue-'));
  });
  afterEach(() => {
    terminal?.drop(); // a test may do without one
    rmSync(folder, { recursive: true, force: true });
  });

  const open = (args: readonly string[], env: { readonly [name: string]: string } = {}): Terminal => {
    const bin = join(root, 'cli', 'edict.js');
    const command = [process.execPath, bin, 'author', '--base-url', server.url, ...args];
    return new Terminal(command, { cwd: folder, env: { EDICT_LOCAL_STACK: join(folder, 'none.json'), ...env } });
  };
  const choose = (n: number): void => terminal.press(...Array.from({ length: n }, () => KEYS.down), KEYS.enter);
  /** Answers so many questions by what is meant; all up to what shall become of it, if no number is given. */
  async function judge(most = Number.POSITIVE_INFINITY): Promise<readonly string[]> {
    const asked: string[] = [];
    while (asked.length < most) {
      const shown = await terminal.until(ASKED);
      const question = shown.slice(shown.lastIndexOf('◆'));
      if (question.includes('What shall become of it?')) break;
      asked.push(question);
      choose(choiceFor(question));
    }
    return asked;
  }
  const drafts = (): readonly string[] => readdirSync(join(folder, '.edict', 'drafts'));

  it('goes from a sentence over a question and blind judgement to a draft', async () => {
    terminal = open([SENTENCE]);
    const asked = await judge();
    // An example is opened by its name.
    choose(3);
    await terminal.until(ASKED);
    choose(0);
    await terminal.until(ASKED);
    choose(0);
    expect(await terminal.ended).toBe(0);

    const { shown } = terminal;
    // What was understood, beside the words that it formalises, before anything is asked.
    expect(shown.indexOf('What I understood')).toBeLessThan(shown.indexOf('Two readings part here'));
    expect(shown).toMatch(/2\. Public endpoint is false\.\s+│\s+│\s+← "must never be reachable from the internet"/);
    expect(asked[0]).toMatch(/environment: (?!production)/);
    const judged = asked.filter((q) => /\d+ of \d+ {2}/.test(q));
    expect(judged.length).toBeGreaterThanOrEqual(6);
    // Blind: no question says what the draft says, and one claim is wrong.
    expect(judged.join('\n')).not.toMatch(/compliant|draft/);
    expect(asked.at(-1)).toMatch(/Somebody says of[\s│]+it/);
    expect(shown).toMatch(/All \d+ gates passed; evidence: proved/);
    for (const cloud of ['AWS', 'Azure', 'GCP'])
      expect(shown).toMatch(new RegExp(`${cloud} +\\S+ +(\\d+ +){3}\\d+ +│`));
    expect(shown).toMatch(/examples\/violation\/aws\.api-rds-instance-\S+\.json: violation\s+│\s+[[{]\s+│\s+["{]/);
    expect(shown).toMatch(/Kept as a draft/);

    const [draft = ''] = drafts();
    const policy = join(folder, '.edict', 'drafts', draft, 'policies', 'sql-database', 'closed-and-backed-up');
    expect(readdirSync(policy).sort()).toEqual([
      'authoring.yaml',
      'examples',
      'intent.md',
      'policy.rego',
      'policy.yaml',
      'policy_test.rego',
    ]);
    const clouds = readdirSync(join(policy, 'examples', 'violation'));
    for (const cloud of ['aws', 'azure', 'gcp']) expect(clouds.some((f) => f.startsWith(cloud))).toBe(true);
    expect(readFileSync(join(policy, 'intent.md'), 'utf8')).toContain(SENTENCE);
    const verified = await edict(['policies', 'verify', policy, '--format', 'json']);
    expect(JSON.parse(verified.stdout)).toMatchObject([{ accepted: true, evidence: 'proved' }]);
  });

  it('keeps what was said when the person leaves or the connection is lost, and goes on from there', async () => {
    terminal = open([SENTENCE]);
    const first = await judge(3);
    await terminal.until(ASKED);
    terminal.press(KEYS.interrupt);
    expect(await terminal.ended).toBe(130);
    const [draft = ''] = drafts();
    expect(terminal.shown).toContain(`What was said is kept: edict author --resume ${draft}`);
    const before = server.posts.length;

    terminal = open(['--resume', draft]);
    const second = await judge(2);
    await terminal.until(ASKED);
    // Nobody else answers for the person meanwhile.
    const args = ['author', '--base-url', server.url, '--yes', '--json', '--resume', draft];
    const other = await edict(args, { cwd: folder });
    expect(other).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(/somebody is at the draft/) });
    const { pid } = JSON.parse(readFileSync(join(folder, '.edict', 'drafts', draft, 'lock'), 'utf8')) as {
      pid: number;
    };
    terminal.drop(); // nobody says goodbye
    await terminal.ended;
    await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow(/ESRCH/), { timeout: 10_000 });

    terminal = open(['--resume', draft]);
    const third = await judge();
    choose(0);
    expect(await terminal.ended).toBe(0);
    expect(readdirSync(join(folder, '.edict', 'drafts', draft))).not.toContain('lock');
    // No model was asked again, and nothing was asked of the person twice.
    expect(server.posts).toHaveLength(before);
    const all = [...first, ...second, ...third].map((q) => q.split('│  ●')[0]);
    expect(new Set(all).size).toBe(all.length);
    expect(terminal.shown).toMatch(/\d+ answers were known from before/);
    const listed = await edict(['author', 'drafts'], { cwd: folder });
    expect(listed.stdout).toMatch(new RegExp(`${draft}.*saved: .*"Production databases`));
  });

  it('shows a slip once more with what the draft says, and says so in what is recorded', async () => {
    terminal = open([SENTENCE, '--dry-run']);
    let isSlip = true;
    for (;;) {
      const shown = await terminal.until(ASKED);
      const question = shown.slice(shown.lastIndexOf('◆')).replaceAll(/\s*\n│\s*/g, ' ');
      const choice = choiceFor(question);
      if (isSlip && / of \d+ {2}/.test(question) && choice === 0) {
        isSlip = false;
        choose(1);
      } else choose(choice);
      if (question.includes('The draft says')) break;
    }
    const like = await terminal.until(ASKED);
    expect(like.replaceAll(/\s*\n│\s*/g, ' ')).toMatch(
      /You took it back\. The like of it .* is not shown:[\s\S]*SQL database:/,
    );
    choose(choiceFor(like.slice(like.lastIndexOf('◆'))));
    await terminal.until(/Somebody says of/);
    await terminal.until(/└/);
    choose(0);
    expect(await terminal.ended).toBe(0);
    const { shown } = terminal;
    expect(shown).toContain('A second look');
    expect(shown).not.toMatch(/1 of 1 {2}|What the draft says\./);
    // Only of the readings, and of the first round.
    expect(shown.match(/Two readings part here/g)).toHaveLength(1);
    expect(shown.match(/Judge these by what you mean/g)).toHaveLength(1);
    expect(shown.replaceAll(/\s*│?\n│\s*/g, ' ')).toMatch(
      /! judging: .*1 otherwise than the draft \(1 corrected after a second look/,
    );
  });

  it('refuses what the person judges otherwise, and activates nothing', async () => {
    terminal = open([SENTENCE]);
    for (;;) {
      const shown = await Promise.race([terminal.until(ASKED), terminal.ended]);
      if (typeof shown === 'number') break;
      choose(choiceFor(shown) === 1 ? 0 : choiceFor(shown)); // nothing is ever fine
      await new Promise((resolve) => setTimeout(resolve, 20));
      if (/No policy/.test(terminal.shown)) break;
    }
    expect(await terminal.ended).toBe(1);
    expect(terminal.shown).toMatch(/Refused \((misjudged|ambiguous)\)/);
    expect(existsSync(join(folder, '.edict', 'drafts', drafts()[0] ?? '', 'policies'))).toBe(false);
  });

  it('asks for approval in the file beside the policies', async () => {
    const policy = join(folder, 'policies', 'sql-database', 'closed-and-backed-up');
    mkdirSync(policy, { recursive: true });
    terminal = open([SENTENCE, '--out', 'policies', '--as', 'Ada']);
    await judge();
    choose(1);
    // What is in the way is said, and nothing that was judged is lost.
    await terminal.until(/there is a policy in [\s\S]*◆/);
    rmSync(policy, { recursive: true });
    await terminal.until(/└/);
    choose(1);
    expect(await terminal.ended).toBe(0);
    expect(readFileSync(join(folder, 'policies', 'approvals.yaml'), 'utf8')).toMatch(/who: Ada/);
    expect(terminal.shown).toMatch(/edict policies approve\s+policies\/sql-database\/closed-and-backed-up\s+--as/);
    expect(terminal.shown).not.toContain('npm run gen');
    expect((await edict(['policies', 'approve', policy, '--as', 'ada'])).code).toBe(2); // the author
    expect((await edict(['policies', 'approve', policy, '--as', 'Grace'])).stdout).toMatch(/approved in/);
    // Changed afterwards, it is another version.
    const yaml = readFileSync(join(policy, 'policy.yaml'), 'utf8').replace('severity: critical', 'severity: low');
    writeFileSync(join(policy, 'policy.yaml'), yaml);
    expect((await edict(['policies', 'approve', policy, '--as', 'Linus'])).stderr).toMatch(
      // By its folder: a policy of this id may be among those of the project.
      /changed .*edict policies request \/\S+\/policies\/sql-database\/closed-and-backed-up --as/,
    );
  });

  it('asks for no approval of what a check has left open before the person has said so', async () => {
    const { intents, ...rest } = script();
    const few = await startMessagesServer({
      ...rest,
      intents: intents.map((i) => ({ ...i, paraphrases: i.paraphrases.slice(1) })),
    });
    try {
      terminal = open([SENTENCE, '--base-url', few.url, '--out', 'policies', '--as', 'Ada']);
      await judge();
      choose(1);
      const asked = (await terminal.until(ASKED)).replaceAll(/\s*│?\n│\s*/g, ' ');
      expect(asked).toMatch(/What is open .*! paraphrases: 4 of 5 paraphrases mean the same; 1 not given by the model/);
      expect(asked).toMatch(/may hang on its wording [\s\S]*Ask for its approval all the same\?/);
      choose(0);
      expect(await terminal.until(ASKED)).toMatch(/What shall become of it/);
      expect(existsSync(join(folder, 'policies'))).toBe(false);
      choose(1);
      await terminal.until(ASKED);
      choose(1);
      expect(await terminal.ended).toBe(0);
      expect(readFileSync(join(folder, 'policies', 'approvals.yaml'), 'utf8')).toMatch(/who: Ada/);
    } finally {
      await few.stop();
    }
  });

  it('takes nothing over from an advisory that the person has not approved', async () => {
    const advisory = await startMessagesServer({
      intents: [
        ...script().intents,
        {
          text: '',
          paraphrases: [],
          author: [{ raw: { why: 'So it is.', candidates: [{ intent: SENTENCE, why: 'It was read.', from: [] }] } }],
        },
      ],
    });
    try {
      writeFileSync(join(folder, 'advisory.txt'), 'Databases were read over the internet.');
      terminal = open(['--advisory', 'advisory.txt', '--base-url', advisory.url]);
      expect(await terminal.until(ASKED)).toMatch(/takes over "30" from/);
      choose(1);
      expect(await terminal.until(ASKED)).toMatch(/Which of them shall become a policy/);
      choose(0);
      for (;;) {
        const shown = await terminal.until(ASKED);
        if (/takes over "30" from/.test(shown)) break;
        choose(choiceFor(shown.slice(shown.lastIndexOf('◆'))));
      }
      choose(0);
      expect(await terminal.ended).toBe(1);
      expect(terminal.shown).toMatch(/you have not approved "30"/);
      expect(existsSync(join(folder, '.edict', 'drafts', drafts()[0] ?? '', 'policies'))).toBe(false);
    } finally {
      await advisory.stop();
    }
  });

  it('writes down for an engineer what is missing, where the person wants it', async () => {
    const updates = { kind: 'sql_database', fact: 'minor_updates', says: 'Minor versions install themselves.' };
    const text = 'Databases install minor updates by themselves';
    const own = await startMessagesServer(
      parseScript(
        JSON.stringify({
          intents: [{ text, author: { outcome: 'out_of_model', why: 'No fact.', missing: [updates] } }],
        }),
      ),
    );
    try {
      terminal = open([text, '--base-url', own.url]);
      expect(await terminal.until(ASKED)).toMatch(
        /missing: sql_database\.minor_updates[\s\S]*Shall what is missing be/,
      );
      choose(1);
      expect(await terminal.ended).toBe(1);
      const file = join('.edict', 'drafts', drafts()[0] ?? '', 'missing-facts.md');
      expect(terminal.shown.replaceAll(/\s+/g, ' ')).toContain(`A draft for an engineer, unchecked, is in ${file}.`);
      const written = readFileSync(join(folder, file), 'utf8');
      expect(written).toMatch(/minor_updates: bool\('Minor versions install themselves\.'\)/);

      const args = ['author', '--base-url', own.url, '--yes', '--json', text, '--draft-fact', 'fact.md'];
      const { code, stdout } = await edict(args, { cwd: folder });
      const told = JSON.parse(stdout) as { readonly factDraft: string };
      expect([code, told.factDraft]).toEqual([1, written]);
      expect(readFileSync(join(folder, 'fact.md'), 'utf8')).toBe(written);
      // Nothing of somebody's is written over.
      expect(await edict(args, { cwd: folder })).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(/--draft-fact: there is a file fact\.md already/),
      });
    } finally {
      await own.stop();
    }
  });

  it('refuses with --yes what somebody would have been asked about, and says that nobody was', async () => {
    const args = ['author', '--base-url', server.url, '--yes', '--json', SENTENCE];
    const { code, stdout } = await edict(args, { cwd: folder });
    expect([code, JSON.parse(stdout)]).toMatchObject([
      1,
      {
        code: 'ambiguous',
        why: expect.stringMatching(
          /^the sentence has more than one reading, and none of \d questions? on it was answered; with --yes nobody is asked$/,
        ) as unknown,
      },
    ]);
  });

  it('says which resource of the inventory a question is about', async () => {
    const database = {
      Type: 'AWS::RDS::DBInstance',
      Properties: {
        Engine: 'postgres',
        BackupRetentionPeriod: 7,
        PubliclyAccessible: false,
        Tags: [{ Key: 'environment', Value: 'sandbox' }],
      },
    };
    writeFileSync(join(folder, 'stack.json'), JSON.stringify({ Resources: { Ledger: database } }));
    terminal = open([SENTENCE, '--dry-run', '--inventory', 'stack.json']);
    const shown = (await terminal.until(ASKED)).replaceAll(/\s*\n│\s*/g, ' ');
    expect(shown).toMatch(
      /◆ +There is such a one, in your inventory: \S*Ledger\. SQL database: .*days: 7,.* Does that violate/,
    );
    expect(shown).not.toContain('Show me the document');
    terminal.press(KEYS.interrupt);
    expect(await terminal.ended).toBe(130);
  });

  it('shows the document, and paints nothing where NO_COLOR is set', async () => {
    terminal = open([SENTENCE, '--dry-run'], { NO_COLOR: '1' });
    await terminal.until(ASKED);
    choose(4);
    const shown = await terminal.until(ASKED);
    expect(shown).toMatch(/"configurationItems"|AWSTemplateFormatVersion|Resources|assetType|asset_type/);
    terminal.press(KEYS.interrupt);
    expect(await terminal.ended).toBe(130);
    // oxlint-disable-next-line no-control-regex -- the escape of a colour is what it looks for
    expect(terminal.raw).not.toMatch(/\u001b\[(?:3|4|9)\d(?:;\d+)*m/);
    expect(existsSync(join(folder, '.edict'))).toBe(false);
  });
});
