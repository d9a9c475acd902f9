// The application that stands for Edict's front door in the tenant, and the one who may call it. Once for each tenant,
// before main.bicep. Its types are those of Microsoft Graph: bicepconfig.json names their version.
targetScope = 'subscription'

extension microsoftGraphV1

@description('The stage of the deployment of Edict.')
param stage string = 'prod'

@description('The application of Event Grid itself; another one in a sovereign cloud: https://learn.microsoft.com/azure/event-grid/secure-webhook-delivery')
param eventGridApplicationId string = '4962773b-9cdb-44cf-a8bf-237846a00ab7'

@description('The object id of the person or service principal that deploys main.bicep: Azure lets only a holder of the role, or an owner, make Event Grid call this application.')
param deployerPrincipalId string

var role = 'AzureEventGridSecureWebhookSubscriber'
var roleId = guid('edict', stage, role)

resource application 'Microsoft.Graph/applications@v1.0' = {
  uniqueName: 'edict-${stage}-ingest'
  displayName: 'Edict ${stage}: changes from Event Grid'
  signInAudience: 'AzureADMyOrg'
  api: {
    // Tokens of version 2 name the application by its id alone.
    requestedAccessTokenVersion: 2
  }
  appRoles: [
    {
      id: roleId
      value: role
      displayName: role
      description: 'May deliver events to Edict.'
      // Users, for the one who deploys: Edict takes no token of theirs, as it comes from another application.
      allowedMemberTypes: ['Application', 'User']
      isEnabled: true
    }
  ]
}

resource principal 'Microsoft.Graph/servicePrincipals@v1.0' = {
  appId: application.appId
  // Nobody gets a token for it but who is named below.
  appRoleAssignmentRequired: true
}

resource eventGrid 'Microsoft.Graph/servicePrincipals@v1.0' existing = {
  appId: eventGridApplicationId
}

resource eventGridMayCall 'Microsoft.Graph/appRoleAssignedTo@v1.0' = {
  appRoleId: roleId
  principalId: eventGrid.id
  resourceId: principal.id
}

resource deployerMaySubscribe 'Microsoft.Graph/appRoleAssignedTo@v1.0' = {
  appRoleId: roleId
  principalId: deployerPrincipalId
  resourceId: principal.id
}

@description('For the parameter audience of main.bicep, and for the context key of that name.')
output azureAudience string = application.appId
