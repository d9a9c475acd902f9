import { describe, expect, test } from 'vitest';
import type { FactStates } from '../../../../shared/model/fact.ts';
import type { Json } from '../../../../shared/model/json.ts';
import { mapped, only, type Planned, plan } from '../../../support/plan.ts';

type Fields = { readonly [key: string]: Json };
const asset = (data: Fields, name = 'orders'): Json => ({
  name: `//cloudsql.googleapis.com/projects/acme/instances/${name}`,
  assetType: 'sqladmin.googleapis.com/Instance',
  updateTime: '2026-03-01T10:00:00Z',
  resource: { data: { name, databaseVersion: 'POSTGRES_17', ...data } },
});
const facts = (data: Fields): FactStates => only(asset(data)).facts;
const settings = (s: Fields): FactStates => facts({ settings: s });
const ip = (ipConfiguration: Fields, more: Fields = {}): FactStates =>
  facts({ settings: { ipConfiguration }, ...more });

describe('a Cloud SQL instance', () => {
  test('what is not set has the documented default', () => {
    expect(settings({})).toMatchObject({
      public_endpoint: { state: 'default', value: true },
      encryption: { state: 'default', value: 'provider_key' },
      tls_required: { state: 'default', value: false },
      backup_retention_days: { state: 'default', value: 0 },
      deletion_protected: { state: 'default', value: false },
    });
  });

  test('is public by its switch or by its address; while they differ it is unknown', () => {
    const primary = {
      ipAddresses: [
        { type: 'OUTGOING', ipAddress: '198.51.100.1' },
        { type: 'PRIMARY', ipAddress: '198.51.100.2' },
      ],
    };
    const inner = { ipAddresses: [{ type: 'PRIVATE', ipAddress: '10.1.0.3' }] };
    expect(ip({ ipv4Enabled: true }).public_endpoint).toMatchObject({ state: 'known', value: true });
    expect(ip({ ipv4Enabled: false, privateNetwork: 'n' }).public_endpoint).toMatchObject({
      state: 'known',
      value: false,
    });
    expect(ip({}, primary).public_endpoint).toMatchObject({ value: true, at: '/resource/data/ipAddresses/1/type' });
    expect(ip({}, inner).public_endpoint).toMatchObject({ state: 'known', value: false });
    expect(ip({ ipv4Enabled: false }, inner).public_endpoint).toMatchObject({ state: 'known', value: false });
    expect(ip({ ipv4Enabled: false }, primary).public_endpoint?.state).toBe('unknown');
  });

  test.each<[Fields, unknown, string]>([
    [{ sslMode: 'ENCRYPTED_ONLY' }, true, 'known'],
    [{ sslMode: 'ENCRYPTED_ONLY', requireSsl: false }, true, 'known'],
    [{ sslMode: 'TRUSTED_CLIENT_CERTIFICATE_REQUIRED', requireSsl: true }, true, 'known'],
    [{ sslMode: 'ALLOW_UNENCRYPTED_AND_ENCRYPTED' }, false, 'known'],
    [{ sslMode: 'ALLOW_UNENCRYPTED_AND_ENCRYPTED', requireSsl: true }, false, 'assumed'],
    [{ sslMode: 'SSL_MODE_UNSPECIFIED', requireSsl: true }, true, 'known'],
    [{ requireSsl: true }, true, 'known'],
    [{ requireSsl: false }, false, 'default'],
    [{ sslMode: 'SOMETHING_NEW' }, undefined, 'unknown'],
  ])('TLS with %j is %s', (ipConfiguration, value, state) => {
    const got = ip(ipConfiguration).tls_required;
    expect([got?.state, got?.state === 'unknown' ? undefined : got?.value]).toEqual([state, value]);
  });

  const PLAIN = 'ALLOW_UNENCRYPTED_AND_ENCRYPTED';
  test.each<[Json, Json, unknown, string]>([
    ['REQUIRED', PLAIN, true, 'default'],
    ['REQUIRED', null, true, 'default'],
    ['REQUIRED', 'ENCRYPTED_ONLY', true, 'known'],
    ['NOT_REQUIRED', PLAIN, false, 'known'],
    ['NOT_REQUIRED', null, false, 'default'],
    [null, PLAIN, false, 'known'],
    ['SOMETHING_NEW', PLAIN, undefined, 'unknown'],
    ['SOMETHING_NEW', 'ENCRYPTED_ONLY', true, 'known'],
  ])('TLS where connectors are %j and others %j is %s', (connectorEnforcement, sslMode, value, state) => {
    const got = settings({ connectorEnforcement, ipConfiguration: { sslMode } }).tls_required;
    expect([got?.state, got?.state === 'unknown' ? undefined : got?.value]).toEqual([state, value]);
  });

  test.each<[Fields, unknown]>([
    [{ enabled: true }, 7],
    [{ enabled: true, backupRetentionSettings: { retentionUnit: 'COUNT', retainedBackups: 30 } }, 30],
    [{ enabled: true, backupRetentionSettings: { retainedBackups: '3' } }, 3],
    [{ enabled: false, backupRetentionSettings: { retainedBackups: 30 } }, 0],
    [{ enabled: true, backupTier: 'ADVANCED' }, undefined],
    [{ enabled: true, backupTier: 'ENHANCED', backupRetentionSettings: { retainedBackups: 30 } }, undefined],
    [{ enabled: true, backupRetentionSettings: { retentionUnit: 'WEEKS', retainedBackups: 3 } }, undefined],
  ])('backups with %j are kept for %s days', (backupConfiguration, days) => {
    const got = settings({ backupConfiguration }).backup_retention_days;
    expect(got?.state === 'unknown' ? undefined : got?.value).toBe(days);
  });

  test.each([
    ['ENTERPRISE', 7],
    ['ENTERPRISE_PLUS', 15],
    [undefined, 7],
  ])('of the edition %s as many backups are kept by default as it documents', (edition, days) => {
    const got = settings({ backupConfiguration: { enabled: true }, ...(edition === undefined ? {} : { edition }) });
    expect(got.backup_retention_days).toMatchObject({ state: 'default', value: days });
  });

  test('a key and the guard of the API are read', () => {
    const f = facts({
      settings: { deletionProtectionEnabled: true },
      diskEncryptionConfiguration: { kmsKeyName: 'projects/p/locations/l/keyRings/r/cryptoKeys/k' },
    });
    expect(f).toMatchObject({
      deletion_protected: { state: 'known', value: true },
      encryption: { state: 'known', value: 'customer_key' },
    });
  });

  test('without settings nothing is assumed about them', () => {
    const f = facts({ instanceType: 'ON_PREMISES_INSTANCE' });
    for (const state of [
      'public_endpoint',
      'tls_required',
      'backup_retention_days',
      'deletion_protected',
      'encryption',
    ]) {
      expect(f[state]?.state, state).toBe('unknown');
    }
  });

  test('a read replica is backed up with its primary', () => {
    const replica = asset(
      { masterInstanceName: 'acme:orders', settings: { backupConfiguration: { enabled: false } } },
      'copy',
    );
    const primary = asset({
      settings: { backupConfiguration: { enabled: true, backupRetentionSettings: { retainedBackups: 14 } } },
    });
    const days = (...assets: readonly Json[]) =>
      mapped([...assets]).find((r) => r.name === 'copy')?.facts.backup_retention_days;
    expect(days(primary, replica)).toMatchObject({ state: 'known', value: 14, part: 'primary' });
    expect(days(replica)).toMatchObject({ state: 'unknown', why: 'not_collected' });
  });
});

