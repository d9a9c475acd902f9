/** The metrics that Edict publishes: the functions count them, the stacks alarm on them, the runbook explains them. */

export const METRIC_NAMESPACE = 'Edict';

/** Every metric, and what one count of it means. */
export const METRICS = {
  ChangesReceived: 'A change entered the pipeline (a front door, a rule, a sweep).',
  ChangesJudged: 'A change led to a judgement of its resource.',
  ChangesStale: 'A change was older than what is stored: late news, normal.',
  ChangesUnsupported: 'A change was of a native type that no mapping knows.',
  ChangesQuarantined: 'Content could not be used and is kept in the quarantine.',
  ChangesFailed: 'A change could not be worked on now and will be delivered again.',
  CallersRefused: 'A webhook call without a valid token.',
  CallersUncheckable: 'A webhook call whose token could not be checked, because the keys could not be fetched.',
  CallersTooLarge: 'A webhook call whose body was above the limit.',
  ChangesNotArchived: 'A change was judged and could not be kept: no replay will know of it.',
  ReadBacksDenied: 'A provider refused a read-back: facts are unknown.',
  ReadBacksThrottled: 'A provider throttled a read-back or did not answer: the change is tried again.',
  PolicyErrors: 'A policy ended in an error on a resource: a trap or a wrong shape.',
  BundlesRejected: 'The active bundle could not be used: the last good one stays.',
  Transitions: 'A verdict or status changed and was published.',
  RecordsPoisoned: 'A commit could not be projected for a reason of its own and waits in its own queue.',
  RejudgementsAsked: 'A resource was asked to be judged again.',
  RejudgementsDone: 'A resource was judged again.',
  ResourcesSwept: 'A resource was found by a sweep.',
  SweepsDenied: 'A provider refused a page of a sweep.',
  SweepsGivenUp: 'A part of a sweep failed every time, and the sweep went on without it.',
  ResourcesAbsent: 'A whole list of everything lacked a resource that is held.',
  MissedEvents: 'A sweep found something other than events had told.',
  CanaryProbes: 'The canary changed something on a path.',
  CanaryDetected: 'What the canary changed was judged and published in time.',
  CanaryMissed: 'What the canary changed was not noticed within twice the promise, or could not be sent.',
  MessagesSent: 'A message was sent to Slack.',
  MessagesFailed: 'Slack did not take a message.',
  ModelCalls: 'A language model was asked, to draft a policy.',
  ModelTokens: 'A token that a language model read or wrote.',
  AuthoringRefused: 'A sentence was refused: by code, by a model, by a person, or because no model answers.',
} as const;
export type MetricName = keyof typeof METRICS;
