/** `edict policies`: what is judged. */
import { AppError } from '../../shared/model/errors.ts';
import { SEVERITIES } from '../../shared/model/verdict.ts';
import { readManifest } from '../bundle.ts';
import { Output, style, wrap } from '../terminal.ts';

export interface PoliciesOptions {
  readonly format: 'table' | 'json';
}

/** Lists the policies of the bundle, worst first within a kind. */
export function listPolicies(options: PoliciesOptions): number {
  const output = new Output();
  const paint = style(process.stdout);
  const policies = readManifest().policies.toSorted(
    (a, b) =>
      (a.kind < b.kind ? -1 : a.kind > b.kind ? 1 : 0) ||
      SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) ||
      (a.id < b.id ? -1 : 1),
  );
  if (options.format === 'json') {
    const rows = policies.map(({ id, kind, severity, title, evidence }) => ({ id, kind, severity, title, evidence }));
    output.line(JSON.stringify({ version: 1, policies: rows }, undefined, 2));
  } else {
    const widest = Math.max(...policies.map((p) => p.id.length));
    for (const p of policies) output.line(`${p.id.padEnd(widest)}  ${paint('bold', p.severity.padEnd(8))}  ${p.title}`);
  }
  output.flush();
  return 0;
}

/** Shows one policy: its clauses in words and in English, its frameworks, what to do. */
export function showPolicy(id: string, options: PoliciesOptions): number {
  const policy = readManifest().policies.find((p) => p.id === id);
  if (policy === undefined)
    throw new AppError('INPUT_INVALID', `there is no policy "${id}"; "edict policies" lists them`);
  const output = new Output();
  const paint = style(process.stdout);
  if (options.format === 'json') output.line(JSON.stringify({ version: 1, policy }, undefined, 2));
  else {
    const block = (label: string, text: string): void => {
      const lines = wrap(text, 100);
      output.line(`  ${paint('dim', label.padEnd(12))}${lines[0] ?? ''}`);
      for (const more of lines.slice(1)) output.line(`  ${' '.repeat(12)}${more}`);
    };
    output.line(`${paint('bold', policy.id)}  ${policy.severity}`);
    output.line(policy.title);
    output.line();
    block('kind', policy.kind);
    block('applies', policy.scope === undefined ? 'always' : policy.scope.english);
    for (const clause of policy.clauses) {
      block('requires', clause.says);
      block('', paint('dim', clause.english));
    }
    block('reads', policy.reads.join(', '));
    for (const [framework, ids] of Object.entries(policy.frameworks)) block(framework, ids.join(', '));
    block('evidence', policy.evidence);
    block('fix', policy.remediation);
  }
  output.flush();
  return 0;
}
