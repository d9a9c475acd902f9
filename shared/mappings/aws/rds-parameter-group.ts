/**
 * RDS parameter groups, of instances and of clusters: whether clients have to use TLS. AWS Config has no type for them;
 * live, they are read by `DescribeDBParameters` and `DescribeDBClusterParameters`.
 *
 * | engine                 | parameter                  | value where nobody set it                  |
 * | ---------------------- | -------------------------- | ------------------------------------------ |
 * | PostgreSQL             | `rds.force_ssl`            | 1 from version 15 on                       |
 * | Aurora PostgreSQL      | `rds.force_ssl`            | 1 from version 17 on                       |
 * | SQL Server             | `rds.force_ssl`            | 0                                          |
 * | MySQL                  | `require_secure_transport` | ON from version 9.7 on                     |
 * | Aurora MySQL           | `require_secure_transport` | OFF                                        |
 * | MariaDB                | `require_secure_transport` | ON from version 11.8 on                    |
 * | Oracle, Db2            | an option group, listeners | not told by parameters: unknown            |
 */
import type { State } from '../../model/fact.ts';
import { isObject } from '../../model/json.ts';
import { type Body, type NativeResource, Unresolved } from '../../model/native.ts';
import { type Columns, defineMapping, type Parts } from '../mapping.ts';
import { at, type Because, derive, look, type Reader, unknown } from '../reader.ts';
import { type Flag } from '../certainty.ts';
import { doc } from './evidence.ts';

const RDS = 'https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide';
const AURORA = 'https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide';

interface Engine {
  /** Recognises a parameter group family (`postgres16`, `sqlserver-se-15.0`) or an engine followed by its version. */
  readonly family: RegExp;
  readonly parameter: 'force_ssl' | 'require_secure_transport';
  /** The first version whose default is on; `never`. */
  readonly since: readonly [major: number, minor: number] | 'never';
  readonly because: Because;
}
const ENGINES: readonly Engine[] = [
  {
    family: /^postgres-?(\d+)(?:\.(\d+))?/,
    parameter: 'force_ssl',
    since: [15, 0],
    because: doc(`${RDS}/PostgreSQL.Concepts.General.SSL.html`),
  },
  {
    family: /^aurora-postgresql-?(\d+)(?:\.(\d+))?/,
    parameter: 'force_ssl',
    since: [17, 0],
    because: doc(`${AURORA}/AuroraPostgreSQL.Security.html`),
  },
  {
    family: /^sqlserver-/,
    parameter: 'force_ssl',
    since: 'never',
    because: doc(`${RDS}/SQLServer.Concepts.General.SSL.Using.html`),
  },
  {
    family: /^mysql-?(\d+)(?:\.(\d+))?/,
    parameter: 'require_secure_transport',
    since: [9, 7],
    because: doc(`${RDS}/mysql-ssl-connections.require-ssl.html`),
  },
  {
    family: /^aurora(?:-mysql|-?5\.|-?$)/,
    parameter: 'require_secure_transport',
    since: 'never',
    because: doc(`${AURORA}/AuroraMySQL.Security.html`),
  },
  {
    family: /^mariadb-?(\d+)\.(\d+)/,
    parameter: 'require_secure_transport',
    since: [11, 8],
    because: doc(`${RDS}/mariadb-ssl-connections.require-ssl.html`),
  },
];

const engineOf = (family: string): { readonly engine: Engine; readonly version: RegExpExecArray } | undefined => {
  for (const engine of ENGINES) {
    const version = engine.family.exec(family.toLowerCase());
    if (version !== null) return { engine, version };
  }
  return undefined;
};

