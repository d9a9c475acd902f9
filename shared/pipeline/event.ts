import { type Finding, type FindingStatus, opens, statusOf, transitionId } from '../model/finding.ts';
import {
  type ComplianceFinding,
  type FindingDetail,
  type FindingDetailType,
  type FindingTransitionEvent,
  SHADOW_DETAIL_TYPES,
  type TransitionDetail,
} from '../model/finding-event.ts';
import type { Transition } from '../model/resource.ts';
import type { Severity } from '../model/verdict.ts';
import type { BundledPolicy } from '../policy/bundle.ts';

/** The largest detail: an entry of PutEvents is at most 256 KB, its other fields included. Bytes. */
export const MAX_DETAIL_BYTES = 240 * 1024;

const OCSF_SEVERITY: { readonly [S in Severity]: { readonly id: 1 | 2 | 3 | 4 | 5; readonly name: string } } = {
  critical: { id: 5, name: 'Critical' },
  high: { id: 4, name: 'High' },
  medium: { id: 3, name: 'Medium' },
  low: { id: 2, name: 'Low' },
  info: { id: 1, name: 'Informational' },
};
const PROVIDERS = { aws: 'AWS', azure: 'Azure', gcp: 'GCP', kubernetes: 'Kubernetes', ci: 'CI' } as const;
const ACTIVITIES = {
  'FindingOpened.v1': { id: 1, name: 'Create', type: 200301 },
  'FindingChanged.v1': { id: 2, name: 'Update', type: 200302 },
  'FindingResolved.v1': { id: 3, name: 'Close', type: 200303 },
} as const;

/** https://schema.ocsf.io/1.3.0/classes/compliance_finding (status_id), read 2026-11-25. */
const OCSF_STATUS: { readonly [S in FindingStatus]: Pick<ComplianceFinding, 'status_id' | 'status'> } = {
  open: { status_id: 1, status: 'New' },
  excepted: { status_id: 3, status: 'Suppressed' },
  resolved: { status_id: 4, status: 'Resolved' },
};

/** The type of event that a transition is: by the transition alone, so that it is the same when it is told again. */
export function detailTypeOf(t: Pick<Transition, 'from' | 'to'>): FindingDetailType {
  if (!opens(t.to)) return 'FindingResolved.v1';
  return opens(t.from) ? 'FindingChanged.v1' : 'FindingOpened.v1';
}

/** The event that tells a transition. Pure: told again, it is the same but for what the policy in force says of itself. */
export function transitionEvent(input: {
  readonly finding: Finding;
  readonly transition: Transition;
  readonly policy: BundledPolicy | undefined;
  readonly version: string;
  readonly causeKey: string;
}): FindingTransitionEvent {
  const { finding, transition: t, policy } = input;
  const detailType = detailTypeOf(t);
  const id = transitionId(finding.id, t);
  const detail = fitted({ ...ocsf(input, detailType, id), edict: edict(input, id) });
  const type = t.shadow === true ? SHADOW_DETAIL_TYPES[detailType] : detailType;
  return {
    id,
    detailType: type,
    time: t.trueAt,
    resource: finding.resource.id,
    detail: withRemediation(detail, policy),
  };
}

