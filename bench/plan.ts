/**
 * Terraform plans as `terraform show -json` writes them (one line), of any size: services of three clouds, of thirty
 * resources each. Twelve of the thirty are of types that no mapping knows, nine become resources that are judged, the
 * others belong to those. Half of the services are instances of a module. The same size gives the same bytes.
 */
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { terraformPlan } from '../shared/mappings/dialects/terraform.ts';
import { mapDocument, type MappedResource } from '../shared/mappings/document.ts';
import type { Json } from '../shared/model/json.ts';

type Value = null | boolean | number | string | readonly Value[] | { readonly [key: string]: Value };
type Values = { readonly [attribute: string]: Value };

interface Resource {
  readonly type: string;
  readonly name: string;
  /** What the configuration writes. */
  readonly set: Values;
  /** What the provider chooses: unknown in a plan that creates it. */
  readonly computed?: Values;
  /** Attributes that refer to others: what they refer to, and the value once that exists. */
  readonly refs?: { readonly [attribute: string]: readonly [reference: string, value: string] };
  readonly sensitive?: readonly string[];
}

export const RESOURCES_PER_SERVICE = 30;
const SERVICES_PER_MODULE = 10;

/** A small generator of numbers in [0, 1): mulberry32. */
function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const ENVIRONMENTS = ['production', 'staging', 'development', 'test', 'sandbox'];
const CLASSES = ['public', 'internal', 'confidential', 'restricted'];
const OWNERS = [
  'payments',
  'platform-core',
  'claims',
  'data',
  'identity',
  ...Array.from({ length: 35 }, (_, i) => `team-${i}`),
];
const REGIONS = ['eu-west-1', 'eu-central-1', 'us-east-1'];

