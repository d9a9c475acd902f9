/** What every store of findings does alike: filters, the past, page tokens. */
import { isCanaryAccount } from '../model/canary.ts';
import { AppError } from '../model/errors.ts';
import { type Finding, type FindingFilter, opens, statusOf } from '../model/finding.ts';
import type { Transition } from '../model/resource.ts';

/** Whether a finding (as it is, or as it was) is asked for. */
export function matches(finding: Finding, filter: FindingFilter): boolean {
  const { resource } = finding;
  return (
    // The canary is asked for by name or not at all.
    (!isCanaryAccount(resource.account) || filter.account === resource.account || filter.resource === resource.id) &&
    (filter.severity === undefined || filter.severity.includes(finding.severity)) &&
    (filter.status === undefined || filter.status === finding.status) &&
    (filter.verdict === undefined || (finding.verdict !== null && filter.verdict.includes(finding.verdict))) &&
    (filter.resolution === undefined || filter.resolution === finding.resolution) &&
    (filter.cloud === undefined || filter.cloud === resource.cloud) &&
    (filter.account === undefined || filter.account === resource.account) &&
    (filter.policy === undefined || filter.policy === finding.policy) &&
    (filter.resource === undefined || filter.resource === resource.id) &&
    (filter.owner === undefined || filter.owner === resource.owner) &&
    (filter.since === undefined || finding.since.trueAt >= filter.since) &&
    (filter.baseline === undefined || filter.baseline === finding.baseline) &&
    (filter.shadow === undefined || filter.shadow === (finding.shadow === true))
  );
}

/**
 * The finding as the world was at `filter.asOf`, by what was known at `filter.knownAt` (default: now): the last
 * transition that was true by then. Undefined: it was not yet there. Without `asOf`: as it is. Whatever was learned after
 * `knownAt` is in none of it: late news changes what was true, and leaves what was known as it was.
 */
export function asItWas(finding: Finding, filter: FindingFilter, history: readonly Transition[]): Finding | undefined {
  const { asOf, knownAt } = filter;
  if (asOf === undefined) return finding;
  const known = history.filter((t) => knownAt === undefined || t.knownAt <= knownAt);
  const then = known.filter((t) => t.trueAt <= asOf);
  // True first, and of what became true in the same instant the last that was said.
  const ordered = then.toSorted((a, b) =>
    a.trueAt < b.trueAt ? -1 : a.trueAt > b.trueAt ? 1 : a.revision - b.revision || a.n - b.n,
  );
  const last = ordered.at(-1);
  if (last === undefined) return undefined;
  const status = statusOf(last);
  let began = last;
  for (const t of ordered.toReversed()) {
    if (statusOf(t) !== status) break;
    began = t;
  }
  const opened = ordered.filter((t, i) => opens(t.to) && !opens(ordered[i - 1]?.to));
  const { id, mapping, cloud, kind } = finding.resource;
  return {
    id: finding.id,
    policy: finding.policy,
    status,
    ...(last.resolution === undefined ? {} : { resolution: last.resolution }),
    verdict: last.to,
    severity: last.severity,
    title: last.title,
    resource: last.of === undefined ? finding.resource : { id, mapping, cloud, kind, ...last.of },
    since: { trueAt: began.trueAt, knownAt: began.knownAt },
    firstSeenAt: known.map((t) => t.knownAt).toSorted()[0] ?? last.knownAt,
    lastChangedAt: last.knownAt,
    openings: opened.length,
    last,
    ...(last.baseline === undefined ? {} : { baseline: last.baseline }),
    ...(last.shadow === undefined ? {} : { shadow: last.shadow }),
  };
}

/** An opaque page token. */
export const pageToken = (place: { readonly [key: string]: unknown }): string =>
  Buffer.from(JSON.stringify(place)).toString('base64url');

/** The place that a page token names; `INPUT_INVALID` if it is none. No token: the beginning. */
export function readPageToken(token: string | undefined): { readonly [key: string]: unknown } {
  if (token === undefined) return {};
  try {
    const place: unknown = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
    if (typeof place === 'object' && place !== null) return place as { readonly [key: string]: unknown };
  } catch {
    // Reported below with what is not JSON's fault.
  }
  throw new AppError('INPUT_INVALID', 'the page token is none that was given');
}
