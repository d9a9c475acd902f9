/** Asking, deciding, releasing: no version is released that enough other people did not approve as it is. */
import { describe, expect, it } from 'vitest';
import { makeMemoryApprovals } from '../../../shared/adapters/memory/approvals.ts';
import { makeMemoryPolicyStore } from '../../../shared/adapters/memory/policy-store.ts';
import { makeMemoryClock } from '../../../shared/adapters/memory/services.ts';
import { DEFAULT_CONTEXT } from '../../../shared/mappings/context.ts';
import { approvalState, approversOf, type Identity, principalOf } from '../../../shared/model/approval.ts';
import { approve, reject, releaseApproved, requestApproval, unapprovedIn } from '../../../shared/pipeline/approval.ts';
import { release } from '../../../shared/pipeline/release.ts';
import type { Bundle, BundledPolicy } from '../../../shared/policy/bundle.ts';
import type { ApprovalStore } from '../../../shared/ports/approvals.ts';
import { policyVersion } from '../../support/approvals.ts';
import { bundle, NOON } from '../../support/world.ts';

const said = (who: string): Identity => ({ who, established: 'declared' });
const aws = (who: string): Identity => ({ who, established: 'sts' });
const [ann, ben, cy] = [said('Ann'), said('ben'), said('cy')];
const current = policyVersion('store.versioned');
const tested = policyVersion('store.versioned', '', { evidence: 'tested' });

function setUp(approvals: ApprovalStore = makeMemoryApprovals('here')) {
  const clock = makeMemoryClock(NOON);
  return { approvals, clock, deps: { approvals, clock } };
}
/** The message of a refusal. */
const refusal = async (work: Promise<unknown>): Promise<string> => {
  const error = await work.then(
    () => new Error('it was not refused'),
    (e: unknown) => e,
  );
  expect(error).toMatchObject({ code: 'AUTHORING_REJECTED', retryable: false });
  return (error as Error).message;
};

describe('who somebody is', () => {
  it.each([
    [said('Ann@Example.com'), said(' ann@example.COM '), true],
    [said('Ann  Lee'), said('ann lee'), true],
    [said('ｂｅｎ'), said('ben'), true],
    [said('ann'), said('ben'), false],
    [aws('arn:aws:iam::111122223333:user/Ann'), aws('arn:aws:iam::111122223333:user/ann'), true],
    [aws('arn:aws:iam::111122223333:user/ann'), aws('arn:aws:iam::444455556666:user/ann'), false],
    // Whoever assumes a role names the session as they like.
    [
      aws('arn:aws:sts::111122223333:assumed-role/Admin/ann'),
      aws('arn:aws:sts::111122223333:assumed-role/Admin/ben'),
      true,
    ],
    [
      aws('arn:aws:sts::111122223333:assumed-role/Admin/ann'),
      aws('arn:aws:sts::111122223333:assumed-role/Audit/ann'),
      false,
    ],
    [aws('arn:aws:sts::111122223333:federated-user/ann'), aws('arn:aws:sts::111122223333:federated-user/ben'), true],
    // IAM Identity Center names it after the user.
    [
      aws('arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_1a2b/ann@example.com'),
      aws('arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_1a2b/ben@example.com'),
      false,
    ],
    [
      aws('arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_1a2b/ann@example.com'),
      aws('arn:aws:sts::444455556666:assumed-role/AWSReservedSSO_Audit_3c4d/Ann@example.com'),
      true,
    ],
  ])('%j and %j are one: %s', (a, b, same) => {
    expect(principalOf(a) === principalOf(b)).toBe(same);
  });
});

describe('asking for approval', () => {
  it('is noted once, whoever repeats it', async () => {
    const { deps, clock } = setUp();
    const asked = await requestApproval(deps, current, ann);
    clock.advance(1000);
    expect(await requestApproval(deps, current, said('ANN'))).toEqual(asked);
    expect(asked).toMatchObject({ author: ann, requestedAt: '2026-11-25T12:00:00.000Z', decisions: [] });
    expect(approvalState(asked)).toBe('requested');
    expect(await refusal(requestApproval(deps, current, ben))).toMatch(/Ann \(declared\) asked .* already/);
    await expect(requestApproval(deps, current, said('  '))).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  });

  it('of two at once one is the author, and the other is told', async () => {
    const { deps } = setUp();
    const both = await Promise.allSettled([ann, ben].map((by) => requestApproval(deps, current, by)));
    expect(both.map((r) => r.status).sort()).toEqual(['fulfilled', 'rejected']);
  });
});

