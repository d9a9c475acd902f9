/** `edict author explain`: a policy in words that follow from its clauses; a model's prose only beside them, and marked. */
import * as z from 'zod';
import { readPolicyFolder } from '../../shared/adapters/files/policy-folder.ts';
import { kinds } from '../../shared/kinds/index.ts';
import { toEnglish } from '../../shared/policy/to-english.ts';
import type { ModelRequest } from '../../shared/ports/language-model.ts';
import { Output, plain, style, wrap } from '../terminal.ts';
import { policyFolders } from '../verify/candidates.ts';
import { configuredModel, type ModelOptions } from './model.ts';
import { kindOf } from './words.ts';

export interface ExplainOptions extends ModelOptions {
  readonly json?: true;
  readonly prose?: true;
}
const ProseSchema = z.strictObject({ prose: z.string() });
const { $schema: _, ...PROSE_SCHEMA } = z.toJSONSchema(ProseSchema);
const LONGEST_PROSE = 1500;

const request = (policy: string): ModelRequest => ({
  role: 'explain',
  purpose: 'explain',
  system: [
    'You explain a rule about cloud resources to someone who operates them: what it asks for, why that matters, what commonly breaks it. Three to six plain sentences, no markup. Add no condition that the rule does not have.',
  ],
  prompt: [
    { is: 'instructions', text: 'Explain the rule.' },
    { is: 'untrusted', label: 'rule', text: policy },
  ],
  schema: PROSE_SCHEMA,
  maxTokens: 2000,
});

/** Explains policies by id or folder. */
export async function explain(name: string, options: ExplainOptions): Promise<number> {
  const output = new Output();
  const paint = style(process.stdout);
  const results: unknown[] = [];
  for (const folder of policyFolders([name])) {
    const { compiled } = readPolicyFolder(folder, kinds);
    const { policy } = compiled;
    const english = toEnglish(policy, kindOf(policy.kind));
    const said = JSON.stringify({ title: policy.title, english, remediation: policy.remediation });
    const prose = options.prose === true ? await proseOf(said, options) : undefined;
    results.push({ policy: policy.id, title: policy.title, english, ...(prose === undefined ? {} : { prose }) });
    if (options.json === true) continue;
    output.line(`${paint('bold', policy.id)}  ${policy.severity}`);
    output.line(policy.title);
    output.line();
    const says = new Map(policy.require.map((c) => [c.id, c.says]));
    output.line(`It speaks of: ${kindOf(policy.kind).title}.`);
    const paragraph = (text: string, indent: string): void => {
      for (const l of wrap(plain(text, 4000), 100)) output.line(indent + l);
    };
    if (english.scope !== undefined) paragraph(english.scope, '');
    for (const [i, [id, text]] of Object.entries(english.clauses).entries()) {
      output.line(`${i + 1}. ${plain(says.get(id) ?? id)}`);
      paragraph(text, '   ');
    }
    for (const text of english.params) paragraph(text, '   ');
    if (prose === undefined) continue;
    output.line();
    output.line(paint('yellow', 'In the words of a model, which nothing has checked:'));
    paragraph(prose.text ?? `(none: ${prose.why})`, '  ');
  }
  if (options.json === true) output.line(JSON.stringify({ version: 1, policies: results }, undefined, 2));
  output.flush();
  return 0;
}

async function proseOf(
  policy: string,
  options: ExplainOptions,
): Promise<{ readonly text?: string; readonly why?: string; readonly model: string }> {
  const answer = await (await configuredModel(options)).ask(request(policy));
  const { model } = answer.call;
  if (answer.is !== 'answered') return { why: answer.why, model };
  const parsed = ProseSchema.safeParse(answer.value);
  return parsed.success
    ? { text: parsed.data.prose.slice(0, LONGEST_PROSE), model }
    : { why: 'not of the schema', model };
}