function service(n: number): readonly Resource[] {
  const next = random(n + 1);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)] as T;
  const chance = (p: number): boolean => next() < p;
  const id = String(n).padStart(5, '0');
  const app = `svc-${id}`;
  const account = String(100_000_000_000 + (n % 40));
  const region = pick(REGIONS);
  const tags: { [key: string]: string } = {
    service: app,
    managed_by: 'terraform',
    cost_centre: `cc-${n % 97}`,
    repository: `acme/${app}-infrastructure`,
    contact: `${app}@example.com`,
  };
  if (chance(0.9)) tags['environment'] = pick(ENVIRONMENTS);
  if (chance(0.7)) tags['data_classification'] = pick(CLASSES);
  if (chance(0.8)) tags['owner'] = pick(OWNERS);
  if (chance(0.2)) tags['exposure'] = 'internal';
  const labels = { ...tags };
  const arn = (of: string, rest: string, at = region): string => `arn:aws:${of}:${at}:${account}:${rest}`;
  const bucketName = `${app}-documents-${tags['environment'] ?? 'none'}`;
  const bucketRef = (attribute = 'id'): readonly [string, string] => [
    `aws_s3_bucket.documents.${attribute}`,
    bucketName,
  ];
  const groupId = `sg-0${(n * 7919).toString(16).padStart(16, '0')}`;
  const webId = `sg-1${(n * 7919).toString(16).padStart(16, '0')}`;
  const range = (): string =>
    chance(0.5)
      ? pick(['10.0.0.0/8', '10.20.0.0/16', '0.0.0.0/0', '192.168.4.0/24', '172.16.0.0/12'])
      : `10.${Math.floor(next() * 256)}.${Math.floor(next() * 256)}.0/24`;
  const bucketPolicy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'DenyWithoutTls',
        Effect: 'Deny',
        Principal: '*',
        Action: 's3:*',
        Resource: [`arn:aws:s3:::${bucketName}`, `arn:aws:s3:::${bucketName}/*`],
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      },
      {
        Sid: 'Readers',
        Effect: 'Allow',
        Principal: chance(0.1) ? '*' : { AWS: [`arn:aws:iam::${account}:role/${app}-reader`] },
        Action: ['s3:GetObject', 's3:ListBucket'],
        Resource: [`arn:aws:s3:::${bucketName}`, `arn:aws:s3:::${bucketName}/*`],
      },
    ],
  });
  const assume = JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { Service: 'ecs-tasks.amazonaws.com' }, Action: 'sts:AssumeRole' }],
  });
  const key = chance(0.5) ? arn('kms', `key/8b1f0c2e-4d7a-4c7e-9f1e-0000000${id}`) : null;
  const rule = (from: number, to: number, cidr: string): Values => ({
    from_port: from,
    to_port: to,
    protocol: 'tcp',
    cidr_blocks: [cidr],
    ipv6_cidr_blocks: [],
    prefix_list_ids: [],
    security_groups: [],
    self: false,
    description: `port ${from}`,
  });
  const port = chance(0.8) ? pick([22, 443, 3306, 3389, 5432, 8443]) : 1024 + Math.floor(next() * 60_000);
  return [
    {
      type: 'aws_s3_bucket',
      name: 'documents',
      set: { bucket: bucketName, force_destroy: false, tags },
      computed: {
        id: bucketName,
        arn: `arn:aws:s3:::${bucketName}`,
        region,
        acl: null,
        bucket_domain_name: `${bucketName}.s3.amazonaws.com`,
        bucket_regional_domain_name: `${bucketName}.s3.${region}.amazonaws.com`,
        hosted_zone_id: 'Z1BKCTXD74EZPE',
        request_payer: 'BucketOwner',
        object_lock_enabled: false,
        policy: bucketPolicy,
        tags_all: tags,
        versioning: [{ enabled: true, mfa_delete: false }],
        logging: [],
        grant: [],
        cors_rule: [],
        lifecycle_rule: [],
        website: [],
        server_side_encryption_configuration: [],
      },
    },
    {
      type: 'aws_s3_bucket_versioning',
      name: 'documents',
      set: {
        expected_bucket_owner: '',
        mfa: null,
        versioning_configuration: [{ status: chance(0.8) ? 'Enabled' : 'Suspended' }],
      },
      refs: { bucket: bucketRef() },
      computed: { id: bucketName },
    },
    {
      type: 'aws_s3_bucket_public_access_block',
      name: 'documents',
      set: {
        block_public_acls: chance(0.9),
        block_public_policy: chance(0.9),
        ignore_public_acls: true,
        restrict_public_buckets: chance(0.9),
        skip_destroy: null,
      },
      refs: { bucket: bucketRef() },
      computed: { id: bucketName },
    },
    {
      type: 'aws_s3_bucket_server_side_encryption_configuration',
      name: 'documents',
      set: {
        expected_bucket_owner: '',
        rule: [
          {
            apply_server_side_encryption_by_default: [
              { kms_master_key_id: key ?? '', sse_algorithm: key === null ? 'AES256' : 'aws:kms' },
            ],
            bucket_key_enabled: true,
          },
        ],
      },
      refs: { bucket: bucketRef('bucket') },
      computed: { id: bucketName },
    },
    {
      type: 'aws_s3_bucket_policy',
      name: 'documents',
      set: { policy: bucketPolicy },
      refs: { bucket: bucketRef() },
      computed: { id: bucketName },
    },
    {
      type: 'aws_s3_bucket_logging',
      name: 'documents',
      set: { expected_bucket_owner: '', target_bucket: 'acme-access-logs', target_prefix: `${app}/`, target_grant: [] },
      refs: { bucket: bucketRef() },
      computed: { id: bucketName },
    },
    {
      type: 'aws_security_group',
      name: 'database',
      set: {
        name: `${app}-database`,
        description: `Database of ${app}`,
        vpc_id: `vpc-0${account}`,
        ingress: [rule(port, port, range()), rule(9100, 9100, '10.0.0.0/8')],
        egress: [rule(0, 65_535, '10.0.0.0/8')],
        revoke_rules_on_delete: false,
        timeouts: null,
        tags,
      },
      computed: {
        id: groupId,
        arn: arn('ec2', `security-group/${groupId}`),
        owner_id: account,
        name_prefix: '',
        tags_all: tags,
      },
    },
    {
      type: 'aws_security_group',
      name: 'web',
      set: { name: `${app}-web`, description: `Web tier of ${app}`, vpc_id: `vpc-0${account}`, tags },
      computed: {
        id: webId,
        arn: arn('ec2', `security-group/${webId}`),
        owner_id: account,
        name_prefix: '',
        tags_all: tags,
        ingress: [],
        egress: [],
      },
    },
    ...[443, pick([80, 22, 8080])].map(
      (p, i): Resource => ({
        type: 'aws_vpc_security_group_ingress_rule',
        name: `web_${i}`,
        set: {
          ip_protocol: 'tcp',
          from_port: p,
          to_port: p,
          cidr_ipv4: '0.0.0.0/0',
          cidr_ipv6: null,
          description: `port ${p}`,
          tags,
        },
        refs: { security_group_id: ['aws_security_group.web.id', webId] },
        computed: {
          id: `sgr-0${i}${id}`,
          arn: arn('ec2', `security-group-rule/sgr-0${i}${id}`),
          security_group_rule_id: `sgr-0${i}${id}`,
          tags_all: tags,
        },
      }),
    ),
    {
      type: 'aws_db_parameter_group',
      name: 'main',
      set: {
        name: app,
        family: 'postgres16',
        description: 'Managed by Terraform',
        parameter: [
          { apply_method: 'pending-reboot', name: 'rds.force_ssl', value: chance(0.8) ? '1' : '0' },
          { apply_method: 'immediate', name: 'log_min_duration_statement', value: '500' },
          { apply_method: 'immediate', name: 'idle_in_transaction_session_timeout', value: '60000' },
        ],
        tags,
      },
      computed: { id: app, arn: arn('rds', `pg:${app}`), name_prefix: '', tags_all: tags },
    },
    {
      type: 'aws_db_instance',
      name: 'main',
      set: {
        identifier: app,
        engine: 'postgres',
        engine_version: '16.4',
        instance_class: 'db.t4g.medium',
        allocated_storage: 100,
        max_allocated_storage: 500,
        storage_encrypted: chance(0.9),
        publicly_accessible: chance(0.1),
        deletion_protection: chance(0.6),
        backup_retention_period: pick([0, 1, 7, 14, 35]),
        multi_az: chance(0.5),
        auto_minor_version_upgrade: true,
        copy_tags_to_snapshot: true,
        performance_insights_enabled: true,
        iam_database_authentication_enabled: true,
        skip_final_snapshot: false,
        final_snapshot_identifier: `${app}-final`,
        username: 'app',
        password: 'taken-from-a-vault',
        snapshot_identifier: null,
        replicate_source_db: null,
        restore_to_point_in_time: [],
        s3_import: [],
        timeouts: null,
        tags,
      },
      refs: {
        parameter_group_name: ['aws_db_parameter_group.main.name', app],
        kms_key_id: ['aws_kms_key.main.arn', arn('kms', `key/${id}`)],
      },
      computed: {
        id: `db-${id}`,
        arn: arn('rds', `db:${app}`),
        address: `${app}.example.internal`,
        endpoint: `${app}.example.internal:5432`,
        hosted_zone_id: 'Z1BKCTXD74EZPE',
        resource_id: `db-${id}`,
        status: 'available',
        availability_zone: `${region}a`,
        backup_window: '03:00-04:00',
        maintenance_window: 'sun:04:00-sun:05:00',
        ca_cert_identifier: 'rds-ca-rsa2048-g1',
        db_subnet_group_name: 'main',
        option_group_name: 'default:postgres-16',
        port: 5432,
        storage_type: 'gp3',
        tags_all: tags,
      },
      sensitive: ['password'],
    },
    {
      type: 'azurerm_storage_account',
      name: 'archive',
      set: {
        name: `svc${id}archive`,
        resource_group_name: `rg-${app}`,
        location: 'westeurope',
        account_kind: 'StorageV2',
        account_tier: 'Standard',
        account_replication_type: 'ZRS',
        allow_nested_items_to_be_public: chance(0.3),
        https_traffic_only_enabled: chance(0.9),
        min_tls_version: 'TLS1_2',
        public_network_access_enabled: true,
        shared_access_key_enabled: false,
        infrastructure_encryption_enabled: false,
        blob_properties: [
          { versioning_enabled: chance(0.7), change_feed_enabled: false, delete_retention_policy: [{ days: 14 }] },
        ],
        customer_managed_key: [],
        static_website: [],
        custom_domain: [],
        timeouts: null,
        tags,
      },
      computed: {
        id: `/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-${app}/providers/Microsoft.Storage/storageAccounts/svc${id}archive`,
        access_tier: 'Hot',
        primary_access_key: 'not-a-key',
        primary_blob_endpoint: `https://svc${id}archive.blob.core.windows.net/`,
        primary_blob_host: `svc${id}archive.blob.core.windows.net`,
        primary_location: 'westeurope',
        secondary_location: '',
      },
      sensitive: ['primary_access_key'],
    },
    {
      type: 'azurerm_storage_container',
      name: 'archive',
      set: { name: 'archive', container_access_type: chance(0.1) ? 'blob' : 'private', metadata: {}, timeouts: null },
      refs: {
        storage_account_id: [
          'azurerm_storage_account.archive.id',
          `/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-${app}/providers/Microsoft.Storage/storageAccounts/svc${id}archive`,
        ],
      },
      computed: { id: `svc${id}archive/archive`, has_immutability_policy: false, has_legal_hold: false },
    },
    {
      type: 'azurerm_network_security_group',
      name: 'app',
      set: {
        name: `nsg-${app}`,
        resource_group_name: `rg-${app}`,
        location: 'westeurope',
        security_rule: [443, port].map((p, i) => ({
          name: `rule-${i}`,
          description: '',
          direction: 'Inbound',
          access: chance(0.9) ? 'Allow' : 'Deny',
          priority: 100 + 10 * i,
          protocol: 'Tcp',
          source_port_range: '*',
          source_port_ranges: [],
          destination_port_range: String(p),
          destination_port_ranges: [],
          source_address_prefix: pick(['Internet', 'VirtualNetwork', '10.0.0.0/8', '*']),
          source_address_prefixes: [],
          destination_address_prefix: '*',
          destination_address_prefixes: [],
          source_application_security_group_ids: [],
          destination_application_security_group_ids: [],
        })),
        timeouts: null,
        tags,
      },
      computed: {
        id: `/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-${app}/providers/Microsoft.Network/networkSecurityGroups/nsg-${app}`,
      },
    },
    {
      type: 'google_storage_bucket',
      name: 'exports',
      set: {
        name: `acme-${app}-exports`,
        project: `acme-${n % 40}`,
        location: 'EUROPE-WEST1',
        storage_class: 'STANDARD',
        force_destroy: false,
        public_access_prevention: chance(0.7) ? 'enforced' : 'inherited',
        uniform_bucket_level_access: chance(0.8),
        versioning: [{ enabled: chance(0.7) }],
        encryption:
          key === null
            ? []
            : [
                {
                  default_kms_key_name: `projects/acme-${n % 40}/locations/europe-west1/keyRings/main/cryptoKeys/${app}`,
                },
              ],
        logging: [],
        lifecycle_rule: [],
        cors: [],
        labels,
      },
      computed: {
        id: `acme-${app}-exports`,
        self_link: `https://www.googleapis.com/storage/v1/b/acme-${app}-exports`,
        url: `gs://acme-${app}-exports`,
        effective_labels: labels,
        terraform_labels: labels,
      },
    },
    {
      type: 'google_compute_firewall',
      name: 'app',
      set: {
        name: `fw-${app}`,
        project: `acme-${n % 40}`,
        network: 'main',
        direction: 'INGRESS',
        disabled: false,
        priority: 1000,
        allow: [{ protocol: 'tcp', ports: [String(port), '8000-8100'] }],
        deny: [],
        source_ranges: [range()],
        source_tags: null,
        target_tags: [app],
        log_config: [],
        timeouts: null,
      },
      computed: {
        id: `projects/acme-${n % 40}/global/firewalls/fw-${app}`,
        self_link: `https://www.googleapis.com/compute/v1/projects/acme-${n % 40}/global/firewalls/fw-${app}`,
        creation_timestamp: '2026-01-01T00:00:00.000-08:00',
      },
    },
    {
      type: 'azurerm_cognitive_account',
      name: 'models',
      set: {
        name: `openai-${app}`,
        resource_group_name: `rg-${app}`,
        location: 'westeurope',
        kind: 'OpenAI',
        sku_name: 'S0',
        local_auth_enabled: chance(0.4),
        public_network_access_enabled: chance(0.5),
        customer_managed_key: [],
        network_acls: [],
        identity: [{ type: 'SystemAssigned', identity_ids: [] }],
        timeouts: null,
        tags,
      },
      computed: {
        id: `/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-${app}/providers/Microsoft.CognitiveServices/accounts/openai-${app}`,
        endpoint: `https://openai-${app}.openai.azure.com/`,
        primary_access_key: 'not-a-key',
        secondary_access_key: 'not-a-key',
      },
      sensitive: ['primary_access_key', 'secondary_access_key'],
    },
    // From here on: types that no mapping knows.
    {
      type: 'aws_kms_key',
      name: 'main',
      set: {
        description: `Key of ${app}`,
        enable_key_rotation: true,
        deletion_window_in_days: 30,
        is_enabled: true,
        key_usage: 'ENCRYPT_DECRYPT',
        multi_region: false,
        tags,
      },
      computed: {
        id,
        arn: arn('kms', `key/${id}`),
        key_id: id,
        policy: assume,
        rotation_period_in_days: 365,
        tags_all: tags,
      },
    },
    {
      type: 'aws_iam_role',
      name: 'task',
      set: {
        name: `${app}-task`,
        assume_role_policy: assume,
        description: '',
        force_detach_policies: false,
        max_session_duration: 3600,
        path: '/',
        tags,
      },
      computed: {
        id: `${app}-task`,
        arn: `arn:aws:iam::${account}:role/${app}-task`,
        create_date: '2026-01-01T00:00:00Z',
        unique_id: `AROA${id}`,
        inline_policy: [],
        managed_policy_arns: [],
        tags_all: tags,
      },
    },
    {
      type: 'aws_iam_policy',
      name: 'task',
      set: { name: `${app}-task`, path: '/', description: '', policy: bucketPolicy, tags },
      computed: {
        id: `arn:aws:iam::${account}:policy/${app}-task`,
        arn: `arn:aws:iam::${account}:policy/${app}-task`,
        attachment_count: 1,
        policy_id: `ANPA${id}`,
        tags_all: tags,
      },
    },
    {
      type: 'aws_iam_role_policy_attachment',
      name: 'task',
      set: {},
      refs: {
        role: ['aws_iam_role.task.name', `${app}-task`],
        policy_arn: ['aws_iam_policy.task.arn', `arn:aws:iam::${account}:policy/${app}-task`],
      },
      computed: { id: `${app}-task-${id}` },
    },
    {
      type: 'aws_cloudwatch_log_group',
      name: 'app',
      set: {
        name: `/ecs/${app}`,
        retention_in_days: 30,
        kms_key_id: '',
        log_group_class: 'STANDARD',
        skip_destroy: false,
        tags,
      },
      computed: { id: `/ecs/${app}`, arn: arn('logs', `log-group:/ecs/${app}`), name_prefix: '', tags_all: tags },
    },
    {
      type: 'aws_ecs_task_definition',
      name: 'app',
      set: {
        family: app,
        cpu: '512',
        memory: '1024',
        network_mode: 'awsvpc',
        requires_compatibilities: ['FARGATE'],
        container_definitions: JSON.stringify([
          {
            name: app,
            image: `${account}.dkr.ecr.${region}.amazonaws.com/${app}:1.${n % 100}.0`,
            essential: true,
            portMappings: [{ containerPort: 8080, hostPort: 8080, protocol: 'tcp' }],
            environment: Array.from({ length: 12 }, (_, i) => ({
              name: `SETTING_${i}`,
              value: `value-${i}-of-${app}`,
            })),
            logConfiguration: {
              logDriver: 'awslogs',
              options: { 'awslogs-group': `/ecs/${app}`, 'awslogs-region': region },
            },
          },
        ]),
        volume: [],
        tags,
      },
      refs: { task_role_arn: ['aws_iam_role.task.arn', `arn:aws:iam::${account}:role/${app}-task`] },
      computed: { id: app, arn: arn('ecs', `task-definition/${app}:1`), revision: 1, tags_all: tags },
    },
    {
      type: 'aws_ecs_service',
      name: 'app',
      set: {
        name: app,
        cluster: 'main',
        desired_count: 3,
        launch_type: 'FARGATE',
        enable_execute_command: false,
        propagate_tags: 'SERVICE',
        network_configuration: [{ assign_public_ip: false, subnets: ['subnet-1', 'subnet-2'] }],
        tags,
      },
      refs: { task_definition: ['aws_ecs_task_definition.app.arn', arn('ecs', `task-definition/${app}:1`)] },
      computed: { id: app, iam_role: 'ecs', platform_version: 'LATEST', triggers: {}, tags_all: tags },
    },
    {
      type: 'aws_lambda_function',
      name: 'worker',
      set: {
        function_name: `${app}-worker`,
        handler: 'index.handler',
        runtime: 'nodejs24.x',
        memory_size: 512,
        timeout: 30,
        publish: false,
        environment: [{ variables: { LOG_LEVEL: 'info', SERVICE: app } }],
        tags,
      },
      refs: { role: ['aws_iam_role.task.arn', `arn:aws:iam::${account}:role/${app}-task`] },
      computed: {
        id: `${app}-worker`,
        arn: arn('lambda', `function:${app}-worker`),
        code_sha256: id,
        last_modified: '2026-01-01T00:00:00Z',
        version: '$LATEST',
        tags_all: tags,
      },
    },
    {
      type: 'aws_cloudwatch_metric_alarm',
      name: 'errors',
      set: {
        alarm_name: `${app}-errors`,
        comparison_operator: 'GreaterThanThreshold',
        evaluation_periods: 3,
        metric_name: 'Errors',
        namespace: 'AWS/Lambda',
        period: 60,
        statistic: 'Sum',
        threshold: 5,
        dimensions: { FunctionName: `${app}-worker` },
        tags,
      },
      computed: {
        id: `${app}-errors`,
        arn: arn('cloudwatch', `alarm:${app}-errors`),
        evaluate_low_sample_count_percentiles: null,
        tags_all: tags,
      },
    },
    {
      type: 'aws_route53_record',
      name: 'app',
      set: {
        name: `${app}.example.internal`,
        type: 'CNAME',
        ttl: 60,
        records: [`${app}.elb.example.internal`],
        zone_id: 'Z1BKCTXD74EZPE',
      },
      computed: { id: `Z1BKCTXD74EZPE_${app}`, fqdn: `${app}.example.internal`, allow_overwrite: null },
    },
    {
      type: 'azurerm_resource_group',
      name: 'app',
      set: { name: `rg-${app}`, location: 'westeurope', managed_by: '', timeouts: null, tags },
      computed: { id: `/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-${app}` },
    },
    {
      type: 'google_service_account',
      name: 'app',
      set: { account_id: app, project: `acme-${n % 40}`, display_name: app, description: '', disabled: false },
      computed: {
        id: `projects/acme-${n % 40}/serviceAccounts/${app}`,
        email: `${app}@acme-${n % 40}.iam.gserviceaccount.com`,
        member: `serviceAccount:${app}`,
        unique_id: id,
      },
    },
  ];
}

