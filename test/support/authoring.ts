/** A language model that says what a test scripts, a person with a meaning in mind, and a world of facts to write in. */
import { type AuthorDeps, DEFAULT_LIMITS } from '../../shared/authoring/deps.ts';
import type { Answer, Person, Question, ShownResource } from '../../shared/authoring/intent.ts';
import { answerOf, judge } from '../../shared/authoring/resources.ts';
import type { Candidate, ExampleResource, Verification } from '../../shared/authoring/verify.ts';
import { kinds } from '../../shared/kinds/index.ts';
import type { FactStates } from '../../shared/model/fact.ts';
import { canonicalJson } from '../../shared/model/json.ts';
import type { Condition } from '../../shared/model/policy.ts';
import type { Verdict } from '../../shared/model/verdict.ts';
import { sha256 } from '../../shared/policy/bundle.ts';
import { parsePolicy } from '../../shared/policy/clauses.ts';
import { type CorePolicy, toCore } from '../../shared/policy/core.ts';
import type { LanguageModel, ModelAnswer, ModelRequest } from '../../shared/ports/language-model.ts';

export const NOW = 1_790_000_000;

/** What is not answered: `failed('timeout')`. */
export class Failed {
  readonly is: Exclude<ModelAnswer['is'], 'answered'>;
  constructor(is: Exclude<ModelAnswer['is'], 'answered'>) {
    this.is = is;
  }
}
export const failed = (is: Exclude<ModelAnswer['is'], 'answered'>): Failed => new Failed(is);

export interface ScriptedModel extends LanguageModel {
  readonly requests: ModelRequest[];
}
/** A model that answers by a function of the request; `n` counts the requests of its role and purpose from 0. */
export function modelOf(says: (request: ModelRequest, n: number) => unknown): ScriptedModel {
  const requests: ModelRequest[] = [];
  return {
    requests,
    async ask(request) {
      const n = requests.filter((r) => r.role === request.role && r.purpose === request.purpose).length;
      requests.push(request);
      const value = says(request, n);
      const call = {
        role: request.role,
        purpose: request.purpose,
        model: 'scripted',
        requestHash: sha256(canonicalJson(request)),
        usage: { inputTokens: 1, cachedTokens: 0, outputTokens: 1, cost: 0 },
        ms: 1,
      };
      return value instanceof Failed
        ? { is: value.is, why: 'as scripted', call: { ...call, outcome: value.is } }
        : { is: 'answered', value, call: { ...call, outcome: 'answered' } };
    },
  };
}

export interface DraftOf {
  readonly kind: string;
  readonly name?: string;
  readonly scope?: Condition | undefined;
  readonly clauses: { readonly [id: string]: Condition };
  readonly covers: { readonly [by: string]: string | readonly string[] };
  readonly params?: readonly unknown[];
  readonly title?: string;
}
/** An answer with policies, in the form of the schema. */
export const policiesAnswer = (...drafts: readonly DraftOf[]): unknown => ({
  outcome: 'policies',
  why: 'It says so.',
  policies: drafts.map((d) => ({
    kind: d.kind,
    name: d.name ?? 'as-drafted',
    title: d.title ?? 'As drafted',
    severity: 'high',
    applies_when: d.scope === undefined ? null : JSON.stringify(d.scope),
    clauses: Object.entries(d.clauses).map(([id, that]) => ({ id, that: JSON.stringify(that) })),
    params: d.params ?? [],
    covers: Object.entries(d.covers).flatMap(([by, words]) => [words].flat().map((w) => ({ words: w, by }))),
    remediation: 'Put it right.',
  })),
  missing: [],
  readings: [],
  left_out: [],
});
export const otherAnswer = (outcome: string, more: object = {}): unknown => ({
  outcome,
  why: 'Because.',
  policies: [],
  missing: [],
  readings: [],
  left_out: [],
  ...more,
});

/** The core of a gold policy in YAML of its clauses. */
export function goldOf(kind: string, body: string): CorePolicy {
  const yaml = `id: ${kind.replaceAll('_', '-')}.gold\ntitle: Gold\nseverity: high\nkind: ${kind}\n${body}\nframeworks: {}\nremediation: None.\n`;
  const policy = parsePolicy(yaml, { file: 'gold.yaml' });
  const of = kinds.find((k) => k.id === kind);
  if (of === undefined) throw new Error(`no kind ${kind}`);
  return toCore(policy, of);
}

export interface ScriptedPerson extends Person {
  readonly questions: Question[];
  readonly judged: ShownResource[];
}
/** A person who means the gold policies, and answers by them. `turn` may say otherwise. */
export function personOf(
  golds: readonly CorePolicy[],
  turn: (resource: ShownResource, answer: Answer, question?: Question) => Answer = (_, answer) => answer,
): ScriptedPerson {
  const questions: Question[] = [];
  const judged: ShownResource[] = [];
  const means = ({ kind, facts }: ShownResource): Answer => {
    const of = kinds.find((k) => k.id === kind);
    if (of === undefined) throw new Error(`no kind ${kind}`);
    return (
      answerOf(
        judge(
          golds.find((g) => g.kind === kind),
          of,
          facts,
          NOW,
        ),
      ) ?? 'skip'
    );
  };
  return {
    questions,
    judged,
    async answer(question) {
      questions.push(question);
      return turn(question.resource, means(question.resource), question);
    },
    async judge(resources) {
      judged.push(...resources);
      return resources.map((r) => turn(r, means(r)));
    },
  };
}

const accepted = (candidate: Candidate): Verification => ({
  policy: candidate.id,
  accepted: true,
  evidence: 'proved',
  gates: [],
  warnings: [],
});

/** A world in which a native document is its facts. `verified` collects what the gates were given. */
export function worldOf(
  model: LanguageModel,
  more: Partial<AuthorDeps> = {},
): AuthorDeps & { readonly verified: Candidate[] } {
  const verified: Candidate[] = [];
  return {
    model,
    kinds,
    active: [],
    now: NOW,
    limits: { ...DEFAULT_LIMITS, paraphrases: 0, deletions: 0 },
    verified,
    verify: (candidate) => {
      verified.push(candidate);
      return accepted(candidate);
    },
    render: (_, facts) => [{ dialect: 'plain', name: 'plain.json', text: JSON.stringify(facts) }],
    examplesOf: async (_, files) => ({
      examples: Object.entries(files).flatMap(([path, text]): ExampleResource[] => {
        const [folder, verdict, name] = path.split('/');
        if (folder !== 'examples') return [];
        return [
          {
            file: `${verdict}/${name}`,
            resource: path,
            verdict: verdict as Verdict,
            facts: JSON.parse(text) as FactStates,
          },
        ];
      }),
      problems: [],
    }),
    ...more,
  };
}