/** Whether TLS is required where nobody set the parameter; undefined for an engine or a version that the table does not have. */
function byDefault(family: string): Flag | undefined {
  const found = engineOf(family);
  if (found === undefined) return undefined;
  const { engine, version } = found;
  if (engine.since === 'never') return { state: 'default', value: false, ...engine.because };
  const [major, minor] = [Number(version[1]), Number(version[2] ?? 0)];
  const [sinceMajor, sinceMinor] = engine.since;
  // A major version alone leaves the minor one to RDS.
  if (major === sinceMajor && sinceMinor > 0 && version[2] === undefined) return undefined;
  const value = major > sinceMajor || (major === sinceMajor && minor >= sinceMinor);
  return { state: 'default', value, ...engine.because };
}

// --- the groups -----------------------------------------------------------------------------------------------------

const FLAG: { readonly [value: string]: boolean } = {
  '1': true,
  on: true,
  true: true,
  '0': false,
  off: false,
  false: false,
};

/** The value of a parameter; undefined if the group does not set it. */
const setting = (pointer: string, find: (value: Body) => Body | undefined): Reader<boolean> =>
  derive<boolean>((native) => {
    const found = look(native, pointer);
    if (found.is === 'absent' || (found.is === 'unresolved' && found.unset === true)) return undefined;
    if (found.is === 'denied') return unknown('denied', found.at);
    if (found.is === 'unresolved') return unknown('unresolved', found.at, found.detail);
    const value = find(found.value);
    if (value === undefined || value === null || value === '') return undefined;
    if (value instanceof Unresolved) return unknown('unresolved', found.at, value.detail);
    const flag =
      typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
        ? FLAG[String(value).toLowerCase()]
        : undefined;
    return flag === undefined ? unknown('invalid', found.at) : { state: 'known', value: flag, at: found.at };
  });

type Fields = { readonly [key: string]: Body };
/** In a list of `{name, value}`. An entry whose name is not known may be any parameter. */
const inList =
  (parameter: string, name: string, value: string) =>
  (list: Body): Body | undefined => {
    if (!Array.isArray(list)) return undefined;
    for (const entry of list as readonly Body[]) {
      if (entry instanceof Unresolved) return entry;
      const fields: Fields = isObject(entry) ? entry : {};
      const said = fields[name];
      if (said instanceof Unresolved) return said;
      if (typeof said === 'string' && said.toLowerCase() === parameter) return fields[value];
    }
    return undefined;
  };
const inObject =
  (parameter: string) =>
  (object: Body): Body | undefined =>
    isObject(object) ? Object.entries(object).find(([key]) => key.toLowerCase() === parameter)?.[1] : undefined;

const parameter = (name: string): Columns<boolean> => ({
  'aws.api': setting('/Parameters', inList(name, 'ParameterName', 'ParameterValue')),
  'aws.cfn': setting('/Parameters', inObject(name)),
  terraform: setting('/parameter', inList(name, 'name', 'value')),
});

export const rdsParameterGroup = defineMapping('aws/rds-parameter-group', {
  cloud: 'aws',
  kind: null,
  title: 'RDS parameter group',
  parts: {
    group: {
      native: {
        'aws.api': ['AWS::RDS::DBParameterGroup', 'AWS::RDS::DBClusterParameterGroup'],
        'aws.cfn': ['AWS::RDS::DBParameterGroup', 'AWS::RDS::DBClusterParameterGroup'],
        terraform: ['aws_db_parameter_group', 'aws_rds_cluster_parameter_group'],
      },
      readings: {
        family: {
          'aws.api': at('/DBParameterGroupFamily').string(),
          'aws.cfn': at('/Family').string(),
          terraform: at('/family').string(),
        },
        force_ssl: parameter('rds.force_ssl'),
        require_secure_transport: parameter('require_secure_transport'),
      },
    },
  },
  facts: {},
});

// --- what a database makes of them ----------------------------------------------------------------------------------

/** The version of an engine, which YAML reads as a number (`EngineVersion: 16`). */
export const engineVersion = (pointer: string): Reader<string> =>
  derive<string>((native) => {
    const found = look(native, pointer);
    return found.is === 'value' && typeof found.value === 'number'
      ? { state: 'known', value: String(found.value), at: found.at }
      : at(pointer).string()(native);
  });

