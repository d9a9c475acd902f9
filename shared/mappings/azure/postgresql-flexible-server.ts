import { flexibleServer } from './flexible-server.ts';

const on = '2026-11-25';

/** Azure Database for PostgreSQL flexible server. */
export const postgresqlFlexibleServer = flexibleServer({
  id: 'azure/postgresql-flexible-server',
  title: 'Azure Database for PostgreSQL flexible server',
  type: 'microsoft.dbforpostgresql/flexibleservers',
  azurerm: 'azurerm_postgresql_flexible_server',
  azurermConfiguration: 'azurerm_postgresql_flexible_server_configuration',
  azurermConfigurationOwner: ['server_id'],
  access: { arm: ['/network/publicNetworkAccess'], azurerm: ['/public_network_access_enabled'] },
  subnet: ['/network/delegatedSubnetResourceId'],
  docs: {
    network: { because: 'https://learn.microsoft.com/azure/postgresql/flexible-server/concepts-networking-public', on },
    encryption: {
      because: 'https://learn.microsoft.com/azure/postgresql/flexible-server/concepts-data-encryption',
      on,
    },
    tls: { because: 'https://learn.microsoft.com/azure/postgresql/flexible-server/concepts-networking-ssl-tls', on },
    backups: { because: 'https://learn.microsoft.com/azure/postgresql/flexible-server/concepts-backup-restore', on },
  },
});
