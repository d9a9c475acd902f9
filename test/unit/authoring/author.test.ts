import { describe, expect, it } from 'vitest';
import { authorFromYaml, authorIntent } from '../../../shared/authoring/author.ts';
import { comparePolicies } from '../../../shared/authoring/compare.ts';
import { type AuthorDeps, DEFAULT_LIMITS } from '../../../shared/authoring/deps.ts';
import type { Answer, Authored, Refusal } from '../../../shared/authoring/intent.ts';
import { reviseIntent } from '../../../shared/authoring/revise.ts';
import { kinds } from '../../../shared/kinds/index.ts';
import { canonicalJson } from '../../../shared/model/json.ts';
import type { FactStates } from '../../../shared/model/fact.ts';
import { parsePolicy } from '../../../shared/policy/clauses.ts';
import { type CorePolicy, toCore } from '../../../shared/policy/core.ts';
import type { LanguageModel, ModelRequest } from '../../../shared/ports/language-model.ts';
import {
  type DraftOf,
  failed,
  goldOf,
  modelOf,
  otherAnswer,
  personOf,
  policiesAnswer,
  worldOf,
} from '../../support/authoring.ts';

const SENTENCE = 'Production databases must never be reachable from the internet and keep backups for 30 days';
const isProduction = { fact: 'environment', is: 'production' } as const;
const notPublic = { fact: 'public_endpoint', is: false } as const;
const backups = (days: number) => ({ fact: 'backup_retention_days', at_least: days }) as const;
const draft = (change: Partial<DraftOf> = {}): DraftOf => ({
  kind: 'sql_database',
  name: 'not-public-and-backed-up',
  title: 'Production databases are private and keep backups',
  scope: isProduction,
  clauses: { 'not-public': notPublic, 'backups-kept': backups(30) },
  covers: {
    scope: 'Production',
    kind: 'databases',
    'not-public': 'must never be reachable from the internet',
    'backups-kept': 'keep backups for 30 days',
  },
  ...change,
});
const right = policiesAnswer(draft());
/** The scope of the sentence as a part of its requirement: other databases comply, and are not out of scope. */
const scopeMoved = policiesAnswer(
  draft({
    scope: undefined,
    clauses: {
      'not-public': { any: [{ not: isProduction }, notPublic] },
      'backups-kept': { any: [{ not: isProduction }, backups(30)] },
    },
    covers: {
      kind: 'databases',
      'not-public': ['Production', 'must never be reachable from the internet'],
      'backups-kept': 'keep backups for 30 days',
    },
  }),
);
const eitherOfThem = policiesAnswer(
  draft({
    clauses: { 'private-or-kept': { any: [notPublic, backups(30)] } },
    covers: {
      scope: 'Production',
      kind: 'databases',
      'private-or-kept': 'must never be reachable from the internet and keep backups for 30 days',
    },
  }),
);

const gold = goldOf(
  'sql_database',
  `applies_when: { fact: environment, is: production }
require:
  - { id: a, says: x, that: { fact: public_endpoint, is: false } }
  - { id: b, says: x, that: { fact: backup_retention_days, at_least: 30 } }`,
);
const person = () => personOf([gold]);

const kindOf = (id: string) => {
  const kind = kinds.find((k) => k.id === id);
  if (kind === undefined) throw new Error(`no kind ${id}`);
  return kind;
};
const authored = (r: Authored | Refusal): Authored => {
  if (r.is === 'refused') throw new Error(`${r.code}: ${r.why}`);
  return r;
};
const refused = (r: Authored | Refusal): Refusal => {
  if (r.is === 'refused') return r;
  throw new Error('authored');
};
const coreIn = (r: Authored, n = 0): CorePolicy => {
  const policy = r.policies[n]?.policy;
  if (policy === undefined) throw new Error('no policy');
  return toCore(policy, kindOf(policy.kind));
};
const byRole = (author: unknown, second: unknown): LanguageModel =>
  modelOf(({ role }) => (role === 'author' ? author : second));
const check = (r: Authored, name: string) => r.checks.find((c) => c.name === name);
const run = async (
  model: LanguageModel,
  more: Partial<AuthorDeps> = {},
  someone = person(),
  text = SENTENCE,
): Promise<Authored | Refusal> => authorIntent({ text }, worldOf(model, more), someone);