describe('a Cloud SQL instance in a plan', () => {
  const instance = (after: Fields, rest: object = {}) => ({
    address: 'google_sql_database_instance.orders',
    after: { name: 'orders', database_version: 'POSTGRES_17', region: 'europe-west3', ...after },
    ...rest,
  });
  test('is read from its blocks; Terraform’s own guard does not count', () => {
    const f = only(
      plan(
        instance({
          deletion_protection: true,
          settings: [
            {
              deletion_protection_enabled: null,
              ip_configuration: [{ ipv4_enabled: false, ssl_mode: 'ENCRYPTED_ONLY' }],
              backup_configuration: [
                { enabled: true, backup_retention_settings: [{ retained_backups: 10, retention_unit: 'COUNT' }] },
              ],
            },
          ],
        }),
      ),
    ).facts;
    expect(f).toMatchObject({
      public_endpoint: { state: 'known', value: false },
      tls_required: { state: 'known', value: true },
      backup_retention_days: { state: 'known', value: 10 },
      deletion_protected: { state: 'default', value: false },
      encryption: { state: 'default', value: 'provider_key' },
    });
  });

  test('blocks that the provider chooses have the documented defaults', () => {
    const unknown = { encryption_key_name: true, settings: [{ ip_configuration: true, backup_configuration: true }] };
    const f = only(
      plan(instance({ settings: [{ tier: 'db-f1-micro' }] }, { unknown, expressions: { settings: [{ tier: {} }] } })),
    ).facts;
    expect(f).toMatchObject({
      public_endpoint: { state: 'default', value: true },
      backup_retention_days: { state: 'default', value: 0 },
      encryption: { state: 'default', value: 'provider_key' },
    });
  });

  test('a clone shows no settings', () => {
    const f = only(plan(instance({ clone: [{ source_instance_name: 'old' }] }))).facts;
    expect(f.public_endpoint?.state).toBe('unknown');
    expect(f.encryption?.state).toBe('unknown');
  });

  test('a replica has its primary’s key', () => {
    const key = 'projects/p/locations/l/keyRings/r/cryptoKeys/k';
    const replica = {
      address: 'google_sql_database_instance.copy',
      after: { name: 'copy', master_instance_name: 'orders', settings: [{}] },
    };
    const of = (...planned: readonly Planned[]) =>
      mapped(plan(...planned)).find((r) => r.name === 'copy')?.facts.encryption;
    expect(of(instance({ encryption_key_name: key, settings: [{}] }), replica)).toMatchObject({
      value: 'customer_key',
    });
    expect(of(instance({ settings: [{}] }), replica)).toMatchObject({ state: 'default', value: 'provider_key' });
    expect(of(replica)).toMatchObject({ state: 'unknown' });
  });
});