/** Attributes that nobody sets: a plan names them all the same. */
const UNSET: { readonly [type: string]: string } = {
  aws_s3_bucket: 'bucket_prefix timeouts acceleration_status',
  aws_db_instance:
    'allow_major_version_upgrade apply_immediately blue_green_update character_set_name custom_iam_instance_profile customer_owned_ip_enabled database_insights_mode db_name dedicated_log_volume delete_automated_backups domain domain_auth_secret_arn domain_dns_ips domain_fqdn domain_iam_role_name domain_ou enabled_cloudwatch_logs_exports engine_lifecycle_support manage_master_user_password master_user_secret_kms_key_id monitoring_interval nchar_character_set_name network_type password_wo password_wo_version performance_insights_kms_key_id replica_mode storage_throughput timezone upgrade_storage_config',
  aws_lambda_function:
    'architectures code_signing_config_arn dead_letter_config description durable_config ephemeral_storage file_system_config filename image_config image_uri kms_key_arn layers logging_config package_type replace_security_groups_on_destroy replacement_security_group_ids reserved_concurrent_executions s3_bucket s3_key s3_object_version snap_start source_code_hash timeouts tracing_config vpc_config',
  aws_ecs_service:
    'alarms availability_zone_rebalancing capacity_provider_strategy deployment_circuit_breaker deployment_controller deployment_maximum_percent deployment_minimum_healthy_percent enable_ecs_managed_tags force_delete force_new_deployment health_check_grace_period_seconds load_balancer ordered_placement_strategy placement_constraints scheduling_strategy service_connect_configuration service_registries sigint_rollback timeouts volume_configuration vpc_lattice_configurations wait_for_steady_state',
  aws_ecs_task_definition:
    'enable_fault_injection ephemeral_storage execution_role_arn inference_accelerator ipc_mode pid_mode placement_constraints proxy_configuration runtime_platform skip_destroy track_latest',
  aws_cloudwatch_metric_alarm:
    'actions_enabled alarm_actions alarm_description datapoints_to_alarm extended_statistic insufficient_data_actions metric_query ok_actions threshold_metric_id treat_missing_data unit',
  aws_route53_record:
    'alias cidr_routing_policy failover_routing_policy geolocation_routing_policy geoproximity_routing_policy health_check_id latency_routing_policy multivalue_answer_routing_policy set_identifier timeouts weighted_routing_policy',
  azurerm_storage_account:
    'allowed_copy_scope azure_files_authentication cross_tenant_replication_enabled default_to_oauth_authentication dns_endpoint_type edge_zone identity immutability_policy is_hns_enabled large_file_share_enabled local_user_enabled network_rules nfsv3_enabled provisioned_billing_model_version queue_encryption_key_type queue_properties routing sas_policy sftp_enabled share_properties table_encryption_key_type',
  google_storage_bucket:
    'autoclass custom_placement_config default_event_based_hold enable_object_retention hierarchical_namespace ip_filter requester_pays retention_policy rpo soft_delete_policy timeouts website',
  google_compute_firewall: 'description destination_ranges params source_service_accounts target_service_accounts',
};
const unset = (type: string): Values =>
  Object.fromEntries((UNSET[type] ?? '').split(' ').flatMap((name) => (name === '' ? [] : [[name, null]])));