describe('two formalisations that agree', () => {
  it('give the policy that both mean, judged blind, with stored examples of every verdict', async () => {
    const someone = person();
    const deps = worldOf(byRole(right, right));
    const result = authored(await authorIntent({ text: SENTENCE }, deps, someone));
    expect(comparePolicies(coreIn(result), gold).is).toBe('equivalent');
    expect(result.questions).toEqual([]);
    expect(result.checks.map((c) => [c.name, c.passed])).toEqual([
      ['agreement', true],
      ['judging', true],
      ['coverage', true],
      ['literals', true],
      ['examples', true],
      ['stored', true],
    ]);
    expect(result.judged.length).toBeGreaterThanOrEqual(6);
    expect(new Set(result.judged.map((j) => j.answer))).toEqual(new Set(['violation', 'fine', 'does_not_apply']));
    const folders = Object.keys(result.policies[0]?.files ?? {}).map((f) => f.split('/')[1] ?? f);
    expect(new Set(folders)).toEqual(new Set(['intent.md', 'compliant', 'violation', 'not_applicable']));
    expect(result.policies[0]?.files['intent.md']).toContain(SENTENCE);
    expect(deps.verified[0]?.examples.length).toBe(folders.length - 1);
    expect(result.policies[0]?.rego).toContain('package');
    expect(result.calls.map((c) => c.role)).toEqual(['author', 'second']);
  });

  it('have what the person has judged completed with what the gates would miss; what cannot be told is excused openly', async () => {
    const told: number[] = [];
    const complete: AuthorDeps['complete'] = (_, __, examples) => {
      told.push(examples.length);
      const unknown: FactStates = { environment: { state: 'known', value: 'production', at: '' } };
      return {
        files: [{ path: 'examples/unknown/plain-more.json', text: JSON.stringify(unknown) }],
        survivors: [{ what: 'a bound one lower', where: 'backups-kept', on: undefined }],
      };
    };
    const deps = worldOf(byRole(right, right), { complete });
    const result = authored(await authorIntent({ text: SENTENCE }, deps, person()));
    const files = result.policies[0]?.files ?? {};
    expect(files['examples/unknown/plain-more.json']).toBeDefined();
    expect(files['examples/exceptions.yaml']).toContain('what: a bound one lower');
    expect(deps.verified[0]?.examples.length).toBe((told[0] ?? 0) + 1);
    expect(deps.verified[0]?.excused).toMatchObject([{ what: 'a bound one lower', where: 'backups-kept' }]);
    expect(check(result, 'examples')).toMatchObject({ passed: false });
  });

  it('store no document that reads back as something else', async () => {
    const render: AuthorDeps['render'] = (_, facts) => [
      { dialect: 'wrong', name: 'wrong.json', text: JSON.stringify({ ...facts, public_endpoint: undefined }) },
      { dialect: 'plain', name: 'plain.json', text: JSON.stringify(facts) },
    ];
    const result = authored(await run(byRole(right, right), { render }));
    const wrong = Object.keys(result.policies[0]?.files ?? {}).filter((f) => f.includes('/violation/wrong'));
    const violations = Object.keys(result.policies[0]?.files ?? {}).filter((f) => f.includes('/violation/'));
    // Too few days violate whatever the endpoint is: only of those the document without it may stand.
    expect(violations.length).toBeGreaterThan(wrong.length);
    expect(wrong.every((f) => (result.policies[0]?.files[f] ?? '').includes('backup_retention_days'))).toBe(true);
    expect(Object.keys(result.policies[0]?.files ?? {}).some((f) => f.includes('/compliant/wrong'))).toBe(false);
  });

  it('judge the days on both sides of the bound, and each clause broken alone', async () => {
    const someone = person();
    await run(byRole(right, right), {}, someone);
    const days = someone.judged.map((r) => {
      const state = r.facts['backup_retention_days'];
      return state !== undefined && 'value' in state ? state.value : undefined;
    });
    expect(days).toEqual(expect.arrayContaining([29, 30]));
    expect(someone.judged.some((r) => /public endpoint: yes, backup retention days: 3\d/.test(r.says))).toBe(true);
  });

  it('ask for both of them in the same bytes, whatever the sentence is', async () => {
    const model = modelOf(() => right);
    await run(model);
    await run(model, {}, person(), 'Databases keep backups for 30 days');
    const systems = (role: string) => model.requests.filter((r) => r.role === role).map((r) => canonicalJson(r.system));
    expect(new Set(systems('author')).size).toBe(1);
    expect(new Set(systems('second')).size).toBe(1);
    expect(systems('author')[0]).not.toBe(systems('second')[0]);
  });

  it('replay to the same bytes from the same answers, whichever model is the faster', async () => {
    const slow = (role: string): LanguageModel => {
      const half = policiesAnswer(draft({ clauses: { 'not-public': notPublic } }));
      const inner = modelOf(({ purpose }) => (purpose === 'repair' ? right : half));
      return {
        ask: async (request) => {
          if (request.role === role) for (let i = 0; i < 20; i++) await Promise.resolve();
          return inner.ask(request);
        },
      };
    };
    const [a, b] = [await run(slow('author')), await run(slow('second'))];
    expect(authored(a).rounds).toBe(2);
    expect(canonicalJson(a)).toBe(canonicalJson(b));
  });

  it('take a fresh id where an active policy has theirs', async () => {
    const active = [{ ...gold, id: 'sql-database.not-public-and-backed-up' }];
    const result = authored(await run(byRole(right, right), { active }));
    expect(result.policies[0]?.policy.id).toBe('sql-database.not-public-and-backed-up-2');
    expect(result.policies[0]?.yaml).toContain('id: sql-database.not-public-and-backed-up-2');
  });

  it('give one policy for each kind, and say which kinds were left out', async () => {
    const sentence = 'Object stores and databases must be encrypted';
    const both = {
      ...(policiesAnswer(
        {
          kind: 'sql_database',
          clauses: { encrypted: { fact: 'encryption', in: ['provider_key', 'customer_key'] } },
          covers: { kind: 'databases', encrypted: 'must be encrypted' },
        },
        {
          kind: 'object_store',
          clauses: { encrypted: { fact: 'encryption', in: ['provider_key', 'customer_key'] } },
          covers: { kind: 'Object stores', encrypted: 'must be encrypted' },
        },
      ) as object),
      left_out: [
        { kind: 'model_endpoint', because: 'it is not named' },
        { kind: 'spaceship', because: 'there is none' },
      ],
    };
    const body = 'require:\n  - { id: a, says: x, that: { fact: encryption, in: [provider_key, customer_key] } }';
    const someone = personOf([goldOf('sql_database', body), goldOf('object_store', body)]);
    const result = authored(await run(byRole(both, both), {}, someone, sentence));
    expect(result.policies.map((p) => p.policy.kind)).toEqual(['object_store', 'sql_database']);
    expect(result.leftOut).toEqual([{ kind: 'model_endpoint', because: 'it is not named' }]);
  });
});

