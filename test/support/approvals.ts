/** Versions of policies for tests of approval: any text stands for their content. */
import { type PolicyVersion, VERSION_PARTS, type VersionParts } from '../../shared/model/approval.ts';
import { sha256 } from '../../shared/policy/bundle.ts';
import { hashOf } from '../../shared/policy/version.ts';

/** A version of the policy; another `salt`, or other parts, make another version. */
export function policyVersion(
  policy: string,
  salt = '',
  more: { readonly evidence?: PolicyVersion['evidence']; readonly parts?: Partial<VersionParts> } = {},
): PolicyVersion {
  const made = Object.fromEntries(VERSION_PARTS.map((part) => [part, sha256(`${part} ${salt}`)]));
  const parts = { ...made, ...more.parts } as VersionParts; // every part is in VERSION_PARTS
  const evidence = more.evidence ?? 'proved';
  return { policy, evidence, parts, hash: hashOf({ policy, evidence, parts }) };
}