function ocsf(
  { finding, transition: t, policy, version }: Parameters<typeof transitionEvent>[0],
  detailType: FindingDetailType,
  id: string,
): ComplianceFinding {
  const activity = ACTIVITIES[detailType];
  const severity = OCSF_SEVERITY[finding.severity];
  const { resource } = finding;
  const frameworks = Object.entries(policy?.frameworks ?? {});
  return {
    activity_id: activity.id,
    activity_name: activity.name,
    category_uid: 2,
    category_name: 'Findings',
    class_uid: 2003,
    class_name: 'Compliance Finding',
    type_uid: activity.type,
    type_name: `Compliance Finding: ${activity.name}`,
    time: Date.parse(t.knownAt),
    severity_id: severity.id,
    severity: severity.name,
    ...OCSF_STATUS[statusOf(t)],
    message: messageOf(finding, t),
    metadata: {
      version: '1.3.0',
      uid: id,
      product: { name: 'Edict', vendor_name: 'Edict', version },
      profiles: ['cloud'],
    },
    cloud: {
      provider: PROVIDERS[resource.cloud],
      ...(resource.account === undefined ? {} : { account: { uid: resource.account } }),
      ...(resource.region === undefined ? {} : { region: resource.region }),
    },
    finding_info: {
      uid: finding.id,
      title: finding.title,
      desc: messageOf(finding, t),
      types: [finding.policy],
      created_time: Date.parse(finding.firstSeenAt),
      modified_time: Date.parse(t.knownAt),
      first_seen_time: Date.parse(finding.firstSeenAt),
    },
    compliance: {
      control: finding.policy,
      standards: frameworks.map(([framework]) => framework),
      requirements: frameworks.flatMap(([framework, controls]) => controls.map((c) => `${framework}:${c}`)),
      ...complianceStatus(t),
      ...(t.to === null ? { status_detail: t.resolution ?? '' } : {}),
    },
    resources: [
      {
        uid: resource.id,
        type: resource.nativeType,
        ...(resource.name === undefined ? {} : { name: resource.name }),
        ...(resource.region === undefined ? {} : { region: resource.region }),
        ...(resource.owner === undefined ? {} : { owner: { name: resource.owner } }),
      },
    ],
  };
}

/** Pass, warning (it could not be decided), fail; `other` where nothing is judged any more or judging failed. */
function complianceStatus(t: Transition): Pick<ComplianceFinding['compliance'], 'status_id' | 'status'> {
  switch (t.to) {
    case 'compliant':
    case 'not_applicable':
      return { status_id: 1, status: 'Pass' };
    case 'unknown':
      return { status_id: 2, status: 'Warning' };
    case 'violation':
      return { status_id: 3, status: 'Fail' };
    case 'error':
    case null:
      return { status_id: 99, status: 'Other' };
  }
}

function messageOf(finding: Finding, t: Transition): string {
  const what = finding.resource.name ?? finding.resource.id;
  const clause = t.clauses.find((c) => c.verdict === 'fails') ?? t.clauses[0];
  switch (t.to) {
    case 'violation':
      return `${what} violates ${finding.policy}: ${clause?.says ?? finding.title}`;
    case 'unknown':
      return `${what} cannot be judged by ${finding.policy}: ${(t.missing ?? []).join(', ') || 'facts are missing'}`;
    case 'error':
      return `${what} could not be judged by ${finding.policy}: ${t.error ?? 'error'}`;
    case 'compliant':
    case 'not_applicable':
    case null:
      return `${what} no longer stands against ${finding.policy}: ${(t.resolution ?? 'fixed').replaceAll('_', ' ')}`;
  }
}

function edict(
  { finding, transition: t, causeKey }: Parameters<typeof transitionEvent>[0],
  id: string,
): TransitionDetail {
  const { resource } = finding;
  const { mapping: _mapping, kind, ...head } = resource;
  return {
    version: 1,
    eventId: id,
    findingId: finding.id,
    policy: { id: finding.policy, title: finding.title, severity: finding.severity },
    clauses: t.clauses,
    facts: t.facts,
    from: t.from,
    to: t.to,
    status: statusOf(t),
    ...(t.exception === undefined ? {} : { exception: t.exception }),
    ...(t.resolution === undefined ? {} : { resolution: t.resolution }),
    ...(t.missing === undefined ? {} : { missing: t.missing }),
    ...(t.assumed === undefined ? {} : { assumed: t.assumed }),
    ...(t.error === undefined ? {} : { error: t.error }),
    cause: t.cause,
    causeKey,
    resource: { ...head, kind: kind ?? '' },
    trueAt: t.trueAt,
    knownAt: t.knownAt,
    ...(t.baseline === undefined ? {} : { baseline: t.baseline }),
    ...(t.shadow === undefined ? {} : { shadow: t.shadow }),
  };
}

const withRemediation = (detail: FindingDetail, policy: BundledPolicy | undefined): FindingDetail =>
  policy === undefined ? detail : { ...detail, remediation: { desc: policy.remediation } };

/** Cuts the facts of an event that is too large for the bus: the finding has all of them. */
function fitted(detail: FindingDetail): FindingDetail {
  if (Buffer.byteLength(JSON.stringify(detail)) <= MAX_DETAIL_BYTES) return detail;
  return { ...detail, edict: { ...detail.edict, facts: [], truncated: true } };
}