describe('two formalisations that differ', () => {
  it('become one question on a concrete resource; its answer decides and is stored as an example', async () => {
    const someone = person();
    const result = authored(await run(byRole(right, scopeMoved), {}, someone));
    expect(result.questions.length).toBe(1);
    const [asked] = result.questions;
    expect(asked?.answer).toBe('does_not_apply');
    expect(asked?.question.readings.map((r) => r.answer)).toEqual(['does_not_apply', 'fine']);
    expect(asked?.question.asks).toContain('SQL database');
    expect(comparePolicies(coreIn(result), gold).is).toBe('equivalent');
    const stored = Object.entries(result.policies[0]?.files ?? {}).find(
      ([, text]) => text === JSON.stringify(asked?.question.resource.facts),
    );
    expect(stored?.[0]).toContain('examples/not_applicable/');
  });

  it('are no question where they differ on the unknown alone: the one that says more is taken', async () => {
    const needless = policiesAnswer(
      draft({
        clauses: {
          'not-public': {
            any: [
              { all: [notPublic, { fact: 'tls_required', is: true }] },
              { all: [notPublic, { fact: 'tls_required', is: false }] },
            ],
          },
          'backups-kept': backups(30),
        },
      }),
    );
    const result = authored(await run(byRole(needless, right)));
    expect(result.questions).toEqual([]);
    expect(comparePolicies(coreIn(result), gold).is).toBe('equivalent');
  });

  it('take the second reading where the person means it', async () => {
    const result = authored(await run(byRole(eitherOfThem, right)));
    expect(comparePolicies(coreIn(result), gold).is).toBe('equivalent');
    expect(result.questions.length).toBe(1);
  });

  it('ask about what a reading without a policy of the kind does not say', async () => {
    const both = policiesAnswer(draft(), {
      kind: 'object_store',
      clauses: { 'not-public': { fact: 'public_read', is: false } },
      covers: { 'not-public': 'never be reachable from the internet', kind: 'databases' },
    });
    // The number is in the other policy, and the sentence does not speak of stores: the person says so.
    const result = authored(await run(byRole(both, right)));
    expect(result.policies.map((p) => p.policy.kind)).toEqual(['sql_database']);
    expect(result.questions[0]?.question.resource.kind).toBe('object_store');
  });

  it('refuse as ambiguous, with both readings, where the person cannot say', async () => {
    const someone = personOf([gold], () => 'skip');
    const result = refused(await run(byRole(right, scopeMoved), {}, someone));
    expect(result.code).toBe('ambiguous');
    expect(result.readings?.length).toBe(2);
    expect(result.readings?.join(' ')).toContain('backup retention days is at least 30 days');
    expect(someone.questions.length).toBeLessThanOrEqual(3);
    // Who was asked and could not say has decided nothing.
    expect(result.why).toMatch(
      /^the sentence has more than one reading, and none of \d questions? on it was answered$/,
    );
  });

  it.each([1, 3])('ask at most as many questions as there may be: %i', async (questions) => {
    const elsewhere = policiesAnswer(draft({ scope: { not: isProduction } }));
    const someone = personOf([gold], () => 'skip');
    const limits = { ...DEFAULT_LIMITS, paraphrases: 0, deletions: 0, questions };
    const result = refused(await run(byRole(right, elsewhere), { limits }, someone));
    expect([result.code, someone.questions.length]).toEqual(['ambiguous', questions]);
    expect(new Set(someone.questions.map((q) => canonicalJson(q.resource.facts))).size).toBe(questions);
  });

  it('draft anew, with the counterexample, where the person says what no reading says', async () => {
    const neither = policiesAnswer(
      draft({ scope: { not: isProduction }, covers: { ...draft().covers, scope: 'Production' } }),
    );
    const model = modelOf(({ role, purpose }) =>
      purpose === 'repair' ? right : role === 'author' ? eitherOfThem : neither,
    );
    const result = authored(await run(model));
    expect(comparePolicies(coreIn(result), gold).is).toBe('equivalent');
    expect(result.rounds).toBe(2);
    const repair = model.requests.find((r) => r.purpose === 'repair');
    expect(repair?.prompt.map((p) => p.is)).toEqual(['instructions', 'untrusted', 'untrusted', 'intent']);
    expect(JSON.stringify(repair?.prompt)).toContain('the person says violation');
  });

  it('prefer a resource of the inventory, and never one of which a default is read', async () => {
    const facts = (value: string, state: 'known' | 'default'): FactStates => {
      const known = { state: 'known', at: '/x' } as const;
      return {
        environment:
          state === 'known'
            ? { ...known, value }
            : { state: 'default', value, because: 'https://example.com', on: '2026-11-25' },
        public_endpoint: { ...known, value: true },
        backup_retention_days: { ...known, value: 7 },
        tls_required: { ...known, value: true },
      };
    };
    const inventory = (kind: string) =>
      kind === 'sql_database'
        ? [
            { id: 'by-default', cloud: 'aws', account: '1', owner: null, facts: facts('staging', 'default') },
            { id: 'real', cloud: 'aws', account: '1', owner: null, facts: facts('staging', 'known') },
          ]
        : [];
    const result = authored(await run(byRole(right, scopeMoved), { inventory }));
    expect(result.questions[0]?.question.resource).toMatchObject({ id: 'real', real: true });
    expect(Object.keys(result.questions[0]?.question.resource.facts ?? {})).not.toContain('tls_required');
  });
});

