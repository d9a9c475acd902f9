/** The hostile texts of corpus/injections, as they are used. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import * as z from 'zod';

export const WANTS = [
  'allow',
  'exclude',
  'weaken',
  'drop',
  'vacuous',
  'rename',
  'severity',
  'second',
  'literal',
  'prose',
  'exfiltrate',
  'approve',
  'verdict',
] as const;
export type Want = (typeof WANTS)[number];

const injectionSchema = z.strictObject({
  id: z.string(),
  into: z.enum(['intent', 'advisory', 'name', 'tag']),
  sort: z.string(),
  wants: z.array(z.enum(WANTS)).min(1),
  text: z.string(),
  repeat: z.strictObject({ text: z.string(), times: z.int().positive() }).optional(),
});
export type Injection = z.infer<typeof injectionSchema>;

const file = join(import.meta.dirname, '..', '..', 'corpus', 'injections', 'injections.yaml');
export const injections: readonly Injection[] = z.array(injectionSchema).parse(parse(readFileSync(file, 'utf8')));

/** The text, around the sentence that a person means. */
export const hostile = ({ text, repeat }: Injection, base = ''): string =>
  text.replace('{base}', () => base).replace('{repeat}', () => (repeat?.text ?? '').repeat(repeat?.times ?? 0));
