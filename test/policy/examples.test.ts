/**
 * Every policy's native examples, end to end: read and mapped as `edict check` does, judged by the WASM that ships.
 *
 * - Every resource of the policy's kind in an example has the verdict of its folder, so that a part that does not find its
 *   owner shows as a resource too many.
 * - Every policy has a violation, a compliant and an unknown example for every dialect of every cloud that its kind is
 *   mapped from.
 *
 * What cannot be is said, with the reason, in `examples/exceptions.yaml` of the policy:
 *
 *     missing:
 *       - { cloud: aws, dialect: aws.cfn, verdict: unknown, because: … }   # leave out any of the three: all of them
 *     besides:
 *       - { file: compliant/terraform-log-target.json, resource: aws_s3_bucket.target, because: … }
 *     mutants:
 *       - { what: the value icmp more, where: no-admin-ports, because: … }   # no native document tells it from the policy
 *
 * `examples/not_applicable` is for policies with a scope, and only where it tells the policy from a misreading of it.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import * as z from 'zod';
import { shippedEngine } from '../../cli/bundle.ts';
import { LONGEST_FILE_BYTES } from '../../cli/input/documents.ts';
import { Inputs } from '../../cli/input/sets.ts';
import { CLOUDS } from '../../shared/model/cloud.ts';
import { DIALECTS } from '../../shared/model/native.ts';
import { DEFAULT_CONTEXT } from '../../shared/mappings/context.ts';
import { mainPart } from '../../shared/mappings/assemble.ts';
import { mappings } from '../../shared/mappings/registry.ts';
import { folderOf } from '../../shared/policy/bundle.ts';
import { type Example, examples } from '../support/examples.ts';

const NOW = Date.parse('2026-11-25T12:00:00Z') / 1000;
const VERDICTS = ['compliant', 'violation', 'unknown'] as const;
const POLICIES = join(import.meta.dirname, '..', '..', 'policies');

const reason = z.string().min(20);
const exceptionsSchema = z.strictObject({
  missing: z
    .array(
      z.strictObject({
        cloud: z.enum(CLOUDS).optional(),
        dialect: z.enum(DIALECTS).optional(),
        verdict: z.enum(VERDICTS).optional(),
        because: reason,
      }),
    )
    .default([]),
  // Of the mutation gate (shared/authoring/verify.ts).
  mutants: z.array(z.strictObject({ what: z.string(), where: z.string(), because: reason })).default([]),
  besides: z.array(z.strictObject({ file: z.string(), resource: z.string(), because: reason })).default([]),
});
type Exceptions = z.infer<typeof exceptionsSchema>;

function exceptionsOf(policy: string): Exceptions {
  const file = join(POLICIES, folderOf(policy), 'examples', 'exceptions.yaml');
  return exceptionsSchema.parse(existsSync(file) ? parse(readFileSync(file, 'utf8')) : {});
}

const engine = shippedEngine();
const all = examples();

interface Judged {
  readonly resource: string;
  readonly verdict: string;
  readonly cloud: string;
  readonly dialect: string;
  readonly why: string;
}

/** Every resource of the policy's kind in an example, judged by the policy. */
async function judge(policy: string, path: string): Promise<readonly Judged[]> {
  const bundled = engine.manifest.policies.find((p) => p.id === policy);
  if (bundled === undefined) throw new Error(`the bundle has no policy ${policy}: npm run gen`);
  const inputs = new Inputs({ context: DEFAULT_CONTEXT, read: {}, maxBytes: LONGEST_FILE_BYTES });
  const judged: Judged[] = [];
  for await (const resources of inputs.resources([path], () => {})) {
    for (const resource of resources) {
      if (resource.kind.id !== bundled.kind || resource.deleted) continue;
      const [verdict] = engine.judge(bundled.kind, resource.facts, NOW, { policies: [policy] });
      const [main] = resource.natives;
      const reads = bundled.reads.map((fact) => `${fact}: ${JSON.stringify(resource.facts[fact])}`);
      judged.push({
        resource: resource.id,
        verdict: verdict?.verdict ?? 'none',
        cloud: main?.cloud ?? '',
        dialect: main?.dialect ?? '',
        why: [verdict?.error ?? '', ...reads].filter((s) => s !== '').join('\n'),
      });
    }
  }
  if (inputs.problems.length > 0) throw new Error(inputs.problems.map((p) => `${p.reason}; ${p.action}`).join('\n'));
  return judged;
}

