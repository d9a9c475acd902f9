/** `edict facts`: what a policy sees of each resource of a document, and where each fact was read. */
import { withPipelineContext } from '../../shared/mappings/context.ts';
import { factsOf } from '../../shared/policy/core.ts';
import { toInput } from '../../shared/policy/input.ts';
import { Inputs } from '../input/sets.ts';
import { readShared, type SharedOptions } from '../options.ts';
import { documentOf, factEvidence, placeOf } from '../report/results.ts';
import { formatValue } from '../report/values.ts';
import { Output, plain, style } from '../terminal.ts';
import { complain, EXIT } from './check.ts';

export interface FactsOptions extends SharedOptions {
  readonly format: 'table' | 'json';
}

const COLOUR = { known: 'green', default: 'cyan', assumed: 'yellow', unknown: 'red' } as const;

/** Shows facts; gives the exit code: 2 where an input could not be used, else 0. */
export async function facts(args: readonly string[], options: FactsOptions): Promise<number> {
  const { input, said } = await readShared(options);
  const output = new Output();
  const paint = style(process.stdout);
  const inputs = new Inputs(input);
  const now = Math.floor(Date.now() / 1000);
  const all = [];
  for await (const resources of inputs.resources(args, () => {})) {
    for (const resource of resources) {
      const states = withPipelineContext(resource.facts, said);
      const judged = { resource, facts: states, verdicts: [], sourceOf: inputs.sourceOf };
      const pieces = Object.keys(states).map((fact) => factEvidence(judged, fact));
      if (options.format === 'json') {
        all.push({
          resource: resource.id,
          nativeType: resource.nativeType,
          kind: resource.kind.id,
          mapping: resource.mapping.id,
          document: documentOf(judged),
          input: toInput(states, now, factsOf(resource.kind)),
          facts: pieces,
        });
        continue;
      }
      output.line(
        `${paint('bold', plain(resource.id))}  ${paint('dim', `${resource.kind.id} · ${plain(documentOf(judged))}`)}`,
      );
      for (const piece of pieces) {
        const value = piece.value === null ? 'unknown' : plain(formatValue(piece.value));
        const place = piece.pointer === null ? undefined : placeOf(judged, [piece]);
        const where =
          place === undefined ? '' : ` at ${plain(place.document)}:${place.place.line}:${place.place.column}`;
        const source =
          piece.because ?? [piece.pointer, piece.native].filter((s) => s !== undefined && s !== null).join(' = ');
        output.line(
          `  ${piece.fact.padEnd(24)}${paint(COLOUR[piece.state], value.padEnd(14))} ${piece.state.padEnd(8)} ${paint('dim', `${plain(source)}${where}`)}`.trimEnd(),
        );
      }
      output.line();
    }
  }
  complain(inputs.problems);
  if (options.format === 'json') {
    output.line(
      JSON.stringify(
        { version: 1, resources: all, unsupported: inputs.unsupported, errors: inputs.problems },
        undefined,
        2,
      ),
    );
  } else {
    for (const { nativeType, count } of inputs.unsupported) {
      output.line(paint('dim', `${plain(nativeType)} (${count}): no mapping knows this type`));
    }
  }
  output.flush();
  return inputs.problems.length > 0 ? EXIT.unusable : EXIT.clean;
}