describe('approving', () => {
  it('takes one other person for what is proved, and two different ones for what is only tested', async () => {
    const { deps } = setUp();
    await requestApproval(deps, current, ann);
    const approved = await approve(deps, { current, by: ben, because: 'looked at all examples' });
    expect(approvalState(approved)).toBe('approved');
    expect(approved.decisions).toEqual([
      { is: 'approved', by: ben, at: '2026-11-25T12:00:00.000Z', because: 'looked at all examples' },
    ]);
    await requestApproval(deps, tested, ann);
    expect(approvalState(await approve(deps, { current: tested, by: ben }))).toBe('requested');
    expect(approvalState(await approve(deps, { current: tested, by: said('BEN') }))).toBe('requested');
    expect(approvalState(await approve(deps, { current: tested, by: cy }))).toBe('approved');
  });

  it('is not for the author, in whatever letters', async () => {
    const { deps, approvals } = setUp();
    await requestApproval(deps, current, ann);
    for (const by of [ann, said('ANN'), said(' ａｎｎ ')])
      expect(await refusal(approve(deps, { current, by }))).toMatch(/another person has to/);
    expect((await approvals.list())[0]?.decisions).toEqual([]);
  });

  it('is not for one whom nothing tells from the author', async () => {
    const { deps } = setUp();
    await requestApproval(deps, current, ann);
    expect(await refusal(approve(deps, { current, by: aws('arn:aws:iam::111122223333:user/ann') }))).toMatch(
      /nothing tells the two apart/,
    );
  });

  it('of a version that is not there any more says what has changed since', async () => {
    const { deps, approvals } = setUp();
    await requestApproval(deps, current, ann);
    const changed = policyVersion('store.versioned', '', {
      parts: { clauses: 'c'.repeat(64), rego: 'd'.repeat(64) },
    });
    // The folder was changed after somebody asked.
    expect(await refusal(approve(deps, { current: changed, by: ben }))).toMatch(
      /has changed since Ann .*: clauses, rego/,
    );
    // It was changed after the approver looked, and asked for again.
    await requestApproval(deps, changed, ann);
    expect(await refusal(approve(deps, { current: changed, hash: current.hash.slice(0, 12), by: ben }))).toMatch(
      /is not version .* since then have changed: clauses, rego\. Nothing was decided/,
    );
    expect((await approvals.list()).flatMap((a) => a.decisions)).toEqual([]);
    expect(approvalState(await approve(deps, { current: changed, hash: changed.hash.slice(0, 12), by: ben }))).toBe(
      'approved',
    );
    // A few characters are no version.
    expect(await refusal(reject(deps, { current: changed, hash: changed.hash.slice(0, 4), by: ben }))).toMatch(
      /is not version/,
    );
  });

  it('of what nobody asked for says how to ask', async () => {
    const { deps } = setUp();
    expect(await refusal(approve(deps, { current, by: ben }))).toMatch(
      /nobody asked in here .* edict policies request store\.versioned --as/,
    );
  });

  it('of two at once one wins, and the other is told that it is approved, and by whom', async () => {
    const { deps, approvals } = setUp();
    await requestApproval(deps, current, ann);
    const both = await Promise.allSettled([ben, cy].map((by) => approve(deps, { current, by })));
    expect(both.map((r) => r.status).sort()).toEqual(['fulfilled', 'rejected']);
    const loser = both.find((r) => r.status === 'rejected')?.reason as Error;
    const [record] = await approvals.list();
    expect(record?.decisions).toHaveLength(1);
    expect(loser.message).toContain(`approved already: approved by ${record?.decisions[0]?.by.who ?? '?'}`);
    // Where both are needed, both are counted.
    await requestApproval(deps, tested, ann);
    await Promise.all([ben, cy].map((by) => approve(deps, { current: tested, by })));
    expect((await approvals.list()).map(approvalState)).toEqual(['approved', 'approved']);
  });

  it('is taken back by a rejection, for good', async () => {
    const { deps } = setUp();
    await requestApproval(deps, current, ann);
    await approve(deps, { current, by: ben });
    expect(approvalState(await reject(deps, { current, by: ann, because: 'it is too broad' }))).toBe('rejected');
    for (const again of [
      approve(deps, { current, by: cy }),
      requestApproval(deps, current, ann),
      reject(deps, { current, by: cy }),
    ])
      expect(await refusal(again)).toMatch(/was rejected: .*rejected by Ann \(declared\) .* \(it is too broad\)/);
  });

  it('counts nobody whom a record names against the rules', async () => {
    const version = tested;
    const at = '2026-11-25T12:00:00.000Z';
    const forged = [ann, said('ANN'), ben, said('Ben'), aws('arn:aws:iam::111122223333:user/cy')];
    const decisions = forged.map((by) => ({ is: 'approved' as const, by, at }));
    expect(approversOf({ author: ann, decisions })).toEqual([ben]);
    expect(approvalState({ author: ann, decisions, version })).toBe('requested');
  });
});