describe('refusals are results', () => {
  const both = (outcome: string, more: object = {}) => byRole(otherAnswer(outcome, more), otherAnswer(outcome, more));

  it('name the facts that are missing', async () => {
    const missing = [{ kind: 'sql_database', fact: 'iam_auth', says: 'Callers log in with identities.' }];
    const result = refused(await run(both('out_of_model', { missing })));
    expect(result).toMatchObject({ code: 'out_of_model', missing });
  });

  it('show the readings of what is ambiguous or contradictory', async () => {
    for (const code of ['ambiguous', 'contradictory']) {
      const result = refused(await run(both(code, { readings: ['one', 'another'] })));
      expect(result).toMatchObject({ code, readings: ['one', 'another'] });
    }
  });

  it('hold what Rego would have to say, where both understand that, and nothing of one alone', async () => {
    const { policies } = right as {
      readonly policies: readonly { readonly clauses: readonly { readonly id: string }[] }[];
    };
    const ruled = policies.map((p) => ({
      ...p,
      clauses: p.clauses.map(({ id }) => ({ id, that: JSON.stringify({ rego: ['owner'] }) })),
    }));
    const needed = otherAnswer('needs_rego', { policies: ruled });
    const result = refused(await run(byRole(needed, needed)));
    expect(result.code).toBe('needs_rego');
    expect(result.drafts?.flatMap((d) => d.policy.require.map((c) => c.that))).toEqual(
      ruled[0]?.clauses.map(() => ({ rego: ['owner'] })),
    );
    const alone = refused(await run(byRole(needed, right)));
    expect(alone.code).toBe('needs_rego');
    expect(alone).not.toHaveProperty('drafts');
  });

  it('stand where the model says vacuous, or not a policy', async () => {
    for (const code of ['vacuous', 'not_a_policy']) expect(refused(await run(both(code))).code).toBe(code);
  });

  it('win over a single draft: one alone is nobody’s word', async () => {
    const result = refused(await run(byRole(right, otherAnswer('ambiguous', { readings: ['theirs'] }))));
    expect(result.code).toBe('ambiguous');
    expect(result.readings?.[0]).toBe('theirs');
    expect(result.readings?.[1]).toContain('SQL database');
    expect(refused(await run(byRole(otherAnswer('out_of_model'), right))).code).toBe('out_of_model');
  });

  it('name what the two refuse for, where both do otherwise', async () => {
    expect(refused(await run(byRole(otherAnswer('ambiguous'), failed('unavailable')))).code).toBe('model_unavailable');
    const missing = (fact: string) => ({ missing: [{ kind: 'sql_database', fact, says: 'x' }] });
    const two = refused(
      await run(byRole(otherAnswer('out_of_model', missing('one')), otherAnswer('out_of_model', missing('another')))),
    );
    expect(two.missing?.map((m) => m.fact)).toEqual(['one', 'another']);
    expect(two.why).toBe('Because.');
  });

  it('say of drafts that nothing can violate or comply with, that they are vacuous or contradictory', async () => {
    const always = policiesAnswer(
      draft({ clauses: { 'not-public': { any: [notPublic, { not: notPublic }] }, 'backups-kept': backups(30) } }),
    );
    expect(refused(await run(byRole(always, always)))).toMatchObject({ code: 'vacuous' });
    const never = policiesAnswer(
      draft({ clauses: { 'not-public': { all: [notPublic, { not: notPublic }] }, 'backups-kept': backups(30) } }),
    );
    expect(refused(await run(byRole(never, never)))).toMatchObject({ code: 'contradictory' });
  });

  it.each([
    ['', 'empty'],
    ['   \n', 'empty'],
    ['x'.repeat(100_000), 'bytes'],
    ['Databases \u202e are private', 'not text'],
    ['Databases \ud800 are private', 'not text'],
    ['Databases \u0000 are private', 'not text'],
    ['30 / 40 ...', 'no words'],
  ])('refuse an unusable sentence before any call (%#)', async (text, why) => {
    const model = modelOf(() => right);
    const result = refused(await run(model, {}, person(), text));
    expect(result.code).toBe('unusable');
    expect(result.why).toContain(why);
    expect(model.requests).toEqual([]);
  });

  it('refuse a kind that there is not, and keep to the kinds that are wanted', async () => {
    const deps = worldOf(byRole(right, right));
    expect(refused(await authorIntent({ text: SENTENCE, kinds: ['spaceship'] }, deps, person())).code).toBe('unusable');
    const other = refused(await authorIntent({ text: SENTENCE, kinds: ['firewall'] }, deps, person()));
    expect(other).toMatchObject({ code: 'not_understood' });
    expect(other.why).toContain('allowed: firewall');
  });
});

