import type { Severity, Verdict } from '../../shared/model/verdict.ts';
import { SEVERITIES, VERDICTS } from '../../shared/model/verdict.ts';
import type { Unsupported } from '../../shared/mappings/document.ts';
import type { BundledPolicy } from '../../shared/policy/bundle.ts';
import type { Problem, Skipped } from '../input/problem.ts';
import type { Judged } from './results.ts';

/** What a run came to. */
export interface Summary {
  readonly files: number;
  /** Documents of a known form. */
  readonly documents: number;
  readonly resources: number;
  readonly results: number;
  readonly verdicts: { readonly [V in Verdict]: number };
  /** Of those, what an exception permits to stand (`--exceptions`). */
  readonly excepted: { readonly violation: number; readonly unknown: number };
  /** Violations by the severity of their policy. */
  readonly violations: { readonly [S in Severity]: number };
  readonly unsupported: number;
  readonly skipped: number;
  readonly errors: number;
}

/** The end of a run. */
export interface Ending {
  readonly summary: Summary;
  readonly unsupported: readonly Unsupported[];
  readonly skipped: readonly Skipped[];
  readonly problems: readonly Problem[];
}

/** A way to write results down. Resources come one by one, so that a large run is never held whole. */
export interface Report {
  begin(bundle: string, policies: readonly BundledPolicy[]): void;
  resource(judged: Judged, policies: ReadonlyMap<string, BundledPolicy>): void;
  end(ending: Ending): void;
}

/** Counts verdicts as they come. */
export class Tally {
  resources = 0;
  results = 0;
  readonly verdicts = Object.fromEntries(VERDICTS.map((v) => [v, 0])) as { [V in Verdict]: number };
  readonly excepted = { violation: 0, unknown: 0 };
  readonly violations = Object.fromEntries(SEVERITIES.map((s) => [s, 0])) as { [S in Severity]: number };

  add(judged: Judged, policies: ReadonlyMap<string, BundledPolicy>): void {
    this.resources++;
    for (const { policy, verdict } of judged.verdicts) {
      this.results++;
      this.verdicts[verdict]++;
      if (judged.excepted?.has(policy) === true && (verdict === 'violation' || verdict === 'unknown'))
        this.excepted[verdict]++;
      const severity = policies.get(policy)?.severity;
      if (verdict === 'violation' && severity !== undefined) this.violations[severity]++;
    }
  }
}
