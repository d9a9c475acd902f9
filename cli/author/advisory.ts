/** `edict author --advisory`: what an advisory could be answered with, and then the same way as any sentence. */
import { intentsFromAdvisory } from '../../shared/authoring/advisory.ts';
import { kinds } from '../../shared/kinds/index.ts';
import { Output, plain } from '../terminal.ts';
import { Dialogue, Left } from './dialogue.ts';
import { configuredModel, type ModelOptions } from './model.ts';
import { refusalLines, spentText } from './words.ts';

/**
 * Shows the sentences that are proposed; on a terminal the person chooses one, which is then authored. For a machine they
 * are the result: none of them is authored, because nobody has said that it is wanted. 1 where it is refused.
 */
export async function fromAdvisory(
  text: string,
  options: ModelOptions & { readonly yes?: true; readonly json?: true },
  author: (sentence: string) => Promise<number>,
): Promise<number> {
  const dialogue = options.yes === true ? undefined : new Dialogue();
  dialogue?.begin('edict author --advisory');
  dialogue?.spin('A model reads the advisory: as data, not as instructions');
  const model = await configuredModel(options);
  const approves =
    dialogue === undefined
      ? {}
      : {
          approves: async (c: { readonly intent: { readonly text: string }; readonly literals: readonly string[] }) =>
            (await dialogue.pick(
              `"${plain(c.intent.text)}" takes over ${c.literals.map((l) => `"${plain(l)}"`).join(', ') || 'an exception'} from the advisory. May it?`,
              [
                { value: 'no', label: 'No, leave it out' },
                { value: 'yes', label: 'Yes, I know what it stands for' },
              ],
            )) === 'yes',
        };
  try {
    const result = await intentsFromAdvisory(text, { model, kinds, ...approves });
    if (dialogue === undefined) {
      const output = new Output();
      if (options.json === true) output.line(JSON.stringify({ version: 1, ...result }, undefined, 2));
      else if (result.is === 'refused') for (const line of refusalLines(result)) output.line(line);
      else {
        output.line(result.candidates.length === 0 ? `Nothing to enforce: ${plain(result.why)}` : plain(result.why));
        for (const c of result.candidates) output.line(`  edict author ${JSON.stringify(plain(c.intent.text))}`);
      }
      output.flush();
      return result.is === 'refused' ? 1 : 0;
    }
    if (result.is === 'refused') {
      dialogue.show('No policy', refusalLines(result));
      dialogue.end(spentText(result.calls));
      return 1;
    }
    if (result.leftOut.length > 0)
      dialogue.show(
        'Left out',
        result.leftOut.map((l) => plain(l)),
      );
    if (result.candidates.length === 0) {
      const whose = result.calls.length === 0 ? '' : " (in the model's words)";
      dialogue.end(`Nothing to enforce${whose}: ${plain(result.why)}`);
      return 0;
    }
    dialogue.show(
      'Proposed, in the words of a model',
      [
        result.why,
        ...result.candidates.flatMap((c) => [`· ${c.intent.text}`, `    ${c.why} (${c.from.join(', ')})`]),
      ].map((l) => plain(l)),
    );
    const chosen = await dialogue.pick('Which of them shall become a policy?', [
      ...result.candidates.map((c, i) => ({ value: String(i), label: plain(c.intent.text, 100) })),
      { value: 'none', label: 'None' },
    ]);
    const candidate = result.candidates[Number(chosen)];
    if (candidate === undefined) {
      dialogue.end(spentText(result.calls));
      return 0;
    }
    return await author(candidate.intent.text);
  } catch (error) {
    if (!(error instanceof Left)) throw error;
    dialogue?.stop('Left. Nothing was kept.');
    return 130;
  }
}
