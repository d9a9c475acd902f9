import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { AppError } from '../../model/errors.ts';
import { fromAws } from './errors.ts';

/** The text of a secret. Errors: `UPSTREAM_UNAVAILABLE`, `UPSTREAM_DENIED`, `CONFIG_INVALID` (it holds no text). */
export async function readSecret(client: SecretsManagerClient, name: string): Promise<string> {
  let text: string | undefined;
  try {
    ({ SecretString: text } = await client.send(new GetSecretValueCommand({ SecretId: name })));
  } catch (error) {
    throw fromAws(error, `read the secret ${name}`);
  }
  if (text === undefined) throw new AppError('CONFIG_INVALID', `the secret ${name} holds no text`);
  return text;
}
