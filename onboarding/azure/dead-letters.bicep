// Where Event Grid keeps what it could not deliver for a day. Nobody reads it but people: the events name resources and
// may hold their state.
param stage string
param location string
@description('Whether one of the topics has no identity: Event Grid then writes with the key of the account.')
param byKey bool

// Adds blobs, and the role has nothing that only adds: https://learn.microsoft.com/azure/event-grid/add-identity-roles, read 2026-11-25.
var storageBlobDataContributor = 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'

resource account 'Microsoft.Storage/storageAccounts@2023-05-01' = {
  name: 'edict${uniqueString(subscription().id, stage)}'
  location: location
  tags: { application: 'edict' }
  kind: 'StorageV2'
  sku: {
    name: 'Standard_LRS'
  }
  properties: {
    accessTier: 'Cool'
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: byKey
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    // Event Grid comes from its own network; through a firewall only a system-assigned identity is let in, and a topic has
    // that only once it is there.
    publicNetworkAccess: 'Enabled'
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2023-05-01' = {
  parent: account
  name: 'default'
  properties: {
    deleteRetentionPolicy: {
      enabled: true
      days: 7
    }
  }
}

resource container 'Microsoft.Storage/storageAccounts/blobServices/containers@2023-05-01' = {
  parent: blobs
  name: 'undelivered'
  properties: {
    publicAccess: 'None'
  }
}

// The next sweep has found what these events would have told: older ones are of no use.
resource expiry 'Microsoft.Storage/storageAccounts/managementPolicies@2023-05-01' = {
  parent: account
  name: 'default'
  properties: {
    policy: {
      rules: [
        {
          name: 'forget'
          type: 'Lifecycle'
          enabled: true
          definition: {
            filters: {
              blobTypes: ['blockBlob']
              prefixMatch: ['undelivered/']
            }
            actions: {
              baseBlob: {
                delete: { daysAfterModificationGreaterThan: 30 }
              }
            }
          }
        }
      ]
    }
  }
}

// Who the topics are when they write; it may do so in this one container and nothing else anywhere.
resource writer 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: 'edict-${stage}-dead-letters'
  location: location
  tags: { application: 'edict' }
}

resource mayWrite 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(container.id, writer.id, storageBlobDataContributor)
  scope: container
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', storageBlobDataContributor)
    principalId: writer.properties.principalId
    principalType: 'ServicePrincipal'
    description: 'Event Grid keeps here what it could not deliver to Edict.'
  }
}

output account string = account.id
output container string = container.name
output writer string = writer.id
