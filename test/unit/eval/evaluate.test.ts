import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { APPROVERS } from '../../../scripts/eval/approvers.ts';
import { type EvalOptions, evaluate, EXIT } from '../../../scripts/eval/evaluate.ts';
import type { EvalReport } from '../../../scripts/eval/report.ts';
import type { Author } from '../../../scripts/eval/run.ts';
import { authorIntent } from '../../../shared/authoring/author.ts';
import { DEFAULT_LIMITS } from '../../../shared/authoring/deps.ts';
import type { Answer, Person, ShownResource } from '../../../shared/authoring/intent.ts';
import type { ModelRequest } from '../../../shared/ports/language-model.ts';
import { modelOf, otherAnswer, policiesAnswer, worldOf } from '../../support/authoring.ts';
import { authoredOf, callOf, policyYaml, refusedWith } from '../../support/scripted-author.ts';

const work = mkdtempSync(join(tmpdir(), 'edict-eval-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));
let n = 0;
beforeEach(() => {
  n++;
});

const CORPUS = `
- id: tls
  shape: simple
  intent: TLS only.
  phrasings: [Nothing but TLS.]
  gold: { policies: [{ kind: object_store, require: [{ fact: tls_only, is: true }] }] }
- id: backups
  shape: threshold
  intent: Production keeps backups for 30 days.
  gold:
    policies:
      - kind: sql_database
        applies_when: { fact: environment, is: production }
        require: [{ fact: backup_retention_days, at_least: 30 }]
- id: cold
  shape: out_of_model
  intent: Old objects go to cold storage.
  gold: { refusal: out_of_model }
- id: month
  shape: ambiguous
  intent: Backups for a month.
  gold:
    readings:
      - { says: thirty, policies: [{ kind: sql_database, require: { fact: backup_retention_days, at_least: 30 } }] }
      - { says: thirty-one, policies: [{ kind: sql_database, require: { fact: backup_retention_days, at_least: 31 } }] }
`;
const TLS = policyYaml('object_store', ['{ fact: tls_only, is: true }']);
const backups = (days: number, scope: string | undefined = '{ fact: environment, is: production }'): string =>
  policyYaml('sql_database', [`{ fact: backup_retention_days, at_least: ${days} }`], scope);
const month = (days: number): string =>
  policyYaml('sql_database', [`{ fact: backup_retention_days, at_least: ${days} }`]);

/** A model of authoring: by the text of the sentence, what comes of it. */
type Script = { readonly [text: string]: Awaited<ReturnType<Author>> | Author };
const RIGHT: Script = {
  'TLS only.': authoredOf([TLS]),
  'Nothing but TLS.': authoredOf([TLS]),
  'Production keeps backups for 30 days.': authoredOf([backups(30)]),
  'Old objects go to cold storage.': refusedWith('out_of_model'),
  'Backups for a month.': refusedWith('ambiguous'),
};

interface Ran {
  readonly code: number;
  readonly text: string;
  readonly said: readonly string[];
  readonly out: string;
}

async function run(
  script: Script,
  options: Partial<EvalOptions> = {},
  corpus = CORPUS,
  model: (request: ModelRequest) => unknown = () => otherAnswer('not_a_policy'),
): Promise<Ran> {
  const intents = join(work, `corpus-${n}.yaml`);
  writeFileSync(intents, corpus);
  const out = options.out ?? join(work, `out-${n}.jsonl`);
  const said: string[] = [];
  let text = '';
  let ms = 0;
  const author: Author = async (intent, deps, person) => {
    const scripted = script[intent.text];
    if (scripted === undefined) throw new Error(`no script for ${intent.text}`);
    return typeof scripted === 'function' ? scripted(intent, deps, person) : scripted;
  };
  const code = await evaluate(
    {
      intents,
      runs: 1,
      approvers: ['gold'],
      seed: 1,
      parallel: 1,
      tokenBudget: 1_000_000,
      json: false,
      models: 'scripted',
      ...options,
      out,
    },
    {
      author,
      deps: worldOf(modelOf(model)),
      clock: () => (ms += 1000),
      say: (line) => said.push(line),
      print: (t) => {
        text += t;
      },
    },
  );
  return { code, text, said, out };
}
const reportOf = async (script: Script, options: Partial<EvalOptions> = {}): Promise<EvalReport> => {
  const { text } = await run(script, { ...options, json: true });
  return JSON.parse(text) as EvalReport;
};
const firstLine = ({ text }: Ran): string => text.split('\n')[0] ?? '';

describe('the first line', () => {
  it('says how many of the activated are wrong', async () => {
    const ran = await run(RIGHT);
    expect(firstLine(ran)).toBe('activated-wrong: gold 0 of 3');
    expect(ran.code).toBe(EXIT.right);
    // 2 distinct intents activated: 1 - 0.05^(1/2).
    expect(ran.text).toContain('0 of 2 distinct activated intents wrong, so at most 77.6 % with 95 % confidence');
    expect(ran.text).toContain('"at most 1 %" takes 0 wrong in 299 distinct activated intents');
  });

  it.each([
    ['a bound that is too low', [backups(29)], '1 false pass'],
    ['a bound that is too high', [backups(31)], '1 false fail'],
    ['a scope that is too wide', [backups(30, '{ not: { fact: environment, is: test } }')], '1 false fail'],
    ['a scope that is another', [backups(30, '{ fact: environment, is: staging }')], '1 false pass, 1 false fail'],
    [
      'a scope that was moved into the requirement',
      [
        policyYaml('sql_database', [
          '{ any: [{ not: { fact: environment, is: production } }, { fact: backup_retention_days, at_least: 30 }] }',
        ]),
      ],
      '1 only what is unknown or not applicable',
    ],
    ['a kind more', [backups(30), TLS], '1 false fail'],
    ['another kind', [TLS], '1 false pass, 1 false fail'],
    [
      'the default of a parameter',
      [
        policyYaml(
          'sql_database',
          ['{ fact: backup_retention_days, at_least: { param: days } }'],
          '{ fact: environment, is: production }',
          'params: { days: { says: days, type: int, default: 7 } }',
        ),
      ],
      '1 false pass',
    ],
  ])('shows a planted wrong activation: %s', async (_, yamls, sorts) => {
    const ran = await run({ ...RIGHT, 'Production keeps backups for 30 days.': authoredOf(yamls) });
    expect(firstLine(ran)).toBe(`activated-wrong: gold 1 of 3 (${sorts})`);
    expect(ran.code).toBe(EXIT.wrongActivated);
    expect(ran.text).toContain('Wrong activations:\n  backups (phrasing 1, run 1, gold) ');
  });

  it('counts what differs only in what is unknown', async () => {
    // With the environment unknown and 40 days, an override decides and the alternatives do not.
    const corpus = `
- id: by-environment
  intent: 30 in production, 7 elsewhere.
  gold:
    policies:
      - kind: sql_database
        require: [{ fact: backup_retention_days, at_least: { param: days } }]
        params:
          days: { type: int, default: 7, overrides: [{ when: { fact: environment, is: production }, value: 30 }] }
`;
    const alternatives = policyYaml('sql_database', [
      '{ any: [{ all: [{ fact: environment, is: production }, { fact: backup_retention_days, at_least: 30 }] }, { all: [{ not: { fact: environment, is: production } }, { fact: backup_retention_days, at_least: 7 }] }] }',
    ]);
    const ran = await run({ '30 in production, 7 elsewhere.': authoredOf([alternatives]) }, {}, corpus);
    expect(firstLine(ran)).toBe('activated-wrong: gold 1 of 1 (1 only what is unknown or not applicable)');
  });

  it('takes one policy in two parts for the same', async () => {
    const corpus = `
- id: two
  intent: Two things.
  gold: { policies: [{ kind: object_store, require: [{ fact: tls_only, is: true }, { fact: versioned, is: true }] }] }
`;
    const versioned = policyYaml('object_store', ['{ fact: versioned, is: true }']);
    const ran = await run({ 'Two things.': authoredOf([versioned, TLS]) }, {}, corpus);
    expect(firstLine(ran)).toBe('activated-wrong: gold 0 of 1');
    const half = await run({ 'Two things.': authoredOf([versioned]) }, { out: join(work, 'half.jsonl') }, corpus);
    expect(firstLine(half)).toBe('activated-wrong: gold 1 of 1 (1 false pass)');
  });

  it('counts a policy for what cannot be one', async () => {
    const ran = await run({ ...RIGHT, 'Old objects go to cold storage.': authoredOf([TLS]) });
    expect(firstLine(ran)).toBe('activated-wrong: gold 1 of 4 (1 false pass)');
  });

  it('does not count what a gate stopped', async () => {
    const ran = await run({ ...RIGHT, 'TLS only.': authoredOf([backups(1)], { gated: true }) });
    expect(firstLine(ran)).toBe('activated-wrong: gold 0 of 2');
    expect(ran.text).toContain('Stopped by gates before gold: vacuity 1.');
  });
});

describe('an ambiguous sentence', () => {
  it('means another reading in the next run, and only that one is right', async () => {
    const script = { ...RIGHT, 'Backups for a month.': authoredOf([month(31)]) };
    const report = await reportOf(script, { runs: 2 });
    expect(report.wrong.map(({ intent, run: r }) => [intent, r])).toEqual([['month', 0]]);
  });

  it('is answered by the reading that the approver means', async () => {
    const resource: ShownResource = {
      id: 'r',
      kind: 'sql_database',
      says: '30 days',
      facts: { backup_retention_days: { state: 'known', value: 30, at: '' } },
    };
    const answers: Answer[] = [];
    const asks: Author = async (_intent, _deps, person) => {
      const readings = [
        { english: '30', answer: 'fine' as const },
        { english: '31', answer: 'violation' as const },
      ];
      const question = { id: 'q', asks: 'Is it?', resource, readings };
      const answer = await person.answer(question);
      answers.push(answer);
      const authored = authoredOf([month(answer === 'fine' ? 30 : 31)]);
      return { ...authored, questions: [{ question, answer }] };
    };
    const report = await reportOf({ ...RIGHT, 'Backups for a month.': asks }, { runs: 2 });
    expect(answers).toEqual(['fine', 'violation']);
    expect(report.wrong).toEqual([]);
    expect(report.approvers[0]?.shares.asked).toEqual({ mean: 0.2, sigma: 0 });
  });
});

const formalise: ModelRequest = {
  role: 'author',
  purpose: 'formalise',
  system: [],
  prompt: [],
  schema: {},
  maxTokens: 1,
};

describe('the approvers', () => {
  const shown = (facts: ShownResource['facts'], kind = 'sql_database'): ShownResource => ({
    id: 'r',
    kind,
    says: '',
    facts,
  });
  const production = (days?: number): ShownResource =>
    shown({
      environment: { state: 'known', value: 'production', at: '' },
      ...(days === undefined ? {} : { backup_retention_days: { state: 'known', value: days, at: '' } }),
    });
  const rows = [
    production(30),
    production(29),
    production(),
    shown({ environment: { state: 'known', value: 'test', at: '' } }),
    shown({}, 'object_store'),
  ];
  const said = new Map<string, readonly Answer[]>();
  const judging =
    (yaml: string): Author =>
    async (_intent, deps, person: Person) => {
      await deps.model.ask(formalise);
      said.set(String(said.size), await person.judge(rows));
      return authoredOf([yaml]);
    };

  it('gold says what the sentence means; the rubber stamp what was drafted', async () => {
    said.clear();
    const ran = await run(
      { ...RIGHT, 'Production keeps backups for 30 days.': judging(backups(20)) },
      { approvers: ['gold', 'rubber-stamp'], only: ['backups'] },
      CORPUS,
      () =>
        policiesAnswer({
          kind: 'sql_database',
          scope: { fact: 'environment', is: 'production' },
          clauses: { kept: { fact: 'backup_retention_days', at_least: 20 } },
          covers: { scope: 'Production', kept: 'keeps backups' },
        }),
    );
    expect([...said.values()]).toEqual([
      ['fine', 'violation', 'skip', 'does_not_apply', 'does_not_apply'],
      ['fine', 'fine', 'skip', 'does_not_apply', 'does_not_apply'],
    ]);
    expect(firstLine(ran)).toBe('activated-wrong: gold 1 of 1 (1 false pass); rubber-stamp 1 of 1 (1 false pass)');
  });

  it('noise is gold with about one answer in ten wrong, the same ones each time', async () => {
    const answersOf = async (out: string): Promise<readonly Answer[]> => {
      let answers: readonly Answer[] = [];
      const author: Author = async (_intent, _deps, person) => {
        answers = await person.judge(Array.from({ length: 1000 }, () => production(30)));
        return refusedWith('misjudged');
      };
      await run(
        { ...RIGHT, 'Production keeps backups for 30 days.': author },
        { approvers: ['noise'], only: ['backups'], out },
      );
      return answers;
    };
    const answers = await answersOf(join(work, `noise-a-${n}.jsonl`));
    const wrong = answers.filter((a) => a !== 'fine').length;
    expect(wrong).toBeGreaterThan(70);
    expect(wrong).toBeLessThan(130);
    expect(await answersOf(join(work, `noise-b-${n}.jsonl`))).toEqual(answers);
  });

  it('are given the same answers of the model', async () => {
    let asked = 0;
    const author: Author = async (_intent, deps) => {
      const once = await deps.model.ask(formalise);
      const again = await deps.model.ask(formalise);
      // The second time one asks is another request, and the next approver is given both.
      asked += once === again ? 1000 : 1;
      return { ...refusedWith('out_of_model'), calls: [once.call, again.call] };
    };
    const report = await reportOf(
      { ...RIGHT, 'Old objects go to cold storage.': author },
      { approvers: APPROVERS, only: ['cold'] },
    );
    expect(asked).toBe(3);
    expect(report.approvers.map((a) => a.perCase.calls?.mean)).toEqual([2, 2, 2]);
  });
});

describe('the figures', () => {
  it('are exact', async () => {
    const calls = [callOf({ role: 'author', purpose: 'formalise' }), callOf({ role: 'second', purpose: 'formalise' })];
    let times = 0;
    const report = await reportOf(
      {
        ...RIGHT,
        'TLS only.': authoredOf([TLS], { calls }),
        // Right in the first run, wrong in the second.
        'Nothing but TLS.': async () => authoredOf([times++ === 0 ? TLS : backups(1)]),
        'Production keeps backups for 30 days.': refusedWith('not_understood'),
      },
      { runs: 2 },
    );
    const [gold] = report.approvers;
    expect(report.corpus).toMatchObject({ intents: 4, texts: 5 });
    expect(gold).toMatchObject({
      approver: 'gold',
      cases: 10,
      activatedWrong: {
        wrong: 1,
        activated: 4,
        sorts: { false_pass: 1, false_fail: 1, other: 0, undecided: 0 },
        wrongIntents: 1,
        activatedIntents: 1,
        atMost: 1,
      },
      correct: { intents: 0, of: 2, atLeast: 0 },
      refusals: {
        ambiguous: { right: 2, wrong: 0 },
        not_understood: { right: 0, wrong: 2 },
        out_of_model: { right: 2, wrong: 0 },
      },
      gates: {},
      paraphrases: { consistent: 0, of: 1 },
      clouds: { consistent: 4, of: 4 },
      stability: { robust: ['cold', 'month'], flaky: ['tls'], alwaysFail: ['backups'] },
      byShape: {
        simple: { right: 3, wrong: 1, cases: 4 },
        threshold: { right: 0, wrong: 0, cases: 2 },
        out_of_model: { right: 2, wrong: 0, cases: 2 },
        ambiguous: { right: 2, wrong: 0, cases: 2 },
      },
    });
    const sigma = Math.sqrt(2) / 10;
    expect(gold?.shares.activatedCorrect?.mean).toBeCloseTo(0.3, 12);
    expect(gold?.shares.activatedCorrect?.sigma).toBeCloseTo(sigma, 12);
    expect(gold?.shares.activatedWrong?.mean).toBeCloseTo(0.1, 12);
    expect(gold?.shares.refusedRight).toEqual({ mean: 0.4, sigma: 0 });
    expect(gold?.shares.refusedWrong).toEqual({ mean: 0.2, sigma: 0 });
    expect(gold?.perCase.calls?.mean).toBeCloseTo(0.4, 12);
    expect(gold?.perCase.inputTokens?.mean).toBeCloseTo(40, 12);
    expect(gold?.perCase.cost?.mean).toBeCloseTo(0.0004, 12);
    // Each case takes a second by this clock.
    expect(gold?.perCase.seconds).toEqual({ mean: 1, sigma: 0 });
    expect(gold?.perCase.ownSecondsP95).toBe(1);
  });

  it('spread over runs, not over the sentences of one', async () => {
    const calls = [callOf({ role: 'author', purpose: 'formalise' })];
    const script = { ...RIGHT, 'TLS only.': authoredOf([TLS], { calls }) };
    const [one] = (await reportOf(script)).approvers;
    expect(one?.perCase.calls).toEqual({ mean: 0.2, sigma: null });
    const [two] = (await reportOf(script, { runs: 2, out: join(work, 'two-runs.jsonl') })).approvers;
    expect(two?.perCase.calls).toEqual({ mean: 0.2, sigma: 0 });
  });

  it('count requests that wait for the model at the same time once', async () => {
    const asks: Author = async (_intent, { model }) => {
      await Promise.all([model.ask(formalise), model.ask(formalise), model.ask(formalise)]);
      return authoredOf([TLS]);
    };
    const report = await reportOf({ ...RIGHT, 'TLS only.': asks }, { only: ['tls'] });
    // By this clock, which ticks when it is read: the case, and within it the one wait.
    expect(report.approvers[0]?.perCase.seconds?.mean).toBe(2);
    const kept = readFileSync(join(work, `out-${n}.jsonl`), 'utf8').split('\n');
    expect(JSON.parse(kept[1] ?? '')).toMatchObject({ seconds: 3, modelSeconds: 1 });
  });

  it('count what was asked before it was refused', async () => {
    const resource: ShownResource = { id: 'r', kind: 'sql_database', says: '', facts: {} };
    const asks: Author = async (_intent, { model }, person) => {
      await person.answer({ id: 'q', asks: 'Is it?', resource, readings: [] });
      await person.judge([resource, resource, resource]);
      const { call } = await model.ask({ ...formalise, purpose: 'repair' });
      return { ...refusedWith('misjudged'), calls: [call] };
    };
    const [gold] = (await reportOf({ ...RIGHT, 'Old objects go to cold storage.': asks }, { only: ['cold'] }))
      .approvers;
    expect(gold?.shares.asked?.mean).toBe(1);
    expect(gold?.perCase).toMatchObject({ questions: { mean: 1 }, judged: { mean: 3 }, rounds: { mean: 1 } });
  });

  it('say that a policy judges one cloud only', async () => {
    const inAws = policyYaml('object_store', ['{ fact: tls_only, is: true }'], '{ fact: cloud, is: aws }');
    const report = await reportOf({ ...RIGHT, 'TLS only.': authoredOf([inAws]) });
    expect(report.approvers[0]?.clouds).toEqual({ consistent: 2, of: 3 });
  });

  it('have no cost where a model has no price', async () => {
    const calls = [
      callOf(
        { role: 'author', purpose: 'formalise' },
        { usage: { inputTokens: 1, cachedTokens: 0, outputTokens: 1, cost: null } },
      ),
    ];
    const { text } = await run({ ...RIGHT, 'TLS only.': authoredOf([TLS], { calls }) });
    expect(text).toMatch(/cost a case +not priced/);
  });
});

describe('gold that is judged native documents', () => {
  const item = (tls: boolean): string =>
    JSON.stringify({
      type: 'Microsoft.Storage/storageAccounts',
      id: '/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/one',
      name: 'one',
      location: 'westeurope',
      properties: { supportsHttpsTrafficOnly: tls, minimumTlsVersion: 'TLS1_2' },
    });
  const corpus = `
- id: brought
  intent: Bring your own.
  gold:
    documents:
      - { file: tls.json, verdict: compliant }
      - { file: plain.json, verdict: violation }
`;
  beforeEach(() => {
    writeFileSync(join(work, 'tls.json'), item(true));
    writeFileSync(join(work, 'plain.json'), item(false));
  });

  it('finds a policy that judges one of them otherwise', async () => {
    const right = await run({ 'Bring your own.': authoredOf([TLS]) }, {}, corpus);
    expect(firstLine(right)).toBe('activated-wrong: gold 0 of 1');
    const turned = policyYaml('object_store', ['{ fact: tls_only, is: false }']);
    const wrong = await run({ 'Bring your own.': authoredOf([turned]) }, { out: join(work, 'turned.jsonl') }, corpus);
    expect(firstLine(wrong)).toBe('activated-wrong: gold 1 of 1 (1 false pass, 1 false fail)');
  });

  it('is enough for an approver: a draft that judges all of them right is believed, any other is not', async () => {
    const answer = (is: boolean): unknown =>
      policiesAnswer({
        kind: 'object_store',
        clauses: { tls: { fact: 'tls_only', is } },
        covers: { tls: 'Bring your own' },
      });
    const limits = { ...DEFAULT_LIMITS, paraphrases: 0, deletions: 0 };
    const authoring: Author = (intent, deps, person) => authorIntent(intent, { ...deps, limits }, person);
    const right = await run({ 'Bring your own.': authoring }, {}, corpus, () => answer(true));
    expect(firstLine(right)).toBe('activated-wrong: gold 0 of 1');
    const out = join(work, 'turned-by-documents.jsonl');
    const wrong = await run({ 'Bring your own.': authoring }, { out }, corpus, () => answer(false));
    expect(firstLine(wrong)).toBe('activated-wrong: gold 0 of 0');
    expect(wrong.text).toContain('Refused before gold: misjudged 0 right 1 wrong.');
  });

  it('is the worst verdict in a document of several resources, unless one is named', async () => {
    const other = { Type: 'AWS::RDS::DBInstance', Properties: { Engine: 'postgres', StorageEncrypted: false } };
    const store = (status: string): unknown => ({
      Type: 'AWS::S3::Bucket',
      Properties: { VersioningConfiguration: { Status: status } },
    });
    const several = (name: string, status: string): void =>
      writeFileSync(join(work, name), JSON.stringify({ Resources: { Kept: store(status), Data: other } }));
    several('kept.json', 'Enabled');
    several('lost.json', 'Suspended');
    const gold = `
- id: several
  intent: Keep versions.
  gold: { documents: [{ file: kept.json, verdict: compliant }, { file: lost.json, verdict: violation }] }
`;
    const versioned = policyYaml('object_store', ['{ fact: versioned, is: true }']);
    const right = await run({ 'Keep versions.': authoredOf([versioned]) }, {}, gold);
    expect(firstLine(right)).toBe('activated-wrong: gold 0 of 1');
    const lost = policyYaml('object_store', ['{ fact: versioned, is: false }']);
    const wrong = await run({ 'Keep versions.': authoredOf([lost]) }, { out: join(work, 'lost.jsonl') }, gold);
    expect(firstLine(wrong)).toBe('activated-wrong: gold 1 of 1 (1 false pass, 1 false fail)');
  });

  it('is refused where two documents say of the same facts what cannot both be', async () => {
    writeFileSync(join(work, 'again.json'), item(true).replaceAll('one', 'two'));
    const twice = `${corpus}      - { file: again.json, verdict: [violation, unknown] }\n`;
    await expect(run({}, {}, twice)).rejects.toThrow(
      /brought: gold contradicts itself: .*tls\.json.* is compliant, and .*again\.json.* violation or unknown/,
    );
  });

  it('is refused where it contradicts the clauses beside it', async () => {
    const both = `${corpus}    policies: [{ kind: object_store, require: [{ fact: tls_only, is: false }] }]\n`;
    await expect(run({}, {}, both)).rejects.toThrow(/brought: gold contradicts itself/);
  });
});

describe('what was done', () => {
  it('is kept, and not done again', async () => {
    let times = 0;
    const counting: Script = Object.fromEntries(
      Object.entries(RIGHT).map(([text, result]) => [
        text,
        async () => {
          times++;
          return result as Awaited<ReturnType<Author>>;
        },
      ]),
    );
    const { out, text } = await run(counting);
    expect(times).toBe(5);
    // Killed while it wrote the last line.
    const kept = readFileSync(out, 'utf8').trimEnd().split('\n');
    writeFileSync(out, `${kept.slice(0, -1).join('\n')}\n${kept.at(-1)?.slice(0, 20)}`);
    const resumed = await run(counting, { out });
    expect(times).toBe(6);
    expect(resumed.text).toBe(text);
    expect(resumed.said[0]).toMatch(/is broken and is run again$/);
    expect(resumed.said[1]).toBe(`4 of 5 cases are in ${out} already`);
  });

  it('says why a sentence was refused, in one line', async () => {
    const why = `it\nis ${'so '.repeat(100)}`;
    const { said } = await run({ ...RIGHT, 'TLS only.': refusedWith('not_understood', why) });
    expect(said[0]).toMatch(/^\[1\/5\] tls 1 run 1 gold: refused: not_understood, it is so so .{200,240}… \(/);
  });

  it('is kept in a file of its own: another file is left as it is, and what is none is said', async () => {
    const out = join(work, 'not-ours.json');
    writeFileSync(out, '{}');
    await expect(run(RIGHT, { out })).rejects.toThrow(/not-ours\.json is of another evaluation/);
    expect(readFileSync(out, 'utf8')).toBe('{}');
    await expect(run(RIGHT, { out: work })).rejects.toThrow(/--out .* cannot be used: EISDIR/);
    await expect(run(RIGHT, { out: join(out, 'below.jsonl') })).rejects.toThrow(/--out .* cannot be used: /);
  });

  it('is not mixed with another evaluation', async () => {
    const { out } = await run(RIGHT);
    await expect(run(RIGHT, { out, seed: 2 })).rejects.toThrow(/is of another evaluation/);
  });

  it('leaves out what no model answered, and stops where there is none', async () => {
    const none: Script = Object.fromEntries(
      Object.keys(RIGHT).map((text) => [text, refusedWith('model_unavailable', 'no key')]),
    );
    const ran = await run(none);
    expect(ran.code).toBe(EXIT.noModel);
    expect(ran.said.filter((l) => l.includes('no key'))).toHaveLength(3);
    expect(firstLine(ran)).toBe('activated-wrong: nothing was run');
    expect(ran.text).toContain('In 3 cases no model answered, and 2 were not tried: they are in no figure');
    const resumed = await run(RIGHT, { out: ran.out });
    expect(resumed.code).toBe(EXIT.right);
    expect(firstLine(resumed)).toBe('activated-wrong: gold 0 of 3');
  });
});

describe('a sentence on which our own code breaks', () => {
  it('is said, and the others are measured', async () => {
    const breaks: Author = async (_intent, { model }) => {
      await model.ask(formalise);
      throw new Error('a bug');
    };
    const ran = await run({ ...RIGHT, 'TLS only.': breaks });
    expect(ran.code).toBe(EXIT.crashed);
    expect(firstLine(ran)).toBe('activated-wrong: gold 0 of 2');
    expect(ran.said.join('\n')).toMatch(/tls 1 run 1 gold: CRASHED \(.*a bug/);
    expect(ran.text).toMatch(/our own code broke +20\.0 %/);
    expect(ran.text).toContain('Our own code broke before gold: tls.\nFlaky before gold: tls.');
  });
});

describe('a corpus that cannot be used', () => {
  it.each([
    ['is not a list', 'a: 1', /is no list of intents/],
    ['has no gold', '- { id: a, intent: b, gold: {} }', /says nothing/],
    ['has a key that is not known', '- { id: a, intent: b, golden: 1, gold: { refusal: ambiguous } }', /golden/],
    [
      'does not type',
      '- { id: a, intent: b, gold: { policies: [{ kind: object_store, require: [{ fact: tls, is: true }] }] } }',
      /a\): policy.require.0.that.fact: no fact "tls"/,
    ],
    [
      'has an id twice',
      '[{ id: a, intent: b, gold: { refusal: ambiguous } }, { id: a, intent: c, gold: { refusal: ambiguous } }]',
      /stands twice/,
    ],
    [
      'names a file that is not there',
      '- { id: a, intent: b, gold: { documents: [{ file: none.json, verdict: unknown }] } }',
      /none.json is not there/,
    ],
    ['is empty', '[]', /there is no intent/],
    [
      'names a kind that is not there',
      '- { id: a, intent: b, kinds: [queue], gold: { refusal: ambiguous } }',
      /a\): no kind queue; there are object_store/,
    ],
    [
      'has a refusal that is none',
      '- { id: a, intent: b, gold: { refusal: nope } }',
      /a refusal, or a list of some, is of out_of_model, needs_rego/,
    ],
    [
      'has a verdict that is none',
      '- { id: a, intent: b, gold: { documents: [{ file: a.json, verdict: maybe }] } }',
      /a verdict, or a list of some, is of violation, compliant, unknown, not_applicable/,
    ],
    ...[
      [
        'has a resource of no kind',
        '{ kind: queue, facts: {}, verdict: compliant }',
        /a: resource 1: no kind queue; there are/,
      ],
      [
        'has a fact that is not there',
        '{ kind: object_store, facts: { tls: true }, verdict: compliant }',
        /a: resource 1: object_store has no fact tls; it has .*tls_only/,
      ],
      [
        'has a value that is none of its fact',
        '{ kind: object_store, facts: { tls_only: "yes" }, verdict: compliant }',
        /a: resource 1: tls_only is not a boolean: "yes"/,
      ],
      [
        'has a list that is open and is none',
        '{ kind: object_store, facts: { tls_only: true }, open: [tls_only], verdict: compliant }',
        /a: resource 1: tls_only is open and no list in facts/,
      ],
    ].map(([why, resource, message]): [string, string, RegExp] => [
      String(why),
      `- { id: a, intent: b, gold: { resources: [${String(resource)}] } }`,
      message instanceof RegExp ? message : /./,
    ]),
  ])('because it %s is refused before anything is run', async (_, corpus, message) => {
    await expect(run({}, {}, corpus)).rejects.toThrow(message);
  });

  it('is a sentence that is not in it', async () => {
    await expect(run(RIGHT, { only: ['nobody'] })).rejects.toThrow(/there is no intent nobody/);
  });

  it('does not spoil a file with results', async () => {
    const { out } = await run(RIGHT);
    appendFileSync(out, '{"a":');
    await expect(run({}, { out }, '[]')).rejects.toThrow();
    expect(readFileSync(out, 'utf8').endsWith('{"a":')).toBe(true);
  });
});