const providerOf = (type: string): string => type.split('_')[0] ?? '';
const source = (type: string): string => `registry.terraform.io/hashicorp/${providerOf(type)}`;

/** How a service is planned: most of a large plan is there already and stays as it is. */
const actionOf = (n: number): 'create' | 'no-op' | 'update' =>
  n % 10 < 3 ? 'create' : n % 10 < 9 ? 'no-op' : 'update';

const written = (r: Resource): Values => ({ ...unset(r.type), ...r.set });
const existing = (r: Resource): Values => ({
  ...unset(r.type),
  ...r.set,
  ...r.computed,
  ...Object.fromEntries(Object.entries(r.refs ?? {}).map(([attribute, [, value]]) => [attribute, value])),
});
const marks = (names: readonly string[]): Values => Object.fromEntries(names.map((name) => [name, true]));
const unknown = (r: Resource): Values => marks([...Object.keys(r.computed ?? {}), ...Object.keys(r.refs ?? {})]);

function expression(value: Value): Value {
  const blocks = Array.isArray(value) && value.length > 0 && value.every((v) => typeof v === 'object' && v !== null);
  return blocks ? (value as readonly Values[]).map(expressions) : { constant_value: value };
}

function expressions(values: Values): { readonly [attribute: string]: Value } {
  const set = Object.entries(values).filter(([, value]) => value !== null);
  return Object.fromEntries(set.map(([attribute, value]) => [attribute, expression(value)]));
}

