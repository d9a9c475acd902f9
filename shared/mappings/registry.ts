import type { Dialect, NativeResource } from '../model/native.ts';
import { mainPart, nativeTypes } from './assemble.ts';
import { mysqlFlexibleServer } from './azure/mysql-flexible-server.ts';
import { postgresqlFlexibleServer } from './azure/postgresql-flexible-server.ts';
import { sqlServer } from './azure/sql-server.ts';
import { rdsCluster } from './aws/rds-cluster.ts';
import { rdsInstance } from './aws/rds-instance.ts';
import { rdsParameterGroup } from './aws/rds-parameter-group.ts';
import { s3AccountBlock } from './aws/s3-account-block.ts';
import { s3Bucket } from './aws/s3-bucket.ts';
import { sageMakerEndpoint, sageMakerEndpointConfig, sageMakerModel } from './aws/sagemaker-endpoint.ts';
import { securityGroup } from './aws/security-group.ts';
import { mlWorkspace } from './azure/ml-workspace.ts';
import { mlOnlineEndpoint } from './azure/ml-online-endpoint.ts';
import { cognitiveAccount } from './azure/cognitive-account.ts';
import { networkSecurityGroup } from './azure/network-security-group.ts';
import { storageAccount } from './azure/storage-account.ts';
import { auditConfig } from './gcp/audit-config.ts';
import { firewallRule } from './gcp/firewall-rule.ts';
import { orgPolicy } from './gcp/org-policy.ts';
import { sqlInstance } from './gcp/sql-instance.ts';
import { storageBucket } from './gcp/storage-bucket.ts';
import { vertexEndpoint } from './gcp/vertex-endpoint.ts';
import type { Mapping } from './mapping.ts';

/** Every mapping there is: one line each. */
export const mappings: readonly Mapping[] = [
  s3Bucket,
  s3AccountBlock,
  securityGroup,
  rdsInstance,
  rdsCluster,
  rdsParameterGroup,
  sageMakerEndpoint,
  sageMakerEndpointConfig,
  sageMakerModel,
  storageBucket,
  sqlInstance,
  firewallRule,
  vertexEndpoint,
  orgPolicy,
  auditConfig,
  storageAccount,
  networkSecurityGroup,
  cognitiveAccount,
  mlOnlineEndpoint,
  mlWorkspace,
  sqlServer,
  postgresqlFlexibleServer,
  mysqlFlexibleServer,
];

/** A part of a mapping that a native type can be. */
export interface Candidate {
  readonly mapping: Mapping;
  readonly part: string;
  readonly main: boolean;
}

export interface Registry {
  readonly mappings: readonly Mapping[];
  /** The parts that a native type of a dialect can be; several where a type attaches to many things (diagnostic settings). */
  candidates(dialect: Dialect, nativeType: string): readonly Candidate[];
  /** As `candidates`, less those whose part does not accept the document. */
  candidatesFor(native: NativeResource): readonly Candidate[];
  mapping(id: string): Mapping | undefined;
}

/** Indexes mappings by dialect and native type. Throws on a duplicate id or two main parts for one native type. */
export function makeRegistry(list: readonly Mapping[]): Registry {
  const byNative = new Map<string, Candidate[]>();
  const byId = new Map<string, Mapping>();
  for (const mapping of list) {
    if (byId.has(mapping.id)) throw new Error(`two mappings are called ${mapping.id}`);
    byId.set(mapping.id, mapping);
    const main = mainPart(mapping);
    for (const [name, part] of Object.entries(mapping.parts)) {
      for (const dialect of Object.keys(part.native) as Dialect[]) {
        for (const type of nativeTypes(part, dialect)) {
          const key = `${dialect} ${type}`;
          const others = byNative.get(key) ?? [];
          if (name === main && others.some((o) => o.main)) throw new Error(`two mappings claim ${key}`);
          byNative.set(key, [...others, { mapping, part: name, main: name === main }]);
        }
      }
    }
  }
  return {
    mappings: list,
    candidates: (dialect, type) => byNative.get(`${dialect} ${type}`) ?? [],
    candidatesFor: (native) =>
      (byNative.get(`${native.dialect} ${native.type}`) ?? []).filter(
        ({ mapping, part }) => mapping.parts[part]?.accepts?.(native) !== false,
      ),
    mapping: (id) => byId.get(id),
  };
}

/** The registry of this build. */
export const registry: Registry = makeRegistry(mappings);

/**
 * The asset types that Google is asked for, by content: a feed for each, and what a sweep lists. `…#iam` and `…#orgpolicy`
 * are other contents of the same asset type.
 */
export const assetTypes: { readonly [content in 'RESOURCE' | 'IAM_POLICY' | 'ORG_POLICY']: readonly string[] } = {
  RESOURCE: assetTypesOf(''),
  IAM_POLICY: assetTypesOf('#iam'),
  ORG_POLICY: assetTypesOf('#orgpolicy'),
};

function assetTypesOf(content: string): readonly string[] {
  const types = mappings.flatMap(({ parts }) => Object.values(parts).flatMap((part) => nativeTypes(part, 'gcp.cai')));
  const of = types.flatMap((type) => {
    const [asset = '', suffix = ''] = type.split('#');
    return (suffix === '' ? '' : `#${suffix}`) === content ? [asset] : [];
  });
  return [...new Set(of)].sort();
}
