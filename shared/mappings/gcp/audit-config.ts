/**
 * Data Access audit logs, which are switched on in the IAM policy of a project, folder or organisation, for one service
 * or for all; what is on above cannot be switched off below.
 * https://cloud.google.com/logging/docs/audit/configure-data-access (read 2026-11-25)
 */
import type { State } from '../../model/fact.ts';
import { isObject } from '../../model/json.ts';
import { type Body, type NativeResource, Unresolved } from '../../model/native.ts';
import { defineMapping, type Mapping, type Parts } from '../mapping.ts';
import { derive, look, type Reader, type Reading, unknown } from '../reader.ts';
import { levels, levelsAbove } from './hierarchy.ts';

const VERTEX = 'aiplatform.googleapis.com';
const OFF = {
  state: 'default',
  value: false,
  because: 'https://cloud.google.com/logging/docs/audit/configure-data-access',
  on: '2026-11-25',
} as const;

type Fields = { readonly [key: string]: Body };

/** The first key that is there, so that both spellings of an envelope are read. */
const pick = (object: Fields, ...keys: readonly string[]): { readonly key: string; readonly value: Body } => {
  const key = keys.find((k) => object[k] !== undefined && object[k] !== null) ?? keys[0] ?? '';
  return { key, value: object[key] ?? null };
};

/** True where reads of data are logged for the service, whoever reads. A log that leaves members out is not that. */
function logsReads(config: Body, service: string, place: string): Reading<boolean> {
  if (!isObject(config)) return unknown('invalid', place, 'an audit configuration is an object');
  if (config.service instanceof Unresolved) return unknown('unresolved', `${place}/service`, config.service.detail);
  if (config.service !== 'allServices' && config.service !== service) return OFF;
  const logs = pick(config, 'auditLogConfigs', 'audit_log_configs', 'audit_log_config');
  if (logs.value instanceof Unresolved) return unknown('unresolved', `${place}/${logs.key}`, logs.value.detail);
  if (!Array.isArray(logs.value)) return OFF;
  for (const [i, log] of (logs.value as readonly Body[]).entries()) {
    const here = `${place}/${logs.key}/${i}`;
    if (!isObject(log)) return unknown('invalid', here, 'a log configuration is an object');
    const type = pick(log, 'logType', 'log_type');
    if (typeof type.value !== 'string') return unknown('invalid', `${here}/${type.key}`, 'a log has a type');
    if (type.value !== 'DATA_READ') continue;
    const exempted = pick(log, 'exemptedMembers', 'exempted_members').value;
    if (exempted instanceof Unresolved) return unknown('unresolved', here, exempted.detail);
    if (exempted === null || (Array.isArray(exempted) && exempted.length === 0)) {
      return { state: 'known', value: true, at: `${here}/${type.key}` };
    }
  }
  return OFF;
}

/** Over all configurations of a policy: on if one of them is. */
const readsLogged = (service: string): Reader<boolean> =>
  derive<boolean>((native) => {
    const { body } = native;
    if (!isObject(body)) return unknown('unresolved', native.pointer, 'the IAM policy was not seen');
    if (native.dialect === 'terraform') return logsReads(body, service, native.pointer);
    for (const key of ['/auditConfigs', '/audit_configs']) {
      const found = look(native, key);
      if (found.is === 'absent') continue;
      if (found.is !== 'value' || !Array.isArray(found.value)) return unknown('invalid', found.at);
      const readings = found.value.map((c, i) => logsReads(c as Body, service, `${found.at}/${i}`));
      return readings.find((r) => r.state === 'known' && r.value) ?? readings.find((r) => r.state === 'unknown') ?? OFF;
    }
    return OFF;
  });

/** The audit configuration of one project, folder or organisation; in a plan, of one service of a project. */
export const auditConfig: Mapping = defineMapping('gcp/audit-config', {
  cloud: 'gcp',
  kind: null,
  title: 'Data Access audit logs of a project, folder or organisation',
  parts: {
    policy: {
      native: {
        'gcp.cai': [
          'cloudresourcemanager.googleapis.com/Project#iam',
          'cloudresourcemanager.googleapis.com/Folder#iam',
          'cloudresourcemanager.googleapis.com/Organization#iam',
        ],
        terraform: 'google_project_iam_audit_config',
      },
      readings: { vertex_reads_logged: { 'gcp.cai': readsLogged(VERTEX), terraform: readsLogged(VERTEX) } },
    },
  },
  facts: {},
});

/** The dependencies of a resource on the audit configurations above it. */
export const auditConfigDependencies: NonNullable<Mapping['dependsOn']> = {
  planned_audit: {
    mapping: 'gcp/audit-config',
    on: (native: NativeResource) =>
      native.dialect === 'terraform' && native.account !== undefined ? { name: native.account } : undefined,
  },
  ...levelsAbove('gcp/audit-config'),
};

/** Whether calls of a model are in the Data Access audit logs. On at any level is on; off needs every level to be seen. */
export function vertexReadsLogged(parts: Parts): State<boolean> {
  const planned = { name: 'planned_audit', parts: parts.dependency('planned_audit') };
  const all = [...(planned.parts === undefined ? [] : [planned]), ...levels(parts)];
  for (const level of all) {
    const here = level.parts?.get<boolean>('vertex_reads_logged');
    if (here?.state === 'known' && here.value) return { ...here, part: level.name };
  }
  const live = levels(parts);
  return live.length > 0 && live.every((l) => l.parts?.get<boolean>('vertex_reads_logged')?.state === 'default')
    ? OFF
    : {
        state: 'unknown',
        why: 'not_collected',
        detail: 'the audit configuration of the project, or of a folder or organisation above it, was not seen',
      };
}
