import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Json } from '../../shared/model/json.ts';

const POLICIES = join(import.meta.dirname, '..', '..', 'policies');

/** A native example of a policy: its place, the verdict it must get, and its text. */
export interface Example {
  readonly policy: string;
  readonly verdict: 'compliant' | 'violation' | 'unknown' | 'not_applicable';
  /** `<dialect>-<case>.<ext>` */
  readonly file: string;
  readonly path: string;
  readonly text: string;
}

const folders = (path: string): readonly string[] =>
  readdirSync(path, { withFileTypes: true })
    .filter((e) => e.isDirectory())
    .map((e) => e.name)
    .sort();

/** Every native example below policies/. */
export function examples(): readonly Example[] {
  const found: Example[] = [];
  for (const kind of folders(POLICIES)) {
    for (const policy of folders(join(POLICIES, kind))) {
      for (const verdict of ['compliant', 'violation', 'unknown', 'not_applicable'] as const) {
        const folder = join(POLICIES, kind, policy, 'examples', verdict);
        if (!existsSync(folder)) continue;
        for (const file of readdirSync(folder).sort()) {
          const path = join(folder, file);
          found.push({ policy: `${kind}.${policy}`, verdict, file, path, text: readFileSync(path, 'utf8') });
        }
      }
    }
  }
  return found;
}

/** The examples that are JSON, parsed; each different document once. */
export function jsonExamples(): readonly { readonly file: string; readonly document: Json }[] {
  const byText = new Map(examples().flatMap((e) => (e.file.endsWith('.json') ? [[e.text, e] as const] : [])));
  return [...byText].map(([text, e]) => ({
    file: `${e.policy}/${e.verdict}/${e.file}`,
    document: JSON.parse(text) as Json,
  }));
}
