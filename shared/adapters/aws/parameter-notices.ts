import { registry } from '../../mappings/registry.ts';
import { isAppError } from '../../model/errors.ts';
import type { Notice } from '../../model/change.ts';
import type { NativeResource } from '../../model/native.ts';

const PARAMETER_GROUP = 'aws/rds-parameter-group';

/**
 * Notices of the parameter groups that these databases rest on: Config has no type for them, so they are read when a
 * database is heard of. A document that cannot be read has none: who judges it says what is wrong with it.
 */
export function parameterNotices(read: () => readonly NativeResource[], changedAt: string): readonly Notice[] {
  const notices = new Map<string, Notice>();
  for (const native of readable(read)) {
    if (native.deleted === true) continue;
    for (const { mapping, main } of registry.candidatesFor(native)) {
      for (const dependency of main ? Object.values(mapping.dependsOn ?? {}) : []) {
        const ref = dependency.mapping === PARAMETER_GROUP ? dependency.on(native) : undefined;
        if (ref === undefined || !('id' in ref)) continue;
        const { id } = ref;
        notices.set(id, {
          is: 'notice',
          cloud: 'aws',
          resourceId: id,
          nativeType: id.includes(':cluster-pg:') ? 'AWS::RDS::DBClusterParameterGroup' : 'AWS::RDS::DBParameterGroup',
          ...(native.account === undefined ? {} : { account: native.account }),
          ...(native.region === undefined ? {} : { region: native.region }),
          changedAt,
        });
      }
    }
  }
  return [...notices.values()];
}

function readable(read: () => readonly NativeResource[]): readonly NativeResource[] {
  try {
    return read();
  } catch (error) {
    if (isAppError(error)) return [];
    throw error;
  }
}
