/** `edict doctor`: what of a deployment, and of the way to each cloud, is missing. */
import { instant } from '../../shared/model/change.ts';
import { CHECKS } from '../doctor/checks.ts';
import { runChecks } from '../doctor/check.ts';
import { doctorJson, doctorTable, exitCodeOf } from '../doctor/report.ts';
import { makeWorld } from '../doctor/world.ts';
import { findStack, type StackOptions } from '../stack/stack.ts';
import { Output, style } from '../terminal.ts';

/** As commander gives them. */
export interface DoctorOptions extends StackOptions {
  readonly format: 'table' | 'json';
}

export async function doctor(options: DoctorOptions): Promise<number> {
  const stack = await findStack(options);
  const waiting = new AbortController();
  const stage = stack.local?.stage ?? options.stage ?? 'prod';
  const rows = await runChecks(CHECKS, makeWorld({ stack, stage, signal: waiting.signal }));
  // What has not answered by now is not waited for.
  waiting.abort();
  const output = new Output();
  if (options.format === 'json')
    output.line(JSON.stringify(doctorJson(rows, stack.title, instant(Date.now())), null, 2));
  else
    output.write(
      doctorTable(rows, {
        paint: style(process.stdout),
        width: process.stdout.isTTY ? process.stdout.columns : undefined,
      }),
    );
  output.flush();
  return exitCodeOf(rows);
}
