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
/** A log that is elsewhere: what is appended is kept when that is fulfilled, and is not used before. */
export interface RemoteLog extends Pick<SessionLog, 'lines'> {
  append(line: LogLine): Promise<void>;
}

/** A person who is shown resources one by one, so that each judgement is kept. */
export interface Judge {
  answer(question: Question): Promise<Answer>;
  /** `n` of `of`, counted from 1. */
  judge(resource: ShownResource, n: number, of: number): Promise<Answer>;
  /** Told beforehand which resources are to be judged that the log does not answer. */
  shows?(resources: readonly ShownResource[]): void;
}

const FINAL: ReadonlySet<ModelAnswer['is']> = new Set(['answered', 'refused', 'truncated', 'malformed']);
/** Whether the log keeps it: asked again, the model would say the same, or something that is no better. */
export const isFinal = ({ is }: ModelAnswer): boolean => FINAL.has(is);

/** The model and the person, over a log. `replayed` counts what the log has answered. */
export function recorded(
  model: LanguageModel,
  judge: Judge,
  log: SessionLog | RemoteLog,
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
    await log.append({ by: 'person', key, says });
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
        if (isFinal(says)) await log.append({ by: 'model', key, says });
        return says;
      },
    },
    person: {
      answer: (question) => said(askedKey(question), () => judge.answer(question)),
      async judge(resources) {
        const open = resources.filter((r) => (before.get(`person ${askedKey(r)}`) ?? []).length === 0);
        if (open.length > 0) judge.shows?.(open);
        const answers: Answer[] = [];
        for (const [i, resource] of resources.entries())
          answers.push(await said(askedKey(resource), () => judge.judge(resource, i + 1, resources.length)));
        return answers;
      },
    },
  };
}

const keyOf = ({ by, key }: LogLine): string => `${by} ${key}`;
/** What a person's answer is known by: the hash of what was asked. */
export const askedKey = (asked: Question | ShownResource): string => sha256(canonicalJson(asked));
