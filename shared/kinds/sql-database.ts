import { bool, int, oneOf } from '../model/fact.ts';
import { defineKind } from '../model/kind.ts';

/** RDS instance and cluster, Azure SQL server, PostgreSQL and MySQL flexible server, Cloud SQL instance. */
export const sqlDatabase = defineKind('sql_database', {
  title: 'SQL database',
  facts: {
    public_endpoint: bool(
      'It has an endpoint with an address that is reachable from the public network (firewall rules aside).',
    ),
    encryption: oneOf(
      ['none', 'provider_key', 'customer_key'],
      'The key under which its storage is encrypted at rest.',
    ),
    tls_required: bool('Clients cannot connect without TLS.'),
    backup_retention_days: int('For how many days automatic backups are kept; 0 when there are none.', {
      unit: 'days',
      min: 0,
    }),
    deletion_protected: bool("It cannot be deleted by one call of the provider's API."),
  },
});