describe('releasing', () => {
  const plain = bundle(['versioned', 'not-public']);
  /** The bundle with versions, whose Rego is that of the bundle. */
  const versions = plain.manifest.policies.map((p) =>
    policyVersion(p.id, '', { evidence: p.evidence, parts: { rego: p.regoSha256 } }),
  );
  const withVersions = (more: (p: BundledPolicy) => Partial<BundledPolicy> = () => ({})): Bundle => ({
    wasm: plain.wasm,
    manifest: {
      ...plain.manifest,
      policies: plain.manifest.policies.map((p, i) => ({ ...p, version: versions[i]?.hash ?? '', ...more(p) })),
    },
  });
  const what = { bundle: withVersions(), context: DEFAULT_CONTEXT };

  async function released(approvers: readonly Identity[], of = versions) {
    const { deps, approvals } = setUp();
    const brought = makeMemoryApprovals('file');
    const policies = makeMemoryPolicyStore();
    for (const version of of) {
      await requestApproval({ ...deps, approvals: brought }, version, ann);
      for (const by of approvers) await approve({ ...deps, approvals: brought }, { current: version, by });
    }
    return { deps: { ...deps, policies, brought }, approvals, brought, policies };
  }

  it('takes what is approved, and keeps the approvals with the stack', async () => {
    const { deps, approvals, brought } = await released([ben]);
    expect(await releaseApproved(deps, what)).toMatchObject({ sequence: 1 });
    expect((await approvals.list()).map(approvalState)).toEqual(['approved', 'approved']);
    expect((await approvals.list()).map((a) => a.decisions)).toEqual((await brought.list()).map((a) => a.decisions));
    // The stack knows by itself now, and a second time there is nothing to do.
    const { brought: _none, ...alone } = deps;
    expect(await releaseApproved(alone, what)).toMatchObject({ sequence: 1 });
  });

  it('names every policy that is not approved and how it is, and activates nothing', async () => {
    const { deps, policies, approvals } = await released([], versions.slice(0, 1));
    const error = await releaseApproved(deps, what).catch((e: unknown) => e);
    expect(error).toMatchObject({
      code: 'AUTHORING_REJECTED',
      message: expect.stringMatching(/not approved are store\.not-public, store\.versioned/),
      details: {
        lines: [
          expect.stringMatching(
            /^store\.not-public {2}version .*: asked for by Ann \(declared\); 1 more person has to approve/,
          ),
          expect.stringMatching(/^store\.versioned .*its approval was never asked for/),
          expect.stringContaining('edict policies request store.not-public store.versioned'),
          expect.stringContaining('edict policies approve'),
        ],
      },
    });
    expect(await policies.active()).toBeUndefined();
    expect(await approvals.list()).toEqual([]);
  });

  it.each<[string, Bundle, RegExp]>([
    ['without a version', { ...plain, manifest: plain.manifest }, /does not say which version/],
    ['of another version', withVersions(() => ({ version: 'e'.repeat(64) })), /has changed since version/],
    [
      'of the same version and other Rego',
      withVersions(() => ({ regoSha256: 'e'.repeat(64) })),
      /another policy than that/,
    ],
    [
      'of the same version that is only tested',
      withVersions(() => ({ evidence: 'tested' as const })),
      /another policy than that/,
    ],
  ])('refuses a policy %s', async (_name, other, why) => {
    const { deps } = await released([ben]);
    const error = await releaseApproved(deps, { ...what, bundle: other }).catch((e: unknown) => e);
    expect(error).toMatchObject({ details: { lines: expect.arrayContaining([expect.stringMatching(why)]) } });
  });

  it('refuses what was rejected anywhere, and what is in force and was rejected since', async () => {
    const { deps, approvals } = await released([ben]);
    await releaseApproved(deps, what);
    const [first] = versions;
    if (first === undefined) throw new Error('there are two');
    await reject({ ...deps, approvals }, { current: first, by: cy });
    await expect(releaseApproved(deps, { shadow: [first.policy] })).rejects.toMatchObject({
      code: 'AUTHORING_REJECTED',
    });
    expect(unapprovedIn(what.bundle.manifest, await approvals.list()).map((u) => u.policy)).toEqual([first.policy]);
  });

  it('never activates by itself what is only tested, in shadow neither', async () => {
    const half = versions.map((v) =>
      policyVersion(v.policy, '', { evidence: 'tested', parts: { rego: v.parts.rego } }),
    );
    const { deps } = await released([ben, cy], half);
    const testedBundle = withVersions((p) => ({
      evidence: 'tested',
      version: half.find((v) => v.policy === p.id)?.hash ?? '',
    }));
    const asTested = { ...what, bundle: testedBundle };
    const shadow = half.map((v) => v.policy);
    for (const more of [{}, { shadow }])
      expect(await refusal(releaseApproved(deps, { ...asTested, ...more, automatic: true }))).toMatch(/only tested/);
    expect(await releaseApproved(deps, asTested)).toMatchObject({ sequence: 1 });
  });

  it('of two at once one is told', async () => {
    const { deps, policies } = await released([ben]);
    await release(deps, { ...what, bundle: bundle(['versioned']) });
    const both = await Promise.allSettled(
      [{}, { shadow: ['store.versioned'] }].map((more) => releaseApproved(deps, { ...what, ...more, after: 1 })),
    );
    expect(both.map((r) => r.status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(both.find((r) => r.status === 'rejected')?.reason).toMatchObject({ code: 'STORE_STALE' });
    expect(await policies.active()).toMatchObject({ sequence: 2 });
  });
});

describe('policies of one sentence', () => {
  const other = policyVersion('store.encrypted');
  const sibling = { policy: other.policy, hash: other.hash };
  const own = { policy: current.policy, hash: current.hash };
  const bundled = (version: typeof current) =>
    ({
      id: version.policy,
      version: version.hash,
      evidence: version.evidence,
      regoSha256: version.parts.rego,
    }) as BundledPolicy;
  const manifestOf = (...versions: readonly (typeof current)[]) => ({
    ...bundle().manifest,
    policies: versions.map(bundled),
  });

  it('are approved together or not at all', async () => {
    const { deps, approvals } = setUp();
    await requestApproval(deps, current, ann, { together: [sibling] });
    expect(await refusal(approve(deps, { current, by: ben }))).toContain('store.encrypted');
    const together = [current.hash, other.hash];
    expect(await refusal(approve(deps, { current, by: ben, together }))).toContain('Nobody asked for store.encrypted');
    await requestApproval(deps, other, ann, { together: [own] });
    for (const version of [current, other]) await approve(deps, { current: version, by: ben, together });
    expect((await approvals.list()).map(approvalState)).toEqual(['approved', 'approved']);
  });

  it('are not released in part', async () => {
    const { deps, approvals } = setUp();
    await requestApproval(deps, current, ann, { together: [sibling] });
    await requestApproval(deps, other, ann, { together: [own] });
    const together = [current.hash, other.hash];
    for (const version of [current, other]) await approve(deps, { current: version, by: ben, together });
    const why = async (manifest: ReturnType<typeof manifestOf>) =>
      unapprovedIn(manifest, await approvals.list()).map((u) => `${u.policy}: ${u.why}`);
    expect(await why(manifestOf(current, other))).toEqual([]);
    expect(await why(manifestOf(current))).toEqual([
      expect.stringMatching(/store\.versioned: .*store\.encrypted.*not in the bundle/),
    ]);
    await reject(deps, { current: other, by: cy });
    expect(await why(manifestOf(current, other))).toContainEqual(
      expect.stringMatching(/store\.versioned: .*store\.encrypted.*not approved/),
    );
  });
});
