import { Ajv } from 'ajv';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import schema from '../../shared/model/exception-expiring.v1.schema.json' with { type: 'json' };
import { MAX_COVERED, REMINDER_DAYS } from '../../shared/model/exception.ts';
import { findingId } from '../../shared/model/finding.ts';
import { approveException, dueOf, expiringEvent, requestException } from '../../shared/pipeline/exceptions.ts';
import { ann, ben, policyNamed } from '../support/exceptions.ts';
import { NOON } from '../support/world.ts';

const validate = new Ajv({ strict: true, allErrors: true }).compile(schema);
const problems = (detail: unknown): unknown => (validate(detail) ? [] : validate.errors);

const policy = policyNamed('not-public');
const DAY_MS = 86_400_000;
/** The reminders of an exception over so many resources, which lasts so long. */
function remindersOf({ covered = 1, days = 30, said = 'x' }): readonly ReturnType<typeof expiringEvent>[] {
  const wish = requestException(
    {
      policy,
      scope: { is: 'selector', selector: { cloud: 'aws' }, cap: MAX_COVERED },
      covers: Array.from({ length: covered }, (_, i) => ({
        finding: findingId(policy.id, `r${i}`),
        resource: `r${i}`,
        decided: '0123456789abcdef',
      })),
      reason: said,
      ticket: said,
      owner: said,
      requestedBy: ann,
      expiresAt: new Date(NOON + days * DAY_MS).toISOString(),
    },
    NOON,
  );
  const exception = approveException(wish, ben, NOON);
  return dueOf(exception).flatMap((due) => (due.days === 0 ? [] : [expiringEvent(exception, due)]));
}

describe('ExceptionExpiring.v1', () => {
  it('is as its schema says, whatever is permitted and for how long', () => {
    let events = 0;
    const wishes = fc.record({
      covered: fc.integer({ min: 1, max: MAX_COVERED }),
      days: fc.integer({ min: 1, max: 90 }),
      said: fc.stringMatching(/^[a-z](?:[ -~]{0,80}[a-z])?$/),
    });
    fc.assert(
      fc.property(wishes, (wish) => {
        for (const { detail } of remindersOf(wish)) {
          expect(problems(detail)).toEqual([]);
          expect(detail.edict.findings).toBe(wish.covered);
          events += 1;
        }
      }),
    );
    expect(events).toBeGreaterThan(100);
  });

  it('comes as many days before the end as its schema knows, and covers no more', () => {
    const { days, findings } = schema.properties.edict.properties;
    expect(remindersOf({}).map((event) => event.detail.edict.days)).toEqual(days.enum);
    expect(days.enum).toEqual(REMINDER_DAYS);
    expect(findings.maximum).toBe(MAX_COVERED);
  });

  it('is refused where it is not one', () => {
    const [event] = remindersOf({});
    if (event === undefined) throw new Error('no event');
    const { edict } = event.detail;
    const { owner: _owner, ...without } = edict;
    expect(problems({ edict })).toEqual([]);
    for (const wrong of [
      without,
      { ...edict, version: 2 },
      { ...edict, surprise: true },
      { ...edict, exceptionId: 'exc-1' },
      { ...edict, days: 0 },
      { ...edict, expiresAt: '2026-11-25' },
      { ...edict, findings: 0 },
      { ...edict, resources: [] },
    ])
      expect(validate({ edict: wrong })).toBe(false);
  });
});