describe('a model that gives nothing', () => {
  it.each(['timeout', 'unavailable', 'denied', 'over_budget'] as const)(
    '%s is model_unavailable, at once',
    async (is) => {
      const model = modelOf(() => failed(is));
      const result = refused(await run(model));
      expect(result.code).toBe('model_unavailable');
      expect(model.requests.length).toBe(2);
      expect(result.calls.map((c) => c.outcome)).toEqual([is, is]);
    },
  );

  it('that declines refuses the sentence as unusable', async () => {
    expect(refused(await run(byRole(failed('refused'), right))).code).toBe('unusable');
  });

  it('that is cut off or malformed is asked once more, and no more where that repeats', async () => {
    const mended = modelOf(({ role, purpose }) =>
      role === 'author' && purpose === 'formalise' ? failed('truncated') : right,
    );
    expect(authored(await run(mended)).rounds).toBe(1);
    const broken = modelOf(({ role }) => (role === 'author' ? failed('malformed') : right));
    expect(refused(await run(broken)).code).toBe('not_understood');
    expect(broken.requests.filter((r) => r.role === 'author').length).toBe(2);
  });

  it('with an answer of another shape, or that does not type, is told so', async () => {
    const untyped = policiesAnswer(
      draft({ clauses: { ...draft().clauses, 'not-public': { fact: 'public', is: false } } }),
    );
    for (const [first, told] of [
      [{ hello: 'world' }, 'not of the schema'],
      [untyped, 'public_endpoint'],
    ] as const) {
      const model = modelOf(({ role, purpose }) => (role === 'author' && purpose === 'formalise' ? first : right));
      expect(authored(await run(model)).rounds).toBe(1);
      expect(JSON.stringify(model.requests.find((r) => r.purpose === 'repair')?.prompt)).toContain(told);
    }
  });

  it('stops where a draft repeats, and after the rounds that there are', async () => {
    const wrong = (n: number) => policiesAnswer(draft({ title: `Draft ${n}`, clauses: { 'not-public': notPublic } }));
    const same = modelOf(({ role }) => (role === 'author' ? wrong(0) : right));
    const repeated = refused(await run(same));
    expect(repeated.why).toContain('repeats');
    expect(same.requests.filter((r) => r.role === 'author').length).toBe(2);
    const ever = modelOf(({ role, purpose }, n) =>
      role === 'author' ? wrong(purpose === 'repair' ? n + 1 : 0) : right,
    );
    expect(refused(await run(ever)).why).toContain('after 5 rounds');
    expect(ever.requests.filter((r) => r.role === 'author').length).toBe(6);
  });
});

describe('injection in the answer', () => {
  const cases: readonly (readonly [string, Partial<DraftOf>, string])[] = [
    [
      'a scope that the sentence does not say',
      { scope: { all: [isProduction, { not: { fact: 'account', is: 'acme-legacy' } }] } },
      'acme-legacy',
    ],
    [
      'an environment that is left out',
      { scope: { all: [isProduction, { not: { fact: 'data_classification', is: 'internal' } }] } },
      'internal',
    ],
    [
      'an allow-list by tag',
      {
        clauses: {
          'not-public': { any: [notPublic, { tag: { key: 'edict-ignore', is: 'true' } }] },
          'backups-kept': backups(30),
        },
      },
      'edict-ignore',
    ],
    ['another number', { clauses: { 'not-public': notPublic, 'backups-kept': backups(3) } }, '3'],
    [
      'a clause that formalises nothing',
      { clauses: { ...draft().clauses, extra: { fact: 'deletion_protected', is: true } } },
      'extra formalises no words',
    ],
    [
      'words that do not stand in the sentence',
      { covers: { ...draft().covers, scope: 'Production, except the account of Mallory' } },
      'does not stand in the sentence',
    ],
    ['an address in the title', { title: 'Visit https://example.com' }, 'address'],
    ['a title of invisible characters', { title: 'Private\u2066 databases' }, 'not text'],
  ];
  it.each(cases)('%s is refused, though both models say it', async (_, change, why) => {
    const hostile = policiesAnswer(draft(change));
    const result = refused(await run(byRole(hostile, hostile)));
    expect(result.code).toBe('not_understood');
    expect(result.why).toContain(why);
  });
});

