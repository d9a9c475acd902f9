/**
 * Vertex AI endpoint. https://cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.endpoints (read 2026-11-25)
 *
 * **Who called** is recorded by Data Access audit logs only, which the project's IAM policy switches on. Request-response
 * logging writes what was asked and answered, access logging when and how fast: neither says who.
 */
import { modelEndpoint } from '../../kinds/model-endpoint.ts';
import type { FactState } from '../../model/fact.ts';
import { defineMapping, is, type Mapping } from '../mapping.ts';
import { always, at, derive, look, type Reader, type Reading, unknown } from '../reader.ts';
import { auditConfigDependencies, vertexReadsLogged } from './audit-config.ts';
import { customerKey } from './kms-key.ts';

const ENDPOINT_TYPES = {
  because: 'https://cloud.google.com/vertex-ai/docs/predictions/choose-endpoint-type',
  on: '2026-11-25',
} as const;
const DEFAULT_KEYS = { because: 'https://cloud.google.com/vertex-ai/docs/general/cmek', on: '2026-11-25' } as const;
const NETWORK_RESOURCE = /(?:^|\.)google_(?:compute_network|service_networking_connection)\./;

/** False where a network is named: the endpoint is peered with it, and has no public address. */
const peered = (pointer: string): Reader<boolean> =>
  derive<boolean>((native) => {
    const found = look(native, pointer);
    if (found.is === 'absent' || (found.is === 'value' && found.value === '')) return undefined;
    if (found.is === 'denied') return unknown('denied', found.at);
    if (found.is === 'unresolved') {
      if (found.unset === true) return undefined;
      return found.refs.length > 0 && found.refs.every((ref) => NETWORK_RESOURCE.test(ref))
        ? { state: 'known', value: false, at: found.at }
        : unknown('unresolved', found.at, found.detail);
    }
    return typeof found.value === 'string'
      ? { state: 'known', value: false, at: found.at }
      : unknown('invalid', found.at);
  });

/** The endpoint is public unless one of the private forms is chosen; they exclude each other. */
const reachable = (network: string, ...privateServiceConnect: readonly string[]): Reader<boolean> => {
  const reads = [
    peered(network),
    ...privateServiceConnect.map((p) =>
      at(p)
        .bool()
        .map((on) => !on),
    ),
  ];
  return derive<boolean>((native) => {
    const readings = reads.map((read) => read(native)).filter((r): r is Reading<boolean> => r !== undefined);
    return (
      readings.find((r) => r.state === 'known' && !r.value) ??
      readings.find((r) => r.state === 'unknown') ?? { state: 'default', value: true, ...ENDPOINT_TYPES }
    );
  });
};

/** True where calls go to an address of the endpoint's own and do not pass the API that writes the audit log. */
const bypassesApi = (...pointers: readonly string[]): Reader<boolean> =>
  derive<boolean>((native) => {
    const network = peered('/network')(native);
    if (network !== undefined) return network.state === 'known' ? { ...network, value: true } : network;
    const readings = pointers.map((p) => at(p).bool()(native)).filter((r): r is Reading<boolean> => r !== undefined);
    return readings.find((r) => r.state === 'unknown') ?? readings.find((r) => r.state === 'known' && r.value);
  });

/** Vertex AI endpoint. */
export const vertexEndpoint: Mapping = defineMapping('gcp/vertex-endpoint', {
  cloud: 'gcp',
  kind: modelEndpoint,
  title: 'Vertex AI endpoint',
  parts: {
    endpoint: {
      native: { 'gcp.cai': 'aiplatform.googleapis.com/Endpoint', terraform: 'google_vertex_ai_endpoint' },
      readings: {
        bypasses_api: {
          'gcp.cai': bypassesApi(
            '/privateServiceConnectConfig/enablePrivateServiceConnect',
            '/enablePrivateServiceConnect',
            '/dedicatedEndpointEnabled',
          ),
          terraform: bypassesApi(
            '/private_service_connect_config/0/enable_private_service_connect',
            '/enable_private_service_connect',
            '/dedicated_endpoint_enabled',
          ),
        },
      },
    },
  },
  dependsOn: auditConfigDependencies,
  facts: {
    public_network: is({
      'gcp.cai': reachable(
        '/network',
        '/privateServiceConnectConfig/enablePrivateServiceConnect',
        '/enablePrivateServiceConnect',
      ),
      terraform: reachable(
        '/network',
        '/private_service_connect_config/0/enable_private_service_connect',
        '/enable_private_service_connect',
      ),
    }),
    // Predictions need the IAM permission aiplatform.endpoints.predict. Google Cloud's API keys are for Google's own
    // models (`publishers/google`), which are no endpoint of the customer's.
    // https://cloud.google.com/vertex-ai/generative-ai/docs/start/api-keys (read 2026-11-25)
    static_keys: is({
      'gcp.cai': always(false, {
        because: 'https://cloud.google.com/vertex-ai/docs/general/access-control',
        on: '2026-11-25',
      }),
      terraform: always(false, {
        because: 'https://cloud.google.com/vertex-ai/docs/general/access-control',
        on: '2026-11-25',
      }),
    }),
    encryption: is({
      'gcp.cai': customerKey('/encryptionSpec/kmsKeyName').orDefault('provider_key', DEFAULT_KEYS),
      terraform: customerKey('/encryption_spec/0/kms_key_name').orDefault('provider_key', DEFAULT_KEYS),
    }),
    // Whether calls to an endpoint's own address (peered, Private Service Connect, dedicated) are in the audit log is
    // not documented: unknown.
    invocations_logged: (parts): FactState => {
      const bypasses = parts.get<boolean>('bypasses_api');
      if (bypasses?.state === 'unknown') return bypasses;
      if (bypasses?.state === 'known') {
        return unknown('not_collected', bypasses.at, 'calls to an address of its own may not be in the audit log');
      }
      return vertexReadsLogged(parts);
    },
  },
});
