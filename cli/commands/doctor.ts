/** `edict doctor`: what of a deployment, and of the way to each cloud, is missing. */
import { instant } from '../../shared/model/change.ts';
import { AppError } from '../../shared/model/errors.ts';
import { runChecks } from '../doctor/check.ts';
import { CHECKS, MEMBER_CHECKS } from '../doctor/checks.ts';
import { doctorJson, doctorTable, exitCodeOf } from '../doctor/report.ts';
import { makeWorld } from '../doctor/world.ts';
import { findStack, type Stack, type StackOptions } from '../stack/stack.ts';
import { Output, style, terminalWidth } from '../terminal.ts';

/** As commander gives them. */
export interface DoctorOptions extends StackOptions {
  readonly format: 'table' | 'json';
  readonly member?: string;
}

export async function doctor(options: DoctorOptions): Promise<number> {
  const { member, region } = options;
  const stack = member === undefined ? await findStack(options) : memberStack(member, region);
  const waiting = new AbortController();
  const stage = stack.local?.stage ?? options.stage ?? 'prod';
  const world = makeWorld({ stack, stage, signal: waiting.signal, ...(member === undefined ? {} : { member }) });
  const rows = await runChecks(member === undefined ? CHECKS : MEMBER_CHECKS, world);
  // What has not answered by now is not waited for.
  waiting.abort();
  const output = new Output();
  if (options.format === 'json')
    output.line(JSON.stringify(doctorJson(rows, stack.title, instant(Date.now())), null, 2));
  else {
    output.write(doctorTable(rows, { paint: style(process.stdout), width: terminalWidth() }));
  }
  output.flush();
  return exitCodeOf(rows);
}

/** The stack of onboarding/aws in an account that is not the deployment's: it has neither outputs of ours nor tables. */
function memberStack(name: string, region: string | undefined): Stack {
  const none = (): never => {
    throw new AppError('CONFIG_INVALID', `${name} is the stack of a member account: it has none of that`);
  };
  return {
    title: `${name}${region === undefined ? '' : ` in ${region}`}`,
    local: undefined,
    aws: region === undefined ? {} : { region },
    output: none,
    documents: none,
  };
}
