import { AWS_CHECKS } from './aws-checks.ts';
import { AZURE_CHECKS } from './azure-checks.ts';
import { type Check, PLACES } from './check.ts';
import { GCP_CHECKS } from './gcp-checks.ts';
import { HEARD_CHECKS } from './heard-checks.ts';
import { STACK_CHECKS } from './stack-checks.ts';

/** Every check there is, place by place. */
export const CHECKS: readonly Check[] = [
  ...STACK_CHECKS,
  ...AWS_CHECKS,
  ...AZURE_CHECKS,
  ...GCP_CHECKS,
  ...HEARD_CHECKS,
].toSorted((a, b) => PLACES.indexOf(a.where) - PLACES.indexOf(b.where));

/** Those of an account that forwards its events: onboarding/aws. */
export const MEMBER_CHECKS: readonly Check[] = CHECKS.filter((check) => check.member !== undefined);
