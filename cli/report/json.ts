/** `--format json`: the contract of docs/check-json.md. Written as the results come. */
import type { Output } from '../terminal.ts';
import type { Report } from './report.ts';
import { resultOf } from './results.ts';

/** The version of the contract. A change that breaks a reader raises it. */
export const CHECK_JSON_VERSION = 1;

export function makeJsonReport(output: Output): Report {
  let first = true;
  return {
    begin(bundle) {
      output.write(`{"version":${CHECK_JSON_VERSION},"bundle":${JSON.stringify(bundle)},"results":[`);
    },
    resource(judged, policies) {
      for (const verdict of judged.verdicts) {
        const policy = policies.get(verdict.policy);
        if (policy === undefined) continue;
        output.write(`${first ? '' : ','}\n${JSON.stringify(resultOf(judged, policy, verdict))}`);
        first = false;
      }
    },
    end({ summary, unsupported, skipped, problems }) {
      const rest = { unsupported, skipped, errors: problems, summary };
      output.write(`\n],${JSON.stringify(rest).slice(1)}\n`);
      output.flush();
    },
  };
}
