/** `edict author` where only Rego can say it: what models may write, what stops it, and what a person says on the way. */
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type MessagesServer, startMessagesServer } from '../../../local/messages-server.ts';
import { parseScript } from '../../../local/scripted-answers.ts';
import { describeWith } from '../../support/requirements.ts';
import { KEYS, Terminal } from '../../support/terminal.ts';
import { edict, inFolder } from '../cli/run.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const RULE = 'two of these: required TLS, deletion protection, a customer key';
const READS = ['tls_required', 'deletion_protected', 'encryption'] as const;

const rules = (more = '', bound = 2): string => `is_known if {
	is_boolean(input.facts.tls_required)
	is_boolean(input.facts.deletion_protected)
	input.facts.encryption in {"none", "provider_key", "customer_key"}
}

kept contains "tls" if input.facts.tls_required == true

kept contains "deletion" if input.facts.deletion_protected == true

kept contains "key" if input.facts.encryption == "customer_key"

holds contains "two-of-three" if {
	is_known
	count(kept) >= ${bound}${more}
}

fails contains {"clause": "two-of-three"} if {
	is_known
	count(kept) < ${bound}${more}
}
`;
const right = { reads: [...READS], rules: rules() };
/** Counts two and means one. */
const lying = {
  reads: [...READS],
  rules: rules('', 1).replace('kept contains "tls"', 'noted := 2\n\nkept contains "tls"'),
};
const greedy = { reads: [...READS], rules: rules('\n\tinput.facts.public_endpoint == false') };
const injected = {
  reads: [...READS, 'owner'],
  rules: `${rules()}\nholds contains "two-of-three" if input.facts.owner == "attacker"\n`,
};
const asked = (start: string, reads: readonly string[] = READS): object => ({
  outcome: 'needs_rego',
  why: 'It counts what holds.',
  policies: [
    {
      kind: 'sql_database',
      name: 'two-of-three',
      title: 'Databases have two of three protections',
      severity: 'high',
      clauses: { 'two-of-three': { rego: reads } },
      covers: { kind: start, 'two-of-three': RULE },
      remediation: 'Turn on another one.',
    },
  ],
});
const intent = (start: string, more: object): object => ({
  text: `${start} have ${RULE}`,
  author: asked(start),
  ...more,
});
const script = parseScript(
  JSON.stringify({
    intents: [
      intent('Databases', { rego: right }),
      intent('SQL databases', { rego: [lying, right], rego_second: right }),
      intent('Relational databases', { rego: [{ reads: ['nothing'], rules: 'x' }], rego_second: right }),
      intent('All databases', { rego: [greedy, right], rego_second: right }),
      intent('Our databases', { rego: [injected, { ...injected, reads: [...READS] }, right], rego_second: right }),
      intent('The databases', { rego: [{ fails: 'unauthorized' }, right], rego_second: right }),
      {
        text: `Any databases have ${RULE}`,
        author: asked('Any databases'),
        second: asked('Any databases', READS.slice(1)),
      },
      {
        text: `Some databases have ${RULE}`,
        author: asked('Some databases'),
        second: { outcome: 'out_of_model', why: 'No fact says it.', missing: [] },
      },
    ],
  }),
);

interface Told {
  readonly is: string;
  readonly code?: string;
  readonly why?: string;
  readonly draft?: string;
  readonly saved?: { readonly folders: readonly string[] };
}
const NOWHERE = { EDICT_LOCAL_STACK: '/nonexistent/local.json' };

