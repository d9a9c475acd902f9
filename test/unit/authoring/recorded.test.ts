/** A session that is interrupted anywhere and resumed ends as if it had not been. */
import { expect, it } from 'vitest';
import { type LogLine, recorded, type SessionLog } from '../../../shared/adapters/anthropic/recorded.ts';
import { authorIntent } from '../../../shared/authoring/author.ts';
import type { Answer } from '../../../shared/authoring/intent.ts';
import { failed, modelOf, personOf, worldOf } from '../../support/authoring.ts';
import { gold, parting, SENTENCE } from '../../support/two-readings.ts';

class Interrupted extends Error {}

/** One sitting: what was said before, and after how many new sayings it is interrupted. */
async function sit(lines: readonly LogLine[], most = Number.POSITIVE_INFINITY) {
  const said: LogLine[] = [...lines];
  const log: SessionLog = {
    lines,
    append: (line) => {
      if (said.length - lines.length >= most) throw new Interrupted();
      said.push(JSON.parse(JSON.stringify(line)) as LogLine); // as a file gives it back
    },
  };
  const model = parting();
  const person = personOf([gold]);
  const judge = {
    answer: (q: Parameters<typeof person.answer>[0]): Promise<Answer> => person.answer(q),
    judge: async (r: Parameters<typeof person.judge>[0][number]): Promise<Answer> =>
      (await person.judge([r]))[0] ?? 'skip',
  };
  const session = recorded(model, judge, log);
  let result: unknown;
  try {
    result = await authorIntent({ text: SENTENCE }, worldOf(session.model), session.person);
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
  }
  return { result, said, model, person, replayed: session.replayed() };
}

it('ends the same wherever it is interrupted, and asks nobody twice', async () => {
  const whole = await sit([]);
  expect(whole.result).toMatchObject({ is: 'authored', questions: [{ answer: 'does_not_apply' }] });
  const total = whole.said.length;
  expect(total).toBeGreaterThan(9);
  for (let most = 0; most < total; most++) {
    const first = await sit([], most);
    expect(first.result).toBeUndefined();
    expect(first.said).toHaveLength(most);
    const second = await sit(first.said);
    expect(second.result).toEqual(whole.result);
    expect(second.said).toHaveLength(total);
    expect(second.replayed).toBe(most);
  }
});

it('does not keep what is not final: it is asked again', async () => {
  const lines: LogLine[] = [];
  const log: SessionLog = { lines: [], append: (line) => lines.push(line) };
  let n = 0;
  const outcomes = ['timeout', 'unavailable', 'denied', 'over_budget'] as const;
  const model = modelOf(() => failed(outcomes[n++] ?? 'refused'));
  const { model: over } = recorded(model, personOfNobody, log);
  const request = { role: 'author', purpose: 'x', system: [], prompt: [], schema: {}, maxTokens: 1 } as const;
  for (const is of [...outcomes, 'refused']) expect((await over.ask(request)).is).toBe(is);
  expect(lines).toMatchObject([{ by: 'model', says: { is: 'refused' } }]);
});

const personOfNobody = {
  answer: (): Promise<Answer> => Promise.resolve('skip'),
  judge: (): Promise<Answer> => Promise.resolve('skip'),
};