/** The name of the group that a database uses, where it is written as a text. */
export const groupName = (pointer: string) =>
  derive<string>((native: NativeResource) => {
    const found = look(native, pointer);
    if (found.is === 'absent' || (found.is === 'unresolved' && found.unset === true)) return undefined;
    if (found.is === 'value' && typeof found.value === 'string')
      return { state: 'known', value: found.value, at: found.at };
    return unknown(found.is === 'denied' ? 'denied' : 'unresolved', found.at);
  });

const text = (state: State<string> | undefined): string | undefined =>
  state === undefined || state.state === 'unknown' ? undefined : state.value;

/**
 * True while a group that is named at one of these places is not in force. A database that gets another group runs with
 * the parameters of the former one until it restarts, the dynamic ones too.
 * https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBParameterGroupStatus.html and
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_WorkingWithParamGroups.Associating.html (read 2026-11-25)
 */
export const pending = (list: string, status: string): Reader<boolean> =>
  derive<boolean>((native) => {
    const found = look(native, list);
    const holders = found.is === 'value' && Array.isArray(found.value) ? (found.value as readonly Body[]) : [];
    const late = holders.findIndex((h) => isObject(h) && typeof h[status] === 'string' && h[status] !== 'in-sync');
    return late < 0 ? undefined : { state: 'known', value: true, at: `${found.at}/${late}/${status}` };
  });

/**
 * Whether clients have to use TLS: what the parameter group says, else the engine's default; not known while the group
 * is not in force. Reads `engine`, `engine_version`, `parameter_group`, `parameters_pending` and the dependency
 * `parameters` of an instance or a cluster.
 */
export function tlsRequired(parts: Parts): Flag {
  const flag = tlsInGroup(parts);
  const late = parts.get<boolean>('parameters_pending');
  return flag.state === 'unknown' || late?.state !== 'known'
    ? flag
    : unknown('not_collected', late.at, 'the parameter group is not in force yet');
}

function tlsInGroup(parts: Parts): Flag {
  const engine = text(parts.get<string>('engine'));
  const version = text(parts.get<string>('engine_version'));
  const family = engine === undefined ? undefined : `${engine}${version ?? ''}`;
  if (engine !== undefined && engineOf(engine) === undefined && engineOf(`${engine}1.0`) === undefined) {
    return unknown('not_collected', undefined, `how ${engine} requires TLS is not told by a parameter`);
  }
  const name = parts.get<string>('parameter_group');
  const group = parts.dependency('parameters');
  // One that was looked for and not found says nothing: a database cannot use it, so it was not the right one.
  if (group !== undefined && group.all('group').length > 0) {
    const of = text(group.get<string>('family')) ?? family;
    const found = of === undefined ? undefined : (engineOf(of) ?? engineOf(`${of}1.0`));
    if (of === undefined || found === undefined) return unknown('not_collected', undefined, 'the engine is not known');
    const set = group.get<boolean>(found.engine.parameter);
    if (set?.state === 'known') return { ...set, part: 'parameters' };
    return set ?? byDefault(of) ?? unknown('not_collected', undefined, 'the version of the engine is not known');
  }
  const named = text(name);
  // A default group cannot be changed; its name says the family.
  const standard = named?.toLowerCase().startsWith('default.') === true ? named.slice('default.'.length) : undefined;
  if (standard !== undefined) {
    return byDefault(standard) ?? unknown('not_collected', undefined, `the defaults of ${standard} are not known`);
  }
  if (name !== undefined || parts.depends('parameters')) {
    return unknown('not_collected', undefined, `the parameter group ${named ?? ''} was not seen`);
  }
  if (parts.creates && family !== undefined) {
    return byDefault(family) ?? unknown('not_collected', undefined, 'the version of the engine is not known');
  }
  return unknown('not_collected', undefined, 'the parameter group was not seen');
}