describeWith(['opa', 'regal', 'python'], 'a sentence that only Rego can say', () => {
  let server: MessagesServer;
  beforeAll(async () => {
    server = await startMessagesServer(script);
  });
  afterAll(() => server.stop());

  const author = async (
    args: readonly string[],
    cwd: string,
  ): Promise<{ readonly told: Told; readonly code: number | null }> => {
    const run = await edict(['author', '--base-url', server.url, '--yes', '--json', ...args], { cwd, env: NOWHERE });
    return { told: JSON.parse(run.stdout) as Told, code: run.code };
  };
  const regoCalls = (): number => server.posts.filter((p) => p.asked.wants === 'rego').length;

  it('is refused with what Rego would read, and no Rego is asked for, where nobody has allowed it', async () => {
    await inFolder({}, async (cwd) => {
      const before = regoCalls();
      const { told, code } = await author([`Databases have ${RULE}`], cwd);
      expect(code).toBe(1);
      expect(told).toMatchObject({
        is: 'refused',
        code: 'needs_rego',
        drafts: [{ policy: { require: [{ that: { rego: READS.toSorted() } }] } }],
      });
      expect(regoCalls()).toBe(before);
    });
  });

  it('is written by two models, tested by every gate, and kept as a draft that two people must approve', async () => {
    await inFolder({}, async (cwd) => {
      const { told, code } = await author(
        [`Databases have ${RULE}`, '--allow-rego', '--as', 'Ada', '--approve-as', 'Grace'],
        cwd,
      );
      expect(told).toMatchObject({
        is: 'authored',
        judged: 'none',
        policies: [{ accepted: true, evidence: 'tested', approversNeeded: 2 }],
        checks: expect.arrayContaining([expect.objectContaining({ name: 'judging', passed: false })]),
        saved: { as: 'draft', notActivated: expect.stringMatching(/only tested/), approvals: [], activation: null },
      });
      expect(code).toBe(1);
      const [folder = ''] = told.saved?.folders ?? [];
      const verified = await edict(['policies', 'verify', join(cwd, folder), '--format', 'json']);
      expect(JSON.parse(verified.stdout)).toMatchObject([{ accepted: true, evidence: 'tested' }]);
      expect(readFileSync(join(cwd, folder, 'policy.rego'), 'utf8')).not.toContain('Generated from policy.yaml');
      const documents = readdirSync(join(cwd, folder, 'examples', 'violation'));
      for (const cloud of ['aws', 'azure', 'gcp']) expect(documents.some((f) => f.startsWith(cloud))).toBe(true);
    });
  });

  it.each([
    ['one of the two lies', 'SQL databases', 'ambiguous', /two models wrote Rego that differs on "SQL database: /],
    ['the model says the same wrong thing again', 'Relational databases', 'not_understood', /repeats what is wrong/],
    ['two formalisations would have it read other facts', 'Any databases', 'ambiguous', /in one Rego reads/],
    ['one of two formalisations finds a fact missing', 'Some databases', 'out_of_model', /only one of two/],
  ])('is refused where %s', async (_, start, code, why) => {
    await inFolder({}, async (cwd) => {
      const { told } = await author([`${start} have ${RULE}`, '--allow-rego'], cwd);
      expect(told).toMatchObject({ is: 'refused', code, why: expect.stringMatching(why) });
    });
  });

  it.each([
    ['reads more than it declares', 'All databases', 1],
    ['lets an owner through whom nobody named', 'Our databases', 2],
  ])('is written anew, from one counterexample, where it %s', async (_, start, rounds) => {
    await inFolder({}, async (cwd) => {
      const { told } = await author([`${start} have ${RULE}`, '--allow-rego'], cwd);
      expect(told).toMatchObject({ is: 'authored', rounds, policies: [{ accepted: true, evidence: 'tested' }] });
      expect(JSON.stringify(told)).not.toContain('attacker');
    });
  });

  it('goes on where a model was away, and pays no answer twice', async () => {
    await inFolder({}, async (cwd) => {
      const { told } = await author([`The databases have ${RULE}`, '--allow-rego'], cwd);
      expect(told).toMatchObject({ is: 'refused', code: 'model_unavailable', draft: expect.any(String) });
      const before = server.posts.length;
      // That it may be Rego was said before.
      const again = await author(['--resume', told.draft ?? ''], cwd);
      expect(again.told).toMatchObject({ is: 'authored', policies: [{ evidence: 'tested' }] });
      expect(server.posts).toHaveLength(before + 1);
    });
  });

  // ── a person ────────────────────────────────────────────────────────────────────────────────────────────────────

  let terminal: Terminal | undefined;
  let folder = '';
  afterEach(() => {
    terminal?.drop();
    terminal = undefined;
    if (folder !== '') rmSync(folder, { recursive: true, force: true });
  });
  const ASKED = /◆ [\s\S]*?└/;
  const open = (sentence: string, ...args: readonly string[]): Terminal => {
    folder = mkdtempSync(join(tmpdir(), 'edict-rego-'));
    const bin = join(root, 'cli', 'edict.js');
    terminal = new Terminal([process.execPath, bin, 'author', '--base-url', server.url, ...args, sentence], {
      cwd: folder,
      env: NOWHERE,
    });
    return terminal;
  };
  const choose = (t: Terminal, n: number): void => t.press(...Array.from({ length: n }, () => KEYS.down), KEYS.enter);
  /** What the person means: two of three. */
  function choiceFor(question: string): number {
    const text = question.replaceAll(/\s*\n│\s*/g, ' ');
    const has = [/tls required: yes/, /deletion protected: yes/, /encryption: customer key/].filter((p) =>
      p.test(text),
    );
    return has.length >= 2 ? 1 : 0;
  }
  /** Answers all questions up to what shall become of it, by what is meant. */
  async function judge(t: Terminal): Promise<readonly string[]> {
    const all: string[] = [];
    for (;;) {
      const shown = await t.until(ASKED);
      const question = shown.slice(shown.lastIndexOf('◆'));
      if (question.includes('What shall become of it?')) return all;
      all.push(question);
      choose(t, choiceFor(question));
    }
  }

  it('is asked about first, and left where the person does not want Rego', async () => {
    const t = open(`Databases have ${RULE}`);
    const before = regoCalls();
    const shown = await t.until(ASKED);
    expect(shown).toMatch(/Only Rego can say it/);
    expect(shown).toMatch(/tested/);
    choose(t, 0);
    expect(await t.ended).toBe(1);
    expect(t.shown).toMatch(/Refused \(needs rego\)/);
    expect(regoCalls()).toBe(before);
  });

  it('is judged before there is any Rego, which then has to agree: a lie of one model is told by the person', async () => {
    const t = open(`SQL databases have ${RULE}`, '--out', 'policies', '--as', 'Ada', '--approve-as', 'Grace');
    await t.until(ASKED);
    choose(t, 1);
    const questions = await judge(t);
    expect(questions.length).toBeGreaterThanOrEqual(8);
    // Blind: no question says what a draft says; one claim is wrong.
    expect(questions.filter((q) => /Somebody says of[\s│]+it/.test(q))).toHaveLength(1);
    const offered = t.shown.slice(t.shown.lastIndexOf('What shall become of it?'));
    expect(offered).toMatch(/Ask for its approval/);
    expect(offered).not.toMatch(/Activate/);
    choose(t, 1);
    expect(await t.ended).toBe(0);
    expect(t.shown).toMatch(/All \d+ gates passed; evidence: tested/);

    const policy = join(folder, 'policies', 'sql-database', 'two-of-three');
    expect(readFileSync(join(policy, 'policy.rego'), 'utf8')).toMatch(/count\(kept\) >= 2/);
    expect((await edict(['policies', 'approve', policy, '--as', 'ada'])).code).toBe(2);
    expect((await edict(['policies', 'approve', policy, '--as', 'Grace'])).stdout).toMatch(/waits for approval/);
    expect((await edict(['policies', 'approve', policy, '--as', 'grace'])).stdout).toMatch(/waits for approval/);
    expect((await edict(['policies', 'approve', policy, '--as', 'Linus'])).stdout).toMatch(/approved in/);
  });
});