function configured(r: Resource): Values {
  const refs = Object.entries(r.refs ?? {}).map(([attribute, [reference]]) => {
    return [attribute, { references: [reference, reference.replace(/\.[^.]+$/, '')] }] as const;
  });
  return {
    address: `${r.type}.${r.name}`,
    mode: 'managed',
    type: r.type,
    name: r.name,
    provider_config_key: providerOf(r.type),
    expressions: { ...expressions(r.set), ...Object.fromEntries(refs) },
    schema_version: 0,
  };
}

/** Where a service lives: by itself in the root module, or as an instance of a module that ten of them share. */
function homeOf(n: number): { readonly module: string; readonly suffix: string } {
  const group = Math.floor(n / SERVICES_PER_MODULE);
  if (group % 2 === 0) return { module: '', suffix: `_${n}` };
  return { module: `module.services_${group}["s${n}"]`, suffix: '' };
}

const KNOWN_SUFFIX = /^(aws|azurerm|google)_\w+\.\w+/;

/** The resources of a service under the names of its home. */
function inHome(n: number): readonly Resource[] {
  const { suffix } = homeOf(n);
  if (suffix === '') return service(n);
  return service(n).map((r) => ({
    ...r,
    name: `${r.name}${suffix}`,
    ...(r.refs === undefined
      ? {}
      : {
          refs: Object.fromEntries(
            Object.entries(r.refs).map(([attribute, [reference, value]]) => [
              attribute,
              [reference.replace(KNOWN_SUFFIX, (found) => `${found}${suffix}`), value] as const,
            ]),
          ),
        }),
  }));
}

