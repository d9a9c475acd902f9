import { describe, expect, it } from 'vitest';
import { understand } from '../../../shared/authoring/answer.ts';
import { kinds } from '../../../shared/kinds/index.ts';
import { type DraftOf, otherAnswer, policiesAnswer } from '../../support/authoring.ts';

const SENTENCE = 'Stores are private';
const draft: DraftOf = {
  kind: 'object_store',
  clauses: { private: { fact: 'public_read', is: false } },
  covers: { kind: 'Stores', private: 'are private' },
};
const said = (value: unknown) => understand(value, SENTENCE, kinds);
const whyOf = (value: unknown): string => {
  const u = said(value);
  return u.is === 'wrong' ? u.why : `not wrong: ${u.is}`;
};
/** The answer with one thing changed in its policy. */
const changed = (change: object): unknown => {
  const answer = policiesAnswer(draft) as { policies: object[] };
  return { ...answer, policies: answer.policies.map((p) => ({ ...p, ...change })) };
};

describe('what a model answers', () => {
  it('becomes typed policies whose clauses say the words that they formalise', () => {
    const reading = said(policiesAnswer(draft));
    if (reading.is !== 'policies') throw new Error(reading.why);
    expect(reading.formals[0]?.policy).toMatchObject({
      id: 'object-store.as-drafted',
      require: [{ id: 'private', says: 'are private' }],
      frameworks: {},
    });
  });

  it('quotes the sentence whatever the case and the white space', () => {
    expect(said(policiesAnswer({ ...draft, covers: { private: 'ARE\n  private' } })).is).toBe('policies');
  });

  it('keeps a refusal to one line of text', () => {
    const long = otherAnswer('not_a_policy', { why: `a\n\u202eb ${'x'.repeat(1000)}` });
    const refusal = said(long);
    if (refusal.is !== 'refused') throw new Error(refusal.is);
    expect(refusal.why).toMatch(/^a b x+$/);
    expect(refusal.why.length).toBe(400);
  });

  it('says which clause only Rego can say, and drafts no policy of it', () => {
    const ruled = { ...draft, clauses: { private: { rego: ['public_read', 'owner'] } } };
    const needed = { ...(policiesAnswer(ruled) as object), outcome: 'needs_rego' };
    expect(said(needed)).toMatchObject({
      is: 'refused',
      code: 'needs_rego',
      drafts: [{ policy: { require: [{ id: 'private', that: { rego: ['owner', 'public_read'] } }] } }],
    });
    expect(whyOf(policiesAnswer(ruled))).toBe('the outcome is policies, and a clause is said by Rego');
    expect(whyOf({ ...(policiesAnswer(draft) as object), outcome: 'needs_rego' })).toContain(
      'no clause is said by Rego',
    );
    expect(whyOf(otherAnswer('needs_rego'))).toContain('there is none');
  });

  it.each<readonly [string, unknown, string]>([
    ['no answer', undefined, 'not of the schema'],
    ['a text', 'outcome: policies', 'not of the schema'],
    ['a key more', { ...(policiesAnswer(draft) as object), approved: true }, 'not of the schema'],
    ['an outcome that there is not', otherAnswer('approved'), 'not of the schema'],
    ['policies and a refusal', { ...(policiesAnswer(draft) as object), outcome: 'ambiguous' }, 'there are policies'],
    ['no policy', otherAnswer('policies'), 'there is none'],
    ['a kind that there is not', policiesAnswer({ ...draft, kind: 'spaceship' }), 'no kind "spaceship"'],
    ['two policies of a kind', policiesAnswer(draft, draft), 'two policies'],
    ['a cover of nothing', policiesAnswer({ ...draft, covers: { ...draft.covers, other: 'are' } }), 'no "other"'],
    ['words that are not there', policiesAnswer({ ...draft, covers: { private: 'must be' } }), 'does not stand'],
    ['empty words', policiesAnswer({ ...draft, covers: { private: ' ' } }), 'does not stand'],
    ['a condition that is no JSON', changed({ clauses: [{ id: 'private', that: '{fact' }] }), 'is not JSON'],
    [
      'a scope that is no JSON',
      changed({
        applies_when: 'always',
        covers: [
          { words: 'Stores', by: 'scope' },
          { words: 'are private', by: 'private' },
        ],
      }),
      'is not JSON',
    ],
    [
      'a fact that there is not',
      policiesAnswer({ ...draft, clauses: { private: { fact: 'secret', is: true } } }),
      'public_read',
    ],
    ['a name that is none', changed({ name: '../../etc' }), 'not object-store.<secure-state>'],
    [
      'a prototype',
      changed({ clauses: [{ id: 'private', that: '{"__proto__": {"fact": "public_read", "is": false}}' }] }),
      'a condition says one of',
    ],
    ['an empty title', changed({ title: ' ' }), 'the title is empty'],
    ['a remediation with an address', changed({ remediation: 'See www.example.com' }), 'has an address'],
    [
      'thirteen clauses',
      changed({ clauses: Array.from({ length: 13 }, (_, i) => ({ id: `c${i}`, that: '{}' })) }),
      'more than 12',
    ],
  ])('that is wrong is told so: %s', (_, value, why) => {
    expect(whyOf(value)).toContain(why);
  });
});
