import type { AuthorDeps } from '../../authoring/deps.ts';
import { factsIn } from '../../authoring/renderers/render.ts';
import type { ExampleResource, GateName } from '../../authoring/verify.ts';
import { worldWith } from '../../authoring/world.ts';
import { AppError } from '../../model/errors.ts';
import { VERDICTS, type Verdict } from '../../model/verdict.ts';
import { parsePolicy } from '../../policy/clauses.ts';
import type { CorePolicy } from '../../policy/core.ts';
import type { PolicyTools } from '../../ports/policy-tools.ts';

/** The gates that need OPA or what it compiles: nothing in a Lambda can run them. */
export const GATES_ELSEWHERE = [
  'format',
  'check',
  'capabilities',
  'lint',
  'compile',
  'examples',
  'mutation',
  'metamorphic',
  'proof',
  'plain-opa',
] as const satisfies readonly GateName[];

const noTools = (): never => {
  throw new AppError('CONFIG_INVALID', 'OPA is not here: edict policies verify, where the tool chain is');
};
const tools: PolicyTools = {
  format: noTools,
  check: noTools,
  parse: noTools,
  capabilities: noTools,
  lint: noTools,
  compile: noTools,
  variants: noTools,
  plainOpa: noTools,
};

/**
 * All that authoring needs of the world but a model, where there is no tool chain: the gates that need none, and documents
 * that are read as `edict check` reads them. Of no inventory: whoever drafts does not read what there is.
 */
export const authoringWorld = (active: readonly CorePolicy[]): Omit<AuthorDeps, 'model' | 'tells'> => ({
  ...worldWith(active, { tools, clock: () => performance.now(), without: GATES_ELSEWHERE }),
  examplesOf: async (yaml, files) => {
    const { kind } = parsePolicy(yaml, { file: 'policy.yaml' });
    const problems: string[] = [];
    const examples = Object.entries(files).flatMap(([path, text]): readonly ExampleResource[] => {
      const [folder, verdict, name] = path.split('/');
      if (folder !== 'examples' || name === undefined || !isVerdict(verdict)) return [];
      const file = `${verdict}/${name}`;
      const found = (factsIn(kind, text) ?? []).map((facts) => ({ file, resource: name, verdict, facts }));
      if (found.length === 0) problems.push(`${file} has no resource of the kind ${kind}`);
      return found;
    });
    return { examples, problems };
  },
});

const isVerdict = (text: string | undefined): text is Verdict => VERDICTS.some((v) => v === text);
