import { flexibleServer } from './flexible-server.ts';

const on = '2026-11-25';

/** Azure Database for MySQL flexible server. The first previews kept network and backups elsewhere. */
export const mysqlFlexibleServer = flexibleServer({
  id: 'azure/mysql-flexible-server',
  title: 'Azure Database for MySQL flexible server',
  type: 'microsoft.dbformysql/flexibleservers',
  azurerm: 'azurerm_mysql_flexible_server',
  azurermConfiguration: 'azurerm_mysql_flexible_server_configuration',
  azurermConfigurationOwner: ['server_id', 'server_name'],
  access: {
    arm: ['/network/publicNetworkAccess', '/publicNetworkAccess'],
    azurerm: ['/public_network_access', '/public_network_access_enabled'],
  },
  subnet: ['/network/delegatedSubnetResourceId', '/delegatedSubnetArguments/subnetArmResourceId'],
  docs: {
    network: { because: 'https://learn.microsoft.com/azure/mysql/flexible-server/concepts-networking-public', on },
    encryption: {
      because: 'https://learn.microsoft.com/azure/mysql/flexible-server/concepts-customer-managed-key',
      on,
    },
    tls: { because: 'https://learn.microsoft.com/azure/mysql/flexible-server/how-to-connect-tls-ssl', on },
    backups: { because: 'https://learn.microsoft.com/azure/mysql/flexible-server/concepts-backup-restore', on },
  },
});
