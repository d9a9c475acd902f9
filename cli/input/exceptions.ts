/** The exceptions that `edict check --exceptions` goes by. */
import { readFileSync } from 'node:fs';
import { AppError } from '../../shared/model/errors.ts';
import { type Exception, parseExceptionsFile } from '../../shared/model/exception.ts';
import { exceptionTo, heldOf, type JudgedResource } from '../../shared/pipeline/exceptions.ts';
import type { BundledPolicy } from '../../shared/policy/bundle.ts';
import type { ReportedException } from '../report/results.ts';

export interface KnownExceptions {
  /** By policy: the exceptions that hold for a judged resource at `now` (epoch seconds). */
  of(
    judged: JudgedResource,
    policies: ReadonlyMap<string, BundledPolicy>,
    now: number,
  ): ReadonlyMap<string, ReportedException>;
}

const NONE: ReadonlyMap<string, ReportedException> = new Map();

/** The exceptions of a file that was exported. Throws `INPUT_INVALID`: what cannot be read permits nothing. */
export function readExceptions(path: string): KnownExceptions {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new AppError('INPUT_INVALID', `--exceptions: ${path} cannot be read; check the path`, { cause });
  }
  return knownExceptions(parseExceptionsFile(text, `--exceptions: ${path}`).exceptions);
}

/** The same judgement as the service's, of exceptions that are at hand. */
export function knownExceptions(exceptions: readonly Exception[]): KnownExceptions {
  const byResource = new Map<string, Exception[]>();
  for (const exception of exceptions)
    for (const { resource } of exception.covers) {
      const of = byResource.get(resource);
      if (of === undefined) byResource.set(resource, [exception]);
      else of.push(exception);
    }
  return {
    of(judged, policies, now) {
      const concerning = byResource.get(judged.resource);
      if (concerning === undefined) return NONE;
      return new Map(
        judged.verdicts.flatMap((verdict) => {
          const policy = policies.get(verdict.policy);
          if (policy === undefined) return [];
          const { exception } = exceptionTo(policy, verdict, judged, concerning, now);
          if (exception === undefined) return [];
          const { reason, ticket } = exception;
          return [[policy.id, { ...heldOf(exception, policy), reason, ticket }] as const];
        }),
      );
    },
  };
}