describe('blind judgement', () => {
  it('catches the wrong fact that both models agree on', async () => {
    const sibling = policiesAnswer(
      draft({ clauses: { 'not-public': { not: { fact: 'tls_required', is: true } }, 'backups-kept': backups(30) } }),
    );
    const result = refused(await run(byRole(sibling, sibling)));
    expect(result.code).toBe('misjudged');
  });

  it('reopens the draft once, with the row as the counterexample', async () => {
    const model = modelOf(({ purpose }) => (purpose === 'repair' ? right : eitherOfThem));
    const someone = person();
    const result = authored(await run(model, {}, someone));
    expect(comparePolicies(coreIn(result), gold).is).toBe('equivalent');
    expect(result.rounds).toBe(2);
    expect(result.judged.every((j) => j.verdict !== 'unknown')).toBe(true);
  });

  it('refuses where the second draft is judged otherwise too, and does not draft a third', async () => {
    const sentence = SENTENCE.replace('for 30', 'for more than 30');
    const covers = { ...draft().covers, 'backups-kept': 'keep backups for more than 30 days' };
    const of = (days: number, title: string) =>
      policiesAnswer(draft({ title, covers, clauses: { 'not-public': notPublic, 'backups-kept': backups(days) } }));
    const model = modelOf(({ purpose, role }) =>
      purpose === 'repair' ? of(31, `Again, ${role}`) : of(30, `At first, ${role}`),
    );
    // Whatever is drafted, the resource at the bound is said to violate, and again when it is asked about.
    let sessions = 0;
    const isBound = ({ says }: { readonly says: string }): boolean =>
      (sessions === 1 ? /days: 30\b/ : /days: 31\b/).test(says);
    const someone = personOf([gold], (resource, answer) =>
      answer === 'fine' && isBound(resource) ? 'violation' : answer,
    );
    const contrary = {
      ...someone,
      judge: (resources: Parameters<typeof someone.judge>[0]) => {
        sessions++;
        return someone.judge(resources);
      },
    };
    const result = refused(await authorIntent({ text: sentence }, worldOf(model), contrary));
    expect([result.code, sessions]).toEqual(['misjudged', 2]);
    expect(model.requests.filter((r) => r.purpose === 'repair').length).toBe(2);
  });

  it.each(['violation', 'fine', 'does_not_apply'] as const)('detects whoever says %s to everything', async (always) => {
    const stamp = personOf([gold], (): Answer => always);
    const result = refused(await run(byRole(right, right), {}, stamp));
    expect(result.code).toBe('misjudged');
    expect(result.why).toContain('every resource was judged');
  });

  it('detects whoever does not judge', async () => {
    const absent = personOf([gold], (): Answer => 'skip');
    expect(refused(await run(byRole(right, right), {}, absent)).why).toContain('were judged');
  });

  it('detects whoever agrees with a wrong claim', async () => {
    const agreeable = personOf([gold], (_, answer, question) => question?.readings[0]?.answer ?? answer);
    const result = refused(await run(byRole(right, right), {}, agreeable));
    expect(result).toMatchObject({ code: 'misjudged' });
    expect(result.why).toContain('a wrong claim was not caught');
  });

  it('does not show what the draft says', async () => {
    const someone = person();
    await run(byRole(right, right), {}, someone);
    // Of a kind alone there is no document.
    const [none, some] = [
      ['facts', 'id', 'kind', 'says'],
      ['facts', 'id', 'kind', 'native', 'says'],
    ];
    for (const resource of someone.judged)
      expect(Object.keys(resource).sort()).toEqual(Object.keys(resource.facts).length === 0 ? none : some);
  });
});

describe('what is judged otherwise than the draft', () => {
  it('is shown once more, and a slip is no meaning', async () => {
    let slips = 1;
    const someone = personOf([gold], (_, answer, question) =>
      question === undefined && answer === 'violation' && slips-- > 0 ? 'fine' : answer,
    );
    const result = authored(await run(byRole(right, right), {}, someone));
    const again = someone.questions.filter((q) => q.id.startsWith('again-'));
    expect(again).toHaveLength(1);
    expect(again[0]?.asks).toMatch(/You said: fine\. The draft says: violation, whatever .* Look again/);
    // What was not said blind is not counted as if it had been.
    const slipped = result.judged.filter((j) => j.blind !== undefined);
    expect(slipped).toMatchObject([{ blind: 'fine', answer: 'violation', verdict: 'violation' }]);
    expect(check(result, 'judging')).toMatchObject({
      passed: false,
      says: expect.stringMatching(
        /judged blind, 1 otherwise than the draft \(1 corrected after a second look, with what the draft says in view\); 0 /,
      ),
    });
  });

  it('is believed where the person stands by it', async () => {
    let first: string | undefined;
    const someone = personOf([gold], (resource, answer) => {
      if (answer === 'violation') first ??= resource.says;
      return resource.says === first ? 'fine' : answer;
    });
    const result = await run(byRole(right, right), {}, someone);
    expect(result).toMatchObject({ is: 'refused', code: 'misjudged' });
  });

  it('is not asked again where it is much: the draft is wrong', async () => {
    const someone = personOf([gold], (_, answer) =>
      answer === 'violation' ? 'fine' : answer === 'fine' ? 'violation' : answer,
    );
    expect(await run(byRole(right, right), {}, someone)).toMatchObject({ is: 'refused', code: 'misjudged' });
    expect(someone.questions.filter((q) => q.id.startsWith('again-'))).toEqual([]);
  });

  it('is what nobody can say from what is shown: the draft leaves something out', async () => {
    let first: string | undefined;
    const someone = personOf([gold], (resource, answer) => {
      if (answer === 'violation') first ??= resource.says;
      return resource.says === first ? 'skip' : answer;
    });
    const result = await run(byRole(right, right), {}, someone);
    expect(result).toMatchObject({ is: 'refused', code: 'misjudged' });
    expect('why' in result ? result.why : '').toContain('the person says that it depends on what is not shown');
  });

  it('is a kind that both left out', async () => {
    const someone = personOf([gold], (resource, answer) =>
      Object.keys(resource.facts).length === 0 ? 'skip' : answer,
    );
    expect(await run(byRole(right, right), {}, someone)).toMatchObject({ is: 'refused', code: 'misjudged' });
  });

  it('could be what no resource tells from the draft: it is refused', async () => {
    const limits = { ...DEFAULT_LIMITS, paraphrases: 0, deletions: 0, mostJudged: 2 };
    expect(await run(byRole(right, right), { limits }, person())).toMatchObject({
      is: 'refused',
      code: 'not_understood',
      why: expect.stringMatching(/\d+ misreadings? could not be told/) as unknown,
    });
  });
});

