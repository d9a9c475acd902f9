import { GetWebIdentityTokenCommand, type STSClient } from '@aws-sdk/client-sts';
import { ClientAssertionCredential } from '@azure/identity';
import { AppError } from '../../model/errors.ts';
import type { AzureReader } from '../../runtime/env.ts';
import type { ArmCredential } from './arm-client.ts';

/** The audience that Entra ID wants in a token of another provider. https://learn.microsoft.com/entra/workload-id/workload-identity-federation, read 2026-11-25. */
export const AZURE_AUDIENCE = 'api://AzureADTokenExchange';

/**
 * Identity without a key: this account's own signed token, traded for one of the tenant. AWS must have outbound identity
 * federation enabled, and the application in the tenant a federated credential for this role.
 */
export const makeAzureCredential = (reader: AzureReader, sts: STSClient): ArmCredential =>
  new ClientAssertionCredential(
    reader.tenantId,
    reader.clientId,
    async () => {
      const answer = await sts.send(
        new GetWebIdentityTokenCommand({ Audience: [AZURE_AUDIENCE], SigningAlgorithm: 'RS256', DurationSeconds: 300 }),
      );
      if (answer.WebIdentityToken === undefined)
        throw new AppError('UPSTREAM_UNAVAILABLE', 'AWS gave no identity token');
      return answer.WebIdentityToken;
    },
    { authorityHost: reader.authority },
  );
