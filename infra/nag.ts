import type { PolicyValidationPluginReport } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import type { IConstruct } from 'constructs';

/**
 * Wildcards that a grant of the CDK writes and that no construct can name, because the finding's text holds a token.
 * Everything else is acknowledged on its construct. A test lists the statements on `*` one by one.
 */
export const ACCEPTED: readonly { readonly finding: RegExp; readonly reason: string }[] = [
  {
    finding: /^AwsSolutions-IAM5\[Action::kms:(GenerateDataKey|ReEncrypt)\*\]$/,
    reason: 'The two forms of each action, on the one key of the state stack: what its encrypting services need.',
  },
  {
    finding: /^AwsSolutions-IAM5\[Action::s3:Abort\*\]$/,
    reason: 'Ends an upload in parts to the quarantine, which is write-only for the functions.',
  },
  {
    finding: /^AwsSolutions-IAM5\[Resource::[^*]*(Resources|Findings|Policies)[^*]*\/index\/\*\]$/,
    reason: 'The indexes of the one table that is granted.',
  },
  {
    finding: /^AwsSolutions-IAM5\[Resource::[^*]*Archive[^*]*\/\*\]$/,
    reason: 'The objects of the archive: Firehose names them after the hour.',
  },
  {
    finding: /^AwsSolutions-IAM5\[Resource::[^*]*Quarantine[^*]*\/\*\]$/,
    reason: 'The objects of the quarantine: their names are hashes that are not known beforehand.',
  },
  {
    finding: /^AwsSolutions-IAM5\[Resource::<SweepFunction[^*]*\.Arn>:\*\]$/,
    reason: 'The versions of the one function that the state machine of a sweep calls.',
  },
  {
    finding: /^AwsSolutions-IAM5\[Resource::arn:[^*]*:execution:[^*]*SweepMachine[^*]*:\*\]$/,
    reason: 'The executions of the state machine of a sweep, by itself: their names are not known beforehand.',
  },
];

/** The AWS Solutions rules of cdk-nag, less what is accepted above with its reason. */
export class EdictChecks extends AwsSolutionsChecks {
  override validateScope(scope: IConstruct): PolicyValidationPluginReport {
    const { violations } = super.validateScope(scope);
    const open = violations.filter((violation) => !ACCEPTED.some(({ finding }) => finding.test(violation.ruleName)));
    return { success: open.length === 0, violations: open };
  }
}
