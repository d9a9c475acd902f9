/** `edict findings --format csv`: RFC 4180, one row a finding, the columns in a fixed order. */
import { sentenceOf } from './words.ts';
import type { Finding } from '../../shared/model/finding.ts';

const COLUMNS: readonly (readonly [string, (f: Finding) => string | number | undefined | null])[] = [
  ['id', (f) => f.id],
  ['severity', (f) => f.severity],
  ['status', (f) => f.status],
  ['resolution', (f) => f.resolution],
  ['verdict', (f) => f.verdict],
  ['policy', (f) => f.policy],
  ['title', (f) => f.title],
  ['says', (f) => sentenceOf(f.last)],
  ['cloud', (f) => f.resource.cloud],
  ['account', (f) => f.resource.account],
  ['region', (f) => f.resource.region],
  ['resource', (f) => f.resource.id],
  ['name', (f) => f.resource.name],
  ['native_type', (f) => f.resource.nativeType],
  ['environment', (f) => f.resource.environment],
  ['owner', (f) => f.resource.owner],
  ['since', (f) => f.since.trueAt],
  ['known_since', (f) => f.since.knownAt],
  ['first_seen_at', (f) => f.firstSeenAt],
  ['last_changed_at', (f) => f.lastChangedAt],
  ['openings', (f) => f.openings],
  ['shadow', (f) => String(f.shadow === true)],
];

/** A cell: quoted where it must be, and never a formula (a resource's name may begin with `=`). */
function cell(value: string | number | undefined | null): string {
  const text = String(value ?? '');
  const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export const csvHeader = (): string => `${COLUMNS.map(([name]) => name).join(',')}\r\n`;
export const csvRow = (finding: Finding): string => `${COLUMNS.map(([, of]) => cell(of(finding))).join(',')}\r\n`;
