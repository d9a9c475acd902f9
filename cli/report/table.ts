/** `--format table`: for people. Resources with violations first, worst first; then what could not be decided. */
import type { PolicyVerdict, Severity } from '../../shared/model/verdict.ts';
import { SEVERITIES } from '../../shared/model/verdict.ts';
import { pointerSegments } from '../../shared/model/json.ts';
import type { BundledPolicy } from '../../shared/policy/bundle.ts';
import { readsOf } from '../../shared/policy/core.ts';
import { count, type Output, plain, style, wrap } from '../terminal.ts';
import type { Ending, Report } from './report.ts';
import { documentOf, type Evidence, evidence, type Judged, placeOf } from './results.ts';
import { formatValue } from './values.ts';

const MOST_SKIPPED = 20;
const MOST_UNSUPPORTED = 12;
const LABEL = 12;

type Style = ReturnType<typeof style>;
const COLOUR: { readonly [S in Severity]: Parameters<Style>[0] } = {
  critical: ['bold', 'red'],
  high: 'red',
  medium: 'yellow',
  low: 'cyan',
  info: 'dim',
};

/** The places of properties as people write them: `ingress[0].from_port`. */
const property = (pointer: string): string =>
  pointerSegments(pointer)
    .map((s, i) => (/^\d+$/.test(s) ? `[${s}]` : i === 0 ? s : `.${s}`))
    .join('');

const rank = (severity: Severity): number => SEVERITIES.indexOf(severity);

export interface TableOptions {
  /** How many resources with violations, and how many with unknown verdicts, are shown in full; 0: all. */
  readonly limit: number;
}

export function makeTableReport(output: Output, options: TableOptions): Report {
  const paint = style(process.stdout);
  const width = Math.max(60, Math.min(process.stdout.columns ?? 100, 140));
  const limit = options.limit === 0 ? Infinity : options.limit;
  const violated: Judged[] = [];
  const undecided: Judged[] = [];
  let moreViolated = 0;
  let moreUndecided = 0;
  let policies: ReadonlyMap<string, BundledPolicy> = new Map();

  const has = (judged: Judged, ...verdicts: readonly PolicyVerdict['verdict'][]): boolean =>
    judged.verdicts.some((v) => verdicts.includes(v.verdict));
  const worst = (judged: Judged): number =>
    Math.min(
      ...judged.verdicts.flatMap((v) => {
        const severity = policies.get(v.policy)?.severity;
        return v.verdict === 'violation' && severity !== undefined ? [rank(severity)] : [];
      }),
    );

  /** A labelled line, continued under itself. */
  const line = (label: string, text: string, format: Parameters<Style>[0] = 'dim'): void => {
    const lines = wrap(text, width - LABEL - 4);
    output.line(`    ${paint(format, label.padEnd(LABEL))}${lines[0] ?? ''}`);
    for (const more of lines.slice(1)) output.line(`    ${' '.repeat(LABEL)}${more}`);
  };

  const says = (judged: Judged, piece: Evidence, items?: readonly number[]): string => {
    const fact = piece.fact.replaceAll('_', ' ');
    if (piece.state === 'unknown') return `${fact} is unknown (${plain(piece.because ?? 'not seen')})`;
    const value = piece.value === null ? 'not shown: sensitive' : plain(formatValue(piece.value, items));
    const place = piece.pointer === null ? undefined : placeOf(judged, [piece]);
    const native = judged.resource.natives.find((n) => piece.pointer?.startsWith(n.pointer) === true);
    const path = piece.pointer === null ? '' : plain(property(piece.pointer.slice(native?.pointer.length ?? 0)));
    const shown = [path, piece.native === undefined ? '' : plain(piece.native)].filter((s) => s !== '').join(' = ');
    const where = place === undefined ? '' : ` at ${plain(place.document)}:${place.place.line}:${place.place.column}`;
    const read = shown === '' ? where : `: ${shown}${where}`;
    if (piece.state === 'assumed') return `${fact} is ${value}, assumed: ${plain(piece.because ?? '')}${read}`;
    if (piece.state === 'default') {
      return `${fact} is ${value}, the provider's default (${plain(piece.because ?? '')})${read}`;
    }
    return `${fact} is ${value}${read}`;
  };

  const heading = (judged: Judged, mark: string): void => {
    const { id, nativeType, name } = judged.resource;
    const cloud = judged.facts['cloud'];
    const about = [
      id.startsWith(nativeType) ? '' : plain(nativeType),
      name === undefined || id.includes(name) ? '' : plain(name),
      cloud?.state === 'known' ? formatValue(cloud.value) : '',
      plain(judged.resource.account ?? ''),
      plain(judged.resource.region ?? ''),
      plain(documentOf(judged)),
    ].filter((s) => s !== '');
    output.line(`${mark} ${paint('bold', plain(id))}  ${paint('dim', about.join(' · '))}`);
  };

  const exception = (judged: Judged, policy: BundledPolicy): void => {
    const held = judged.excepted?.get(policy.id);
    if (held === undefined) return;
    const { id, owner, until, ticket, reason } = held;
    line('excepted', plain(`until ${until} by ${owner}: ${reason} (${ticket}, ${id})`), 'cyan');
  };

  const violation = (judged: Judged, policy: BundledPolicy, verdict: PolicyVerdict): void => {
    line(policy.severity, `${policy.title}  ${paint('dim', policy.id)}`, COLOUR[policy.severity]);
    exception(judged, policy);
    const pieces = new Map(evidence(judged, policy, verdict).map((e) => [e.fact, e]));
    for (const clause of verdict.clauses) {
      if (clause.verdict !== 'fails') continue;
      const bundled = policy.clauses.find((c) => c.id === clause.id);
      line('violated', plain(bundled?.says ?? clause.id), 'red');
      for (const fact of bundled === undefined ? [] : readsOf([bundled.that])) {
        const piece = pieces.get(fact);
        if (piece !== undefined) line('', says(judged, piece, clause.items));
      }
    }
    line('fix', plain(policy.remediation, 2000), 'green');
  };

  const unknown = (judged: Judged, policy: BundledPolicy, verdict: PolicyVerdict): void => {
    line(policy.severity, `${policy.title}  ${paint('dim', policy.id)}`, 'dim');
    exception(judged, policy);
    if (verdict.verdict === 'error') line('error', plain(verdict.error ?? 'it could not be judged'), 'red');
    const missing = evidence(judged, policy, verdict).filter((e) => verdict.missing?.includes(e.fact) === true);
    for (const [i, piece] of missing.entries()) line(i === 0 ? 'depends on' : '', says(judged, piece), 'yellow');
  };

  const block = (judged: Judged, mark: string): void => {
    heading(judged, mark);
    const sorted = judged.verdicts
      .flatMap((verdict) => {
        const policy = policies.get(verdict.policy);
        return policy === undefined ? [] : [{ policy, verdict }];
      })
      .sort((a, b) => rank(a.policy.severity) - rank(b.policy.severity));
    for (const { policy, verdict } of sorted) {
      if (verdict.verdict === 'violation') violation(judged, policy, verdict);
      else if (verdict.verdict === 'unknown' || verdict.verdict === 'error') unknown(judged, policy, verdict);
    }
    output.line();
  };

  return {
    begin() {},
    resource(judged, known) {
      policies = known;
      if (has(judged, 'violation')) {
        if (violated.length < limit) violated.push(judged);
        else moreViolated++;
      } else if (has(judged, 'unknown', 'error')) {
        if (undecided.length < limit) undecided.push(judged);
        else moreUndecided++;
      }
    },
    end(ending) {
      violated.sort((a, b) => worst(a) - worst(b));
      for (const judged of violated) block(judged, paint(['bold', 'red'], '✗'));
      if (moreViolated > 0)
        output.line(`  … and ${count(moreViolated, 'more resource')} with violations (--limit 0 shows all)\n`);
      for (const judged of undecided) block(judged, paint('yellow', '?'));
      if (moreUndecided > 0)
        output.line(`  … and ${count(moreUndecided, 'more resource')} undecided (--limit 0 shows all)\n`);
      conclude(output, paint, ending);
      output.flush();
    },
  };
}