describe('the checks that cost calls', () => {
  const limits = { ...DEFAULT_LIMITS, paraphrases: 3, deletions: 4 };
  const paraphrases = { paraphrases: ['One way', 'Another way', 'A third way'] };
  const scripted = (
    variant: (request: ModelRequest, n: number) => unknown,
    deleted: unknown = otherAnswer('ambiguous'),
  ) =>
    modelOf((request, n) => {
      if (request.purpose === 'paraphrase' && request.role === 'explain') return paraphrases;
      if (request.purpose === 'paraphrase') return variant(request, n);
      return request.purpose === 'deletion' ? deleted : right;
    });

  it('are recorded where they pass', async () => {
    const result = authored(
      await run(
        scripted(() => right),
        { limits },
      ),
    );
    expect(check(result, 'paraphrases')).toMatchObject({ passed: true, says: '3 of 3 paraphrases mean the same' });
    expect(check(result, 'deletions')).toMatchObject({ passed: true });
  });

  it('ask the person about a paraphrase that means something else', async () => {
    const result = authored(
      await run(
        scripted((_, n) => (n === 1 ? eitherOfThem : right)),
        { limits },
      ),
    );
    expect(check(result, 'paraphrases')?.passed).toBe(false);
    expect(result.questions.length).toBe(1);
    expect(comparePolicies(coreIn(result), gold).is).toBe('equivalent');
  });

  it('record paraphrases that give nothing', async () => {
    const result = authored(
      await run(
        scripted(() => failed('timeout')),
        { limits },
      ),
    );
    expect(check(result, 'paraphrases')).toMatchObject({
      passed: false,
      says: '0 of 3 paraphrases mean the same; 3 without a policy',
    });
  });

  it('say which paraphrases are missing', async () => {
    const model = modelOf((request) => {
      if (request.role === 'explain') return { paraphrases: ['One way'] };
      return request.purpose === 'deletion' ? otherAnswer('ambiguous') : right;
    });
    expect(check(authored(await run(model, { limits })), 'paraphrases')).toMatchObject({
      passed: false,
      says: '1 of 3 paraphrases mean the same; 2 not given by the model',
    });
  });

  it('take no failed answer for another meaning', async () => {
    for (const deleted of [failed('timeout'), failed('malformed'), { of: 'another shape' }]) {
      const result = authored(
        await run(
          scripted(() => right, deleted),
          { limits },
        ),
      );
      expect(check(result, 'deletions')).toMatchObject({
        passed: false,
        says: expect.stringMatching(/without these words the model gave no answer .*"production".*\(3 of 3 tried\)/),
      });
      expect(result.policies[0]?.uncovered).toEqual([]);
    }
  });

  it('say what was not tried', async () => {
    const few = { ...limits, deletions: 2 };
    const result = authored(
      await run(
        scripted(() => right),
        { limits: few },
      ),
    );
    expect(check(result, 'deletions')).toMatchObject({
      passed: false,
      says: expect.stringMatching(/^not tried: "keep backups for 30 days" \(2 of 3 tried\)$/),
    });
  });

  it('delete no sentence whole', async () => {
    const whole = policiesAnswer(
      draft({
        covers: { scope: SENTENCE, 'not-public': SENTENCE, 'backups-kept': SENTENCE },
      }),
    );
    const model = modelOf(({ purpose }) => (purpose === 'paraphrase' ? paraphrases : whole));
    authored(await run(model, { limits: { ...limits, paraphrases: 0 } }));
    expect(model.requests.filter((r) => r.purpose === 'deletion')).toEqual([]);
  });

  it('mark the words whose deletion changes nothing', async () => {
    const result = authored(
      await run(
        scripted(() => right, right),
        { limits },
      ),
    );
    expect(check(result, 'deletions')?.passed).toBe(false);
    expect(result.policies[0]?.uncovered).toContain('keep backups for 30 days');
  });
});

