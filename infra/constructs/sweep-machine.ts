import { Duration } from 'aws-cdk-lib';
import {
  Choice,
  Condition,
  DefinitionBody,
  DistributedMap,
  Fail,
  type IChainable,
  JsonPath,
  Pass,
  StateMachine,
  StateMachineType,
  Succeed,
  TaskInput,
  Timeout,
  Wait,
  WaitTime,
} from 'aws-cdk-lib/aws-stepfunctions';
import { LambdaInvoke } from 'aws-cdk-lib/aws-stepfunctions-tasks';
import { Construct } from 'constructs';
import { addAlarm } from './alarm.ts';
import type { AppFunction } from './app-function.ts';
import { acknowledge } from './nag.ts';

export interface SweepMachineProps {
  /** Does a step, and says what follows: `shared/adapters/service/sweep.ts`. */
  readonly sweep: AppFunction<'sweep'>;
}

/** The error of a step that nobody can do. */
const BAD_INPUT = 'BadInput';
/** How many scopes are listed, or segments walked, at once. Providers count calls for a tenant: what is above that waits. */
const AT_ONCE = 8;
/** Longer than a day would meet the next one. */
const LONGEST = Duration.hours(20);

/**
 * A sweep as a state machine: it begins, lists its scopes side by side, walks the inventory side by side, and sums up. Each
 * scope and segment is a chain of steps in an execution of its own (a distributed map), which waits as long as a provider
 * asks, and tries a step that fails again. One that fails every time is given up: it is counted, and the others go on.
 */
export class SweepMachine extends Construct {
  readonly machine: StateMachine;

  constructor(scope: Construct, id: string, { sweep }: SweepMachineProps) {
    super(scope, id);
    const step = (name: string, payload: TaskInput): LambdaInvoke =>
      new LambdaInvoke(this, name, {
        lambdaFunction: sweep.function,
        payload,
        outputPath: '$.Payload',
        // Retried below, whatever it is.
        retryOnServiceExceptions: false,
        taskTimeout: Timeout.duration(sweep.timeout.plus(Duration.seconds(30))),
      });
    const retried = (task: LambdaInvoke): LambdaInvoke => {
      // What nobody can do does not become possible by waiting.
      task.addRetry({ errors: [BAD_INPUT], maxAttempts: 0 });
      task.addRetry({
        errors: ['States.ALL'],
        interval: Duration.minutes(1),
        backoffRate: 2,
        maxDelay: Duration.minutes(15),
        maxAttempts: 6,
      });
      return task;
    };
    /** Steps until nothing follows: the function says what comes next, and after how long. */
    const chain = (name: string, without: Succeed | Fail): IChainable => {
      const more = new Choice(this, `${name} more?`);
      const todo = retried(step(`${name} step`, TaskInput.fromJsonPathAt('$.again')));
      const given = retried(
        step(
          `${name} given up`,
          TaskInput.fromObject({
            job: 'give_up',
            of: JsonPath.objectAt('$.again'),
            why: JsonPath.stringAt('$.failed.Error'),
          }),
        ),
      );
      todo.addCatch(given, { resultPath: '$.failed' });
      const wait = new Wait(this, `${name} wait`, { time: WaitTime.secondsPath('$.waitSeconds') });
      given.next(without);
      return more
        .when(Condition.isPresent('$.again'), wait.next(todo).next(more))
        .otherwise(new Succeed(this, `${name} done`));
    };
    const all = (name: string, itemsPath: string, label: string): DistributedMap =>
      new DistributedMap(this, name, {
        itemsPath,
        label,
        maxConcurrency: AT_ONCE,
        mapExecutionType: StateMachineType.STANDARD,
        resultPath: JsonPath.DISCARD,
        // However one is lost, the others go on: the digest sees that it has no outcome.
        toleratedFailurePercentage: 100,
      }).itemProcessor(chain(name, new Succeed(this, `${name} without it`)));

    const begin = retried(
      step(
        'Begin',
        TaskInput.fromObject({
          job: 'begin',
          startedAt: JsonPath.stringAt('$$.Execution.StartTime'),
          asked: JsonPath.objectAt('$$.Execution.Input'),
        }),
      ),
    );
    this.machine = new StateMachine(this, 'Machine', {
      comment: 'Edict: takes the inventory of every cloud',
      timeout: LONGEST,
      definitionBody: DefinitionBody.fromChainable(
        begin
          .next(all('List', '$.scopes', 'List'))
          .next(all('Look for what is gone', '$.walks', 'Walk'))
          .next(new Pass(this, 'What there was', { inputPath: '$.digest' }))
          .next(chain('Sum up', new Fail(this, 'Sum up failed', { error: 'SumUpFailed' }))),
      ),
    });
    const kept = 'An execution keeps its whole history for 90 days. ';
    acknowledge(this, 'AwsSolutions-SF1', `${kept}To deliver it as logs takes rights over every log of the account.`);
    acknowledge(
      this,
      'AwsSolutions-SF2',
      `${kept}It says which step took how long; the functions are not traced either.`,
    );
    for (const [name, metric, what] of [
      ['Failed', this.machine.metricFailed({ period: Duration.minutes(5), statistic: 'Sum' }), 'failed'],
      ['Aborted', this.machine.metricAborted({ period: Duration.minutes(5), statistic: 'Sum' }), 'was aborted'],
      [
        'TimedOut',
        this.machine.metricTimedOut({ period: Duration.minutes(5), statistic: 'Sum' }),
        `took more than ${LONGEST.toHours()} hours`,
      ],
    ] as const)
      addAlarm(this, name, {
        metric,
        says: `A sweep ${what}: it was not brought to its end.`,
        runbook: 'sweep-failed',
      });
  }
}