/** What is wrong with an example; empty if nothing is. */
function faults(judged: readonly Judged[], verdict: string, besides: readonly string[]): readonly string[] {
  const counted = judged.filter((j) => !besides.includes(j.resource));
  if (counted.length === 0) return ['it has no resource of the kind of the policy'];
  return counted.flatMap((j) => (j.verdict === verdict ? [] : [`${j.resource} is ${j.verdict}:\n${j.why}`]));
}

let ran = 0;

describe.each([...new Set(all.map((e) => e.policy))])('%s', (policy) => {
  const { besides } = exceptionsOf(policy);
  it.each(all.filter((e) => e.policy === policy).map((e): [string, Example] => [`${e.verdict}/${e.file}`, e]))(
    '%s',
    async (name, example) => {
      ran++;
      const judged = await judge(policy, example.path);
      const others = besides.filter((b) => b.file === name).map((b) => b.resource);
      expect(faults(judged, example.verdict, others)).toEqual([]);
      expect(others.filter((id) => !judged.some((j) => j.resource === id))).toEqual([]);
    },
  );
});

describe('the examples', () => {
  afterAll(() => {
    const counts = VERDICTS.map((v) => `${all.filter((e) => e.verdict === v).length} ${v}`).join(', ');
    console.log(`${ran} native examples of ${engine.manifest.policies.length} policies judged: ${counts}`);
  });

  it('are there', () => {
    expect(all.length).toBeGreaterThan(engine.manifest.policies.length);
    // A folder that is no policy of the bundle would be passed by.
    const ids = engine.manifest.policies.map((p) => p.id);
    expect(all.filter((e) => !ids.includes(e.policy)).map((e) => e.path)).toEqual([]);
  });

  it('are told apart by the test', async () => {
    const violation = all.find((e) => e.verdict === 'violation') as Example;
    const judged = await judge(violation.policy, violation.path);
    expect(faults(judged, 'compliant', [])).not.toEqual([]);
    expect(faults([], 'compliant', [])).not.toEqual([]);
  });

  it.each(engine.manifest.policies.map((p) => [p.id, p.kind] as const))(
    'of %s cover every dialect',
    async (policy, kind) => {
      const { missing } = exceptionsOf(policy);
      const covered = new Set<string>();
      for (const e of all.filter((x) => x.policy === policy)) {
        for (const j of await judge(policy, e.path)) covered.add(`${j.cloud} ${j.dialect} ${e.verdict}`);
      }
      const used = new Set<number>();
      const lacking: string[] = [];
      const sources = new Set(
        mappings
          .filter((m) => m.kind?.id === kind)
          .flatMap((m) => Object.keys(m.parts[mainPart(m)]?.native ?? {}).map((dialect) => `${m.cloud} ${dialect}`)),
      );
      for (const source of sources) {
        const [cloud, dialect] = source.split(' ');
        for (const verdict of VERDICTS) {
          if (covered.has(`${source} ${verdict}`)) continue;
          const excused = missing.findIndex(
            (m) =>
              (m.cloud ?? cloud) === cloud && (m.dialect ?? dialect) === dialect && (m.verdict ?? verdict) === verdict,
          );
          if (excused >= 0) used.add(excused);
          else lacking.push(`${cloud} ${dialect}: ${verdict}`);
        }
      }
      expect(lacking).toEqual([]);
      // An exception that excuses nothing is out of date.
      expect(missing.filter((_, i) => !used.has(i))).toEqual([]);
    },
  );
});
