import { expect, it } from 'vitest';
import { authoringQueueOf } from '../../../cli/author/remote.ts';
import { AppError } from '../../../shared/model/errors.ts';

it('sentences are sent to a deployment that authors, and to no other', () => {
  expect(authoringQueueOf({ title: 'edict-prod', output: (name) => `the ${name}` })).toBe('the AuthoringQueueUrl');
  const none = (): never => {
    throw new AppError('CONFIG_INVALID', 'no such output');
  };
  expect(() => authoringQueueOf({ title: 'the local stack', output: none })).toThrow(
    /the local stack does not author: a deployment with authoringSecretName/,
  );
});
