/**
 * A session that survives: whatever the model and the person say is written to a log, and asked again the log answers.
 * Authoring is deterministic, so replaying what was said leads to where it was interrupted. What is not final (no
 * connection, too slow, no key, out of budget) is not written: it is asked again.
 */
import { canonicalJson } from '../../model/json.ts';
import type { Answer, Person, Question, ShownResource } from '../../authoring/intent.ts';
import { sha256 } from '../../policy/bundle.ts';
import type { LanguageModel, ModelAnswer } from '../../ports/language-model.ts';
import { requestHash } from './request-hash.ts';

/** One thing that was said. `key` is the hash of what was asked; asked n times, there are n lines. */
export type LogLine =
  | { readonly by: 'model'; readonly key: string; readonly says: ModelAnswer }
  | { readonly by: 'person'; readonly key: string; readonly says: Answer };

export interface SessionLog {
  /** What was said before, oldest first. */
  readonly lines: readonly LogLine[];
  /** On disk when it returns. */
  append(line: LogLine): void;
}

/** A person who is shown resources one by one, so that each judgement is kept. */
export interface Judge {
  answer(question: Question): Promise<Answer>;
  /** `n` of `of`, counted from 1. */
  judge(resource: ShownResource, n: number, of: number): Promise<Answer>;
}

const FINAL: ReadonlySet<ModelAnswer['is']> = new Set(['answered', 'refused', 'truncated', 'malformed']);

/** The model and the person, over a log. `replayed` counts what the log has answered. */
export function recorded(
  model: LanguageModel,
  judge: Judge,
  log: SessionLog,
): { readonly model: LanguageModel; readonly person: Person; readonly replayed: () => number } {
  const before = new Map<string, LogLine[]>();
  for (const line of log.lines) before.set(keyOf(line), [...(before.get(keyOf(line)) ?? []), line]);
  let replayed = 0;
  const next = (by: LogLine['by'], key: string): LogLine | undefined => {
    const line = before.get(`${by} ${key}`)?.shift();
    if (line !== undefined) replayed++;
    return line;
  };
  const said = async (key: string, ask: () => Promise<Answer>): Promise<Answer> => {
    const line = next('person', key);
    if (line?.by === 'person') return line.says;
    const says = await ask();
    log.append({ by: 'person', key, says });
    return says;
  };
  return {
    replayed: () => replayed,
    model: {
      async ask(request) {
        const key = requestHash(request);
        const line = next('model', key);
        if (line?.by === 'model') return line.says;
        const says = await model.ask(request);
        if (FINAL.has(says.is)) log.append({ by: 'model', key, says });
        return says;
      },
    },
    person: {
      answer: (question) => said(hashOf(question), () => judge.answer(question)),
      async judge(resources) {
        const answers: Answer[] = [];
        for (const [i, resource] of resources.entries())
          answers.push(await said(hashOf(resource), () => judge.judge(resource, i + 1, resources.length)));
        return answers;
      },
    },
  };
}

const keyOf = ({ by, key }: LogLine): string => `${by} ${key}`;
const hashOf = (asked: Question | ShownResource): string => sha256(canonicalJson(asked));