const addressOf = (module: string, r: Resource): string => `${module === '' ? '' : `${module}.`}${r.type}.${r.name}`;

function planned(module: string, r: Resource, action: string): Values {
  return {
    address: addressOf(module, r),
    mode: 'managed',
    type: r.type,
    name: r.name,
    provider_name: source(r.type),
    schema_version: 0,
    values: action === 'create' ? written(r) : existing(r),
    sensitive_values: marks(r.sensitive ?? []),
  };
}

function change(module: string, r: Resource, action: string): Values {
  const creates = action === 'create';
  return {
    address: addressOf(module, r),
    ...(module === '' ? {} : { module_address: module }),
    mode: 'managed',
    type: r.type,
    name: r.name,
    provider_name: source(r.type),
    change: {
      actions: [action],
      before: creates ? null : existing(r),
      after: creates ? written(r) : existing(r),
      after_unknown: creates ? unknown(r) : {},
      before_sensitive: creates ? false : marks(r.sensitive ?? []),
      after_sensitive: marks(r.sensitive ?? []),
    },
  };
}

/** Writes a plan of (at least) so many resources and gives how many it has, and its size in bytes. */
export function writePlan(path: string, resources: number): { readonly resources: number; readonly sizeBytes: number } {
  const services = Math.ceil(resources / RESOURCES_PER_SERVICE);
  const file = openSync(path, 'w');
  let sizeBytes = 0;
  const write = (text: string): void => {
    sizeBytes += writeSync(file, text);
  };
  /** The items of a list, one service at a time: a large plan is never held whole. */
  const list = (itemsOf: (n: number) => readonly Value[], from = 0, to = services): void => {
    let first = true;
    for (let n = from; n < to; n++) {
      const items = itemsOf(n);
      if (items.length === 0) continue;
      write(`${first ? '' : ','}${JSON.stringify(items).slice(1, -1)}`);
      first = false;
    }
  };
  const isRoot = (n: number): boolean => homeOf(n).module === '';
  try {
    write('{"format_version":"1.2","terraform_version":"1.13.4","planned_values":{"root_module":{"resources":[');
    list((n) => (isRoot(n) ? inHome(n).map((r) => planned('', r, actionOf(n))) : []));
    write('],"child_modules":[');
    list((n) => {
      const { module } = homeOf(n);
      if (module === '') return [];
      return [{ resources: inHome(n).map((r) => planned(module, r, actionOf(n))), address: module }];
    });
    write(']}},"resource_changes":[');
    list((n) => inHome(n).map((r) => change(homeOf(n).module, r, actionOf(n))));
    write(
      '],"prior_state":{"format_version":"1.0","terraform_version":"1.13.4","values":{"root_module":{"resources":[',
    );
    const isThere = (n: number): boolean => actionOf(n) !== 'create';
    list((n) => (isRoot(n) && isThere(n) ? inHome(n).map((r) => planned('', r, 'no-op')) : []));
    write('],"child_modules":[');
    list((n) => {
      const { module } = homeOf(n);
      if (module === '' || !isThere(n)) return [];
      return [{ resources: inHome(n).map((r) => planned(module, r, 'no-op')), address: module }];
    });
    const providers = { aws: { region: { constant_value: 'eu-west-1' } }, azurerm: { features: [{}] }, google: {} };
    const provider = Object.fromEntries(
      Object.entries(providers).map(([name, e]) => [name, { name, full_name: source(name), expressions: e }]),
    );
    write(`]}}},"configuration":{"provider_config":${JSON.stringify(provider)},"root_module":{"resources":[`);
    list((n) => (isRoot(n) ? inHome(n).map(configured) : []));
    write('],"module_calls":{');
    let first = true;
    for (let n = 0; n < services; n += SERVICES_PER_MODULE) {
      if (isRoot(n)) continue;
      const name = `services_${Math.floor(n / SERVICES_PER_MODULE)}`;
      const call = {
        source: './modules/service',
        expressions: { name: { references: ['each.key'] } },
        for_each_expression: { references: ['local.services'] },
        module: { resources: inHome(n).map(configured), variables: { name: {} } },
      };
      write(`${first ? '' : ','}${JSON.stringify(name)}:${JSON.stringify(call)}`);
      first = false;
    }
    write('}}},"timestamp":"2026-11-25T09:00:00Z","applyable":true,"complete":true,"errored":false}\n');
  } finally {
    closeSync(file);
  }
  return { resources: services * RESOURCES_PER_SERVICE, sizeBytes };
}

/** The resources of a plan of this size, mapped. */
export function mappedPlan(work: string, resources: number): readonly MappedResource[] {
  const path = join(work, `plan-${resources}.json`);
  writePlan(path, resources);
  return mapDocument(terraformPlan.read(JSON.parse(readFileSync(path, 'utf8')) as Json, {})).resources;
}
