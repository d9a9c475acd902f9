import { expectTypeOf, test } from 'vitest';
import type { makeEvaluate } from '../../shared/pipeline/evaluate.ts';
import type { makeNormalize } from '../../shared/pipeline/normalize.ts';
import type { makeObserve } from '../../shared/pipeline/observe.ts';
import type { makePublish } from '../../shared/pipeline/publish.ts';
import type { makeRecord } from '../../shared/pipeline/record.ts';
import type { imageOf } from '../../shared/adapters/dynamodb/stream.ts';

type Stage<M extends (deps: never) => (input: never) => Promise<unknown>> = ReturnType<M>;
type Input<M extends (deps: never) => (input: never) => Promise<unknown>> = Parameters<Stage<M>>[0];
type Output<M extends (deps: never) => (input: never) => Promise<unknown>> = Awaited<ReturnType<Stage<M>>>;

test('each stage takes what the one before gives', () => {
  expectTypeOf<Output<typeof makeObserve>['changes']>().toExtend<Input<typeof makeNormalize>>();
  expectTypeOf<Output<typeof makeNormalize>['work'][number]>().toExtend<Input<typeof makeEvaluate>>();
  expectTypeOf<Output<typeof makeEvaluate>>().toExtend<Input<typeof makeRecord>>();
  expectTypeOf<NonNullable<Output<typeof makeRecord>['image']>>().toExtend<Input<typeof makePublish>>();
});

test('what the stream shows is what record committed, as publish takes it', () => {
  expectTypeOf<NonNullable<ReturnType<typeof imageOf>>>().toEqualTypeOf<Input<typeof makePublish>>();
});

test('a stage that is skipped does not fit', () => {
  expectTypeOf<Output<typeof makeObserve>['changes']>().not.toExtend<Input<typeof makeEvaluate>>();
  expectTypeOf<Output<typeof makeNormalize>>().not.toExtend<Input<typeof makeRecord>>();
});