describe('what a person has said and no document states', () => {
  const plain = (facts: FactStates) => [{ dialect: 'plain', name: 'plain.json', text: JSON.stringify(facts) }];
  /** No document says what is not in production. */
  const render = (_: string, facts: FactStates) => {
    const { environment } = facts;
    return environment?.state === 'known' && environment.value !== 'production' ? [] : plain(facts);
  };

  it('is told, and is open where it answers a question', async () => {
    const someone = person();
    const result = authored(await run(byRole(right, scopeMoved), { render }, someone));
    expect(result.questions).toHaveLength(1);
    expect(check(result, 'stored')).toMatchObject({
      passed: false,
      says: expect.stringMatching(
        /^no document states it, so in no example: 1 answer \("SQL database: [^"]+"\), and \d+ resources? to judge \("/,
      ) as unknown,
    });
  });

  it('is told where it was only judged', async () => {
    const result = authored(await run(byRole(right, right), { render }));
    expect(check(result, 'stored')).toMatchObject({
      passed: true,
      says: expect.stringMatching(/^no document states it, so in no example: \d+ resources? to judge \("/) as unknown,
    });
    expect(check(authored(await run(byRole(right, right))), 'stored')?.says).toBe(
      'every resource that was asked about is in an example',
    );
  });
});

describe('a large catalogue', () => {
  const limits = { ...DEFAULT_LIMITS, paraphrases: 0, deletions: 0, catalogueCharacters: 100 };

  it('is preceded by a cheap selection of kinds', async () => {
    const model = modelOf(({ purpose }) =>
      purpose === 'select-kinds' ? { kinds: ['sql_database', 'spaceship'] } : right,
    );
    authored(await run(model, { limits }));
    const [first, then] = model.requests;
    expect([first?.role, first?.purpose]).toEqual(['explain', 'select-kinds']);
    expect(then?.system[0]).toContain('## kind sql_database');
    expect(then?.system[0]).not.toContain('## kind firewall');
  });

  it('refuses where no kind is selected, or none could be', async () => {
    const says = async (value: unknown) =>
      refused(
        await run(
          modelOf(() => value),
          { limits },
        ),
      ).code;
    expect(await says({ kinds: [] })).toBe('out_of_model');
    expect(await says({ kind: 1 })).toBe('not_understood');
    expect(await says(failed('timeout'))).toBe('model_unavailable');
  });
});

describe('clauses that are written already', () => {
  const yaml = `id: sql-database.kept\ntitle: Kept\nseverity: low\nkind: sql_database\nrequire:\n  - { id: kept, says: kept for a month, that: { fact: backup_retention_days, at_least: 30 } }\nframeworks: {}\nremediation: Keep them.\n`;
  const kept = goldOf(
    'sql_database',
    'require:\n  - { id: a, says: x, that: { fact: backup_retention_days, at_least: 30 } }',
  );
  const noModel = modelOf(() => {
    throw new Error('no model is asked');
  });

  it('take the same path without any model', async () => {
    const result = authored(await authorFromYaml(yaml, worldOf(noModel), personOf([kept])));
    expect(result.policies[0]).toMatchObject({ yaml, covers: [{ words: 'kept for a month', by: 'kept' }] });
    expect(result.judged.length).toBeGreaterThanOrEqual(6);
    expect(noModel.requests).toEqual([]);
    expect(authored(await authorFromYaml(yaml, worldOf(noModel))).judged).toEqual([]);
  });

  it('need not be mapped to frameworks', async () => {
    const bare = yaml.replace('frameworks: {}\n', '');
    const result = authored(await authorFromYaml(bare, worldOf(noModel), personOf([kept])));
    expect(result.policies[0]?.policy.frameworks).toEqual({});
    // What is stored says so, and is a policy.
    expect(parsePolicy(result.policies[0]?.yaml ?? '', { file: 'policy.yaml' }).frameworks).toEqual({});
  });

  it('are refused where they do not type, say nothing, or the person means something else', async () => {
    const code = async (text: string, someone = personOf([kept])) =>
      refused(await authorFromYaml(text, worldOf(noModel), someone)).code;
    expect(await code('id: [')).toBe('unusable');
    expect(await code(yaml.replace('backup_retention_days', 'backups'))).toBe('unusable');
    expect(await code(yaml.replace('at_least: 30', 'at_least: 0'))).toBe('vacuous');
    expect(await code(yaml.replace('at_least: 30', 'at_least: 31'))).toBe('misjudged');
  });
});

describe('a changed sentence', () => {
  const CHANGED = 'Production databases must never be reachable from the internet and keep backups for 35 days';
  const changed = policiesAnswer(
    draft({
      name: 'renamed',
      clauses: { 'not-public': notPublic, 'backups-kept': backups(35) },
      covers: { ...draft().covers, 'backups-kept': 'keep backups for 35 days' },
    }),
  );
  const changedGold = goldOf(
    'sql_database',
    `applies_when: { fact: environment, is: production }
require:
  - { id: a, says: x, that: { fact: public_endpoint, is: false } }
  - { id: b, says: x, that: { fact: backup_retention_days, at_least: 35 } }`,
  );

  it('gives up what another scope is allowed where the person says that it is not', async () => {
    const [policy] = authored(await run(byRole(right, right))).policies.map((p) => p.policy);
    if (policy === undefined) throw new Error('there is one');
    const before = {
      ...policy,
      severity: 'low' as const,
      require: policy.require.map((c) =>
        c.id === 'backups-kept'
          ? { ...c, that: { fact: 'backup_retention_days', at_least: { param: 'days' } } as const }
          : c,
      ),
      params: {
        days: {
          says: 'Days.',
          type: 'int' as const,
          default: 30,
          overrides: [{ when: { fact: 'cloud', is: 'aws' } as const, value: 1 }],
        },
      },
    };
    const why = '## Why\n\nIn AWS a day is enough.';
    const revise = (means: CorePolicy) =>
      reviseIntent([{ policy: before, why }], { text: CHANGED }, worldOf(byRole(changed, changed)), personOf([means]));
    const strict = authored(await revise(changedGold)).policies[0]?.policy;
    expect(strict).toMatchObject({ severity: 'low', params: { days: { default: 35 } } });
    expect(strict?.params?.['days']).not.toHaveProperty('overrides');
    const lax = goldOf(
      'sql_database',
      `applies_when: { fact: environment, is: production }
require:
  - { id: a, says: x, that: { fact: public_endpoint, is: false } }
  - { id: b, says: x, that: { any: [{ all: [{ fact: cloud, is: aws }, { fact: backup_retention_days, at_least: 1 }] }, { fact: backup_retention_days, at_least: 35 }] } }`,
    );
    expect(authored(await revise(lax)).policies[0]?.policy.params?.['days']).toHaveProperty('overrides');
  });

  it('keeps the id and shows what is judged otherwise, as resources', async () => {
    const first = authored(await run(byRole(right, right)));
    const previous = first.policies.map((p) => p.policy);
    const deps = worldOf(byRole(changed, changed), { active: [coreIn(first)] });
    const result = await reviseIntent(
      previous.map((policy) => ({ policy })),
      { text: CHANGED },
      deps,
      personOf([changedGold]),
    );
    if (result.is === 'refused') throw new Error(result.why);
    expect(result.policies[0]?.policy.id).toBe(previous[0]?.id);
    expect(result.differences).toMatchObject([
      { kind: 'sql_database', changes: [{ from: 'compliant', to: 'violation' }] },
    ]);
    expect(result.differences[0]?.changes[0]?.resource.says).toContain('backup retention days: 3');
  });
});
