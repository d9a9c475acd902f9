/**
 * A slip is not a meaning: what a person judges otherwise than the draft is shown once more, with both answers side by
 * side, before the draft is given up. Whoever stands by it is believed; whoever gives it up is shown the like once more,
 * blind: to have been told what the draft says is no reason to agree with it.
 */
import type { FactStates } from '../model/fact.ts';
import type { AuthorDeps } from './deps.ts';
import { type Answer, ANSWERS, type Person, type Question, type ShownResource } from './intent.ts';
import { answerOf, showResource } from './resources.ts';
import type { Row } from './rows.ts';

/** Who differs from the draft in more than this share of the resources has not slipped: the draft is wrong. */
const MOST_SLIPS = 1 / 4;
/** Two are a slip, however few resources there are. */
const FEW_SLIPS = 2;

/** An answer that is none is no answer. */
export const known = (answer: Answer | undefined): Answer =>
  answer !== undefined && ANSWERS.includes(answer) ? answer : 'skip';

/** In words, within a sentence. */
export const wordsOf = (answer: Answer): string => (answer === 'skip' ? 'cannot say' : answer.replaceAll('_', ' '));

/** Whether the person and the draft differ on the row. Who cannot say means that something matters which is not shown. */
export const differs = (row: Row, answer: Answer): boolean => answer !== answerOf(row.expected);

const AGAIN = 'again-';
/** What was judged otherwise than the draft is asked once more, and the person is told what the draft says. */
export const isSecondLook = ({ id }: Pick<Question, 'id'>): boolean => id.startsWith(AGAIN);
const LIKEWISE = '-likewise';
/** The like of what was looked at a second time: blind again. */
export const isLikewise = ({ id }: Pick<ShownResource, 'id'>): boolean => id.endsWith(LIKEWISE);

/** The answers, with those that differ from the draft asked once more. */
export async function lookAgain(
  rows: readonly Row[],
  shown: readonly ShownResource[],
  answers: readonly Answer[],
  person: Person,
  deps: Pick<AuthorDeps, 'render'>,
): Promise<readonly Answer[]> {
  const differing = rows.flatMap((row, i) => (differs(row, answers[i] ?? 'skip') ? [i] : []));
  if (differing.length > Math.max(FEW_SLIPS, rows.length * MOST_SLIPS)) return answers;
  const final = [...answers];
  for (const i of differing) {
    const [row, resource] = [rows[i], shown[i]];
    const drafted = row === undefined ? undefined : answerOf(row.expected);
    if (row === undefined || resource === undefined || drafted === undefined) continue;
    const said = answers[i] ?? 'skip';
    const own =
      said === 'skip'
        ? 'You could not say: does it depend on something that is not shown?'
        : `You said: ${wordsOf(said)}.`;
    const again = known(
      await person.answer({
        id: `${AGAIN}${i + 1}`,
        asks: `${resource.says}. ${own} The draft says: ${wordsOf(drafted)}, whatever else is true of it. Look again: what do you say?`,
        resource,
        readings: [
          { english: 'What you said.', answer: said },
          { english: 'What the draft says.', answer: drafted },
        ],
      }),
    );
    final[i] = again === drafted ? await likewise(row, resource, i, person, deps) : again;
  }
  return final;
}

/** What is said of the like, somewhere else. */
async function likewise(
  { kind, facts }: Row,
  { id }: ShownResource,
  i: number,
  person: Person,
  deps: Pick<AuthorDeps, 'render'>,
): Promise<Answer> {
  const place: FactStates = { account: { state: 'known', value: ACCOUNTS[i % ACCOUNTS.length] ?? '', at: '' } };
  const [answer] = await person.judge([showResource(`${id}${LIKEWISE}`, kind, { ...place, ...facts }, deps)]);
  return known(answer);
}
const ACCOUNTS = ['417203886120', '902113475566'];