function conclude(output: Output, paint: Style, { summary, unsupported, skipped, problems }: Ending): void {
  const { verdicts, violations, excepted } = summary;
  if (unsupported.length > 0) {
    const shown = unsupported
      .slice(0, MOST_UNSUPPORTED)
      .map((u) => `${plain(u.nativeType)} (${u.count.toLocaleString('en')})`);
    const more = unsupported.length - shown.length;
    output.line(
      `${count(summary.unsupported, 'resource')} of types that no policy knows: ${shown.join(', ')}${more > 0 ? ` and ${count(more, 'more type')}` : ''}`,
    );
  }
  if (skipped.length > 0) {
    output.line(`${count(skipped.length, 'file')} skipped:`);
    for (const { document, reason } of skipped.slice(0, MOST_SKIPPED))
      output.line(`  ${plain(document)}: ${plain(reason)}`);
    if (skipped.length > MOST_SKIPPED) output.line(`  … and ${skipped.length - MOST_SKIPPED} more`);
  }
  if (unsupported.length > 0 || skipped.length > 0) output.line();
  const bySeverity = SEVERITIES.filter((s) => violations[s] > 0).map((s) => `${violations[s]} ${s}`);
  const parts = [
    verdicts.violation > 0
      ? paint(
          ['bold', 'red'],
          `${count(verdicts.violation, 'violation')} (${bySeverity.join(', ')})${exceptedText(excepted.violation)}`,
        )
      : paint('green', 'no violation'),
    ...(verdicts.unknown > 0
      ? [paint('yellow', `${verdicts.unknown.toLocaleString('en')} unknown${exceptedText(excepted.unknown)}`)]
      : []),
    ...(verdicts.error > 0 ? [paint('red', count(verdicts.error, 'error'))] : []),
    `${verdicts.compliant.toLocaleString('en')} compliant`,
    ...(verdicts.not_applicable > 0 ? [`${verdicts.not_applicable.toLocaleString('en')} not applicable`] : []),
  ];
  const judged = `${count(summary.resources, 'resource')} in ${count(summary.documents, 'document')}`;
  output.line(`${judged}: ${parts.join(', ')}`);
  if (problems.length > 0)
    output.line(paint('red', `${count(problems.length, 'input')} could not be used (see above)`));
}

const exceptedText = (n: number): string => (n === 0 ? '' : `, ${n.toLocaleString('en')} of them excepted`);
