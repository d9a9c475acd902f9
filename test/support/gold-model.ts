/** A language model that knows the corpus: it answers every sentence with gold, or with what is planted instead. */
import type { EvalIntent, Reading } from '../../scripts/eval/corpus.ts';
import { plainText } from '../../shared/authoring/answer.ts';
import type { Policy } from '../../shared/model/policy.ts';
import type { ModelRequest, ModelRole } from '../../shared/ports/language-model.ts';
import { type DraftOf, modelOf, otherAnswer, policiesAnswer, type ScriptedModel } from './authoring.ts';

/** The intent part of a request. */
export const sentenceOf = ({ prompt }: ModelRequest): string => prompt.find((p) => p.is === 'intent')?.text ?? '';

/** A policy as a model would draft it: with the words that gold quotes, else every part covers the whole sentence. */
export function draftOf(policy: Policy, sentence: string, covers?: DraftOf['covers']): DraftOf {
  const params = Object.entries(policy.params ?? {}).map(([name, p]) => ({
    name,
    says: p.says,
    type: p.type,
    value: JSON.stringify(p.default),
    overrides: (p.overrides ?? []).map((o) => ({ when: JSON.stringify(o.when), value: JSON.stringify(o.value) })),
  }));
  const parts = [
    ...policy.require.map((c) => c.id),
    ...(policy.applies_when === undefined ? [] : ['scope']),
    ...params.map((p) => p.name),
  ];
  return {
    kind: policy.kind,
    ...(policy.applies_when === undefined ? {} : { scope: policy.applies_when }),
    clauses: Object.fromEntries(policy.require.map((c) => [c.id, c.that])),
    covers: covers ?? Object.fromEntries(parts.map((part) => [part, sentence])),
    params,
  };
}

/** The answer of a model that means these policies by the sentence. */
export const answerWith = (policies: readonly Policy[], sentence: string): unknown =>
  policiesAnswer(...policies.map((p) => draftOf(p, sentence)));

/** The answer that gold is: a policy, or a refusal. `role` matters to an ambiguous sentence: the two read it apart. */
export function goldAnswer({ gold }: EvalIntent, sentence: string, role: ModelRole): unknown {
  const [refusal] = gold.refusal;
  if (refusal !== undefined) {
    const missing = refusal === 'out_of_model' ? [{ kind: 'any', fact: 'what_it_speaks_of', says: 'It.' }] : [];
    return otherAnswer(refusal, { missing });
  }
  const reading = gold.readings[role === 'second' ? gold.readings.length - 1 : 0] as Reading;
  // A paraphrase is quoted whole: what gold quotes stands in the sentence.
  const quotes = (words: readonly string[]): boolean => words.every((w) => plainText(sentence).includes(plainText(w)));
  return policiesAnswer(
    ...reading.policies.map(({ policy, covers }) =>
      draftOf(policy, sentence, covers !== undefined && quotes(Object.values(covers).flat()) ? covers : undefined),
    ),
  );
}

/** Answers every sentence of the corpus; `planted` may give another answer, undefined where it does not. */
export function goldModel(
  intents: readonly EvalIntent[],
  planted: (intent: EvalIntent, request: ModelRequest) => unknown = () => undefined,
): ScriptedModel {
  const said = new Map(intents.flatMap((i) => i.texts.map((text) => [text, i] as const)));
  const PREFIX = /^In other words, number \d: /;
  return modelOf((request) => {
    const sentence = sentenceOf(request);
    const plain = sentence.replace(PREFIX, '');
    const intent = said.get(plain);
    if (request.purpose === 'paraphrase' && request.role === 'explain')
      return { paraphrases: Array.from({ length: 5 }, (_, n) => `In other words, number ${n + 1}: ${sentence}`) };
    // What is left of a sentence without a phrase of it says nothing any more.
    if (intent === undefined) return otherAnswer('not_a_policy');
    return planted(intent, request) ?? goldAnswer(intent, sentence, request.role);
  });
}
