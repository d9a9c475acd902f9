/** `--format sarif`: SARIF 2.1.0 (https://docs.oasis-open.org/sarif/sarif/v2.1.0/), for code scanning. */
import { createHash } from 'node:crypto';
import { relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Log, Notification, ReportingDescriptor, Result as SarifResult } from 'sarif';
import type { Severity } from '../../shared/model/verdict.ts';
import type { Problem } from '../input/problem.ts';
import type { Output } from '../terminal.ts';
import type { Report } from './report.ts';
import { type Result, resultOf } from './results.ts';

const LEVEL: { readonly [S in Severity]: 'error' | 'warning' | 'note' } = {
  critical: 'error',
  high: 'error',
  medium: 'warning',
  low: 'note',
  info: 'note',
};
/** What GitHub sorts alerts by: https://docs.github.com/code-security/code-scanning (security-severity), read 2026-11-25. */
const SECURITY_SEVERITY: { readonly [S in Severity]: string } = {
  critical: '9.5',
  high: '8.0',
  medium: '5.5',
  low: '3.0',
  info: '1.0',
};

/** A document as a URI: relative to where the run was started, if it lies below. */
function uriOf(document: string): string {
  const file = document.replace(/#\d+$/, '');
  const from = relative(process.cwd(), file);
  const below = from !== '' && !from.startsWith('..') && !/^[A-Za-z]:/.test(from);
  return below ? from.split(/[\\/]/).map(encodeURIComponent).join('/') : pathToFileURL(file).href;
}

function locationsOf(document: string, place: { readonly line: number; readonly column: number } | null) {
  const physical = {
    artifactLocation: { uri: uriOf(document) },
    ...(place === null ? {} : { region: { startLine: place.line, startColumn: place.column } }),
  };
  return { physicalLocation: physical };
}

function textOf(result: Result): string {
  if (result.verdict === 'error') return `${result.resource}: cannot be judged: ${result.error ?? 'unknown error'}`;
  if (result.verdict === 'unknown') {
    const missing = result.evidence.filter((e) => result.missing.includes(e.fact));
    const why = missing.map((e) => `${e.fact} (${e.because ?? 'unknown'})`).join(', ');
    return `${result.resource}: cannot be decided: ${result.title}. Unknown: ${why}.`;
  }
  const failed = result.clauses.filter((c) => c.verdict === 'fails').map((c) => c.says);
  return `${result.resource}: ${result.title}. Violated: ${failed.join('; ')}.`;
}

function sarifResult(result: Result, index: number): SarifResult {
  return {
    ruleId: result.policy,
    ruleIndex: index,
    // What cannot be decided is for a person to review; SARIF then wants no level.
    ...(result.verdict === 'violation'
      ? { kind: 'fail', level: LEVEL[result.severity] }
      : { kind: 'review', level: 'none' }),
    message: { text: textOf(result) },
    locations: [
      {
        ...locationsOf(result.document, result.location),
        logicalLocations: [{ fullyQualifiedName: result.resource, kind: 'resource' }],
      },
    ],
    ...(result.exception === null
      ? {}
      : {
          suppressions: [
            {
              kind: 'external' as const,
              status: 'accepted' as const,
              justification: `${result.exception.reason} (${result.exception.ticket})`,
              properties: {
                exception: result.exception.id,
                owner: result.exception.owner,
                until: result.exception.until,
              },
            },
          ],
        }),
    // The place may move, the finding stays the same.
    partialFingerprints: {
      'edictFinding/v1': createHash('sha256').update(`${result.policy}\n${result.resource}`).digest('hex'),
    },
    properties: { verdict: result.verdict, kind: result.kind, nativeType: result.nativeType },
  };
}

const notification = (problem: Problem): Notification => ({
  level: 'error',
  message: { text: `${problem.reason}; ${problem.action}` },
  locations: [
    locationsOf(problem.document, problem.line === null ? null : { line: problem.line, column: problem.column ?? 1 }),
  ],
});

/** Results come one by one: the head of the log is written first, then each result, then its end. */
export function makeSarifReport(output: Output): Report {
  let first = true;
  const indexes = new Map<string, number>();
  return {
    begin(bundle, policies) {
      const rules = policies.map((policy, index): ReportingDescriptor => {
        indexes.set(policy.id, index);
        return {
          id: policy.id,
          shortDescription: { text: policy.title },
          fullDescription: { text: policy.clauses.map((c) => c.says).join('; ') },
          help: { text: policy.remediation },
          defaultConfiguration: { level: LEVEL[policy.severity] },
          properties: {
            tags: [
              'security',
              ...Object.entries(policy.frameworks).flatMap(([f, ids]) => ids.map((id) => `${f}/${id}`)),
            ],
            'security-severity': SECURITY_SEVERITY[policy.severity],
          },
        };
      });
      const log: Log = {
        $schema: 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json',
        version: '2.1.0',
        runs: [{ tool: { driver: { name: 'edict', rules, properties: { bundle } } }, columnKind: 'utf16CodeUnits' }],
      };
      output.write(`${JSON.stringify(log).slice(0, -3)},"results":[`);
    },
    resource(judged, policies) {
      for (const verdict of judged.verdicts) {
        const policy = policies.get(verdict.policy);
        if (policy === undefined || verdict.verdict === 'compliant' || verdict.verdict === 'not_applicable') continue;
        const result = sarifResult(resultOf(judged, policy, verdict), indexes.get(policy.id) ?? -1);
        output.write(`${first ? '' : ','}\n${JSON.stringify(result)}`);
        first = false;
      }
    },
    end({ problems }) {
      const invocation = {
        executionSuccessful: problems.length === 0,
        toolExecutionNotifications: problems.map(notification),
      };
      output.write(`\n],"invocations":[${JSON.stringify(invocation)}]}]}\n`);
      output.flush();
    },
  };
}
