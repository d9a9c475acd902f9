/** The dialogue on a terminal: steps with progress, questions on concrete resources, and what came of it. */
import { cancel, intro, isCancel, log, note, outro, select, spinner } from '@clack/prompts';
import type { Judge } from '../../shared/adapters/anthropic/recorded.ts';
import type { Told } from '../../shared/authoring/deps.ts';
import type { Answer, Question, ShownResource } from '../../shared/authoring/intent.ts';
import { isLikewise, isSecondLook } from '../../shared/authoring/judging.ts';
import { plain, wrap } from '../terminal.ts';
import { documentLines, realLines, understoodLines } from './words.ts';

/** The person left the dialogue. What was said is kept. */
export class Left extends Error {}

const STEPS: { readonly [step in Extract<Told, { is: 'step' }>['step']]: string } = {
  formalise: 'Two models formalise the sentence, each by itself',
  paraphrase: 'The sentence in other words must mean the same',
  delete: 'Without its words it must mean something else',
  redraft: 'Your answer rules the draft out: both draft anew',
  rego: 'Two models write Rego for it, each by itself; every gate runs on it',
  judge: 'Resources that tell this meaning from its neighbours',
  prove: 'Examples are written, and the gates are run',
};
const ANSWER_WORDS: readonly { readonly value: Answer; readonly label: string; readonly hint?: string }[] = [
  { value: 'violation', label: 'A violation' },
  { value: 'fine', label: 'Fine', hint: 'the sentence is about it, and it complies' },
  { value: 'does_not_apply', label: 'The sentence is not about it' },
  { value: 'skip', label: 'I cannot say', hint: 'it depends on something that is not shown' },
];

const SECOND_LOOK =
  'You and the draft differ on this resource. A slip is no meaning, so you see it once more, and this time with what the draft says. If you stand by your word, the draft is given up. If you take it back, it is recorded as corrected after a second look.';
const LIKEWISE = 'You took it back. The like of it somewhere else, and what the draft says of it is not shown:';

const LONG_DOCUMENT_LINES = 400;

const width = (): number => Math.max(40, Math.min(process.stdout.columns ?? 100, 120) - 6);
const folded = (lines: readonly string[]): string =>
  lines
    .flatMap((l) => {
      const indent = /^ */.exec(l)?.[0] ?? '';
      return wrap(l.trimStart(), width() - indent.length).map((x) => indent + x);
    })
    .join('\n');

/** The dialogue. `spin` shows progress until the next thing is said. */
export class Dialogue implements Judge {
  #spinner: ReturnType<typeof spinner> | undefined;
  #judging = false;

  begin(title: string): void {
    intro(title);
  }

  spin(text: string): void {
    this.#still();
    this.#spinner = spinner();
    this.#spinner.start(text);
    this.#text = text;
  }
  #text = '';

  /** Ends the progress that is shown. */
  #still(): void {
    this.#spinner?.stop(this.#text);
    this.#spinner = undefined;
  }

  readonly tells = (told: Told): void => {
    if (told.is === 'step') return this.spin(STEPS[told.step]);
    this.show('What I understood', understoodLines(told.drafts, told.leftOut));
  };

  show(title: string, lines: readonly string[]): void {
    this.#still();
    note(folded(lines), title, { format: (line: string) => line });
  }

  /** A document that the person has asked for: nearly all of it. */
  document(title: string, text: string): void {
    this.#still();
    log.message([plain(title), ...documentLines(text, LONG_DOCUMENT_LINES)].join('\n'));
  }

  say(text: string): void {
    this.#still();
    log.message(folded([text]));
  }

  warn(text: string): void {
    this.#still();
    log.warn(folded([text]));
  }

  end(text: string): void {
    this.#still();
    outro(folded([text]).replaceAll('\n', '\n   '));
  }

  stop(text: string): void {
    this.#still();
    cancel(text);
  }

  async answer(question: Question): Promise<Answer> {
    this.#still();
    if (isSecondLook(question)) {
      this.show('A second look', [SECOND_LOOK]);
      return this.#choose(question.asks, question.resource);
    }
    if (question.readings.length < 2) return this.#choose(question.asks, question.resource);
    this.show(
      'Two readings part here',
      question.readings.map((r, i) => `${i + 1}. ${plain(r.english, 600)}`),
    );
    return this.#choose(question.asks, question.resource);
  }

  async judge(resource: ShownResource, n: number, of: number): Promise<Answer> {
    this.#still();
    if (isLikewise(resource)) {
      this.say(LIKEWISE);
      return this.#choose(plain(resource.says, 1000), resource);
    }
    if (!this.#judging) {
      this.#judging = true;
      this.say('Judge these by what you mean, not by what stands above: what the draft says of them is not shown.');
    }
    if (n === of) this.#judging = false;
    return this.#choose(`${n} of ${of}  ${plain(resource.says, 1000)}`, resource);
  }

  async #choose(asks: string, resource: ShownResource): Promise<Answer> {
    const { native } = resource;
    for (;;) {
      const given = await this.pick<Answer | 'show'>(folded([...realLines(resource), plain(asks, 2000)]), [
        ...ANSWER_WORDS,
        ...(native === undefined
          ? []
          : [{ value: 'show' as const, label: 'Show me the document', hint: native.dialect }]),
      ]);
      if (given !== 'show') return given;
      if (native !== undefined) log.message(documentLines(native.document).join('\n'));
    }
  }

  /** One of several. Throws `Left` when the person leaves. */
  async pick<T extends string>(
    message: string,
    options: readonly { readonly value: T; readonly label: string; readonly hint?: string }[],
  ): Promise<T> {
    this.#still();
    const given = await select<string>({ message, options: options.map((o) => ({ ...o })), showInstructions: false });
    if (isCancel(given)) throw new Left();
    const chosen = options.find((o) => o.value === given);
    if (chosen === undefined) throw new Left();
    return chosen.value;
  }
}
