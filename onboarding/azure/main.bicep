// Edict in one subscription: what Azure Resource Manager tells goes to Edict's front door, what cannot be delivered is
// kept, and Edict may read what an event does not carry. Once for each subscription; `app.bicep` once for the tenant,
// before. See README.md.
targetScope = 'subscription'

@description('The stage of the deployment of Edict, as in "cdk deploy -c stage=…".')
@minLength(1)
@maxLength(16)
param stage string = 'prod'

@description('Where the dead letters and the identity are kept.')
param location string = deployment().location

@description('The output IngestUrl of the stack edict-<stage>-pipeline, without a path.')
param ingestUrl string

@description('The application whose token Event Grid brings: the output azureAudience of app.bicep, and the context key of that name.')
param audience string

@description('The tenant of that application; the same as the context key azureTenantId.')
param tenantId string = tenant().tenantId

@description('Who signs the tokens of the AWS account that Edict is deployed in: https://….tokens.sts.global.api.aws. README.md says how to find it.')
param awsIssuer string = ''

@description('The ARNs of the roles of Edict that read Azure (evaluate and sweep). README.md says how to find them.')
param awsRoles string[] = []

@description('For every subscription after the first: the output readerPrincipalId of the first. No identity is made then.')
param readerPrincipalId string = ''

@description('A subscription can have one system topic of each type. Where it has one already, its name and resource group.')
type existingTopic = {
  name: string
  resourceGroup: string
}
param subscriptionTopic existingTopic?
param notificationsTopic existingTopic?

@description('False where Azure says "identity is unavailable for location \'global\'": dead letters are then written with the key of their account.')
param deadLettersByIdentity bool = true

var groupName = 'edict-${stage}'
// Reads configuration and no data: https://learn.microsoft.com/azure/role-based-access-control/built-in-roles#reader
var reader = 'acdd72a7-3385-48ef-bd42-f606fba81ae7'

resource group 'Microsoft.Resources/resourceGroups@2024-03-01' = {
  name: groupName
  location: location
  tags: { application: 'edict' }
}

module deadLetters 'dead-letters.bicep' = {
  name: 'edict-dead-letters'
  scope: group
  params: {
    stage: stage
    location: location
    // A topic that is there already has the identity that its owner gave it.
    byKey: !deadLettersByIdentity || subscriptionTopic != null || notificationsTopic != null
  }
}

module subscriptionEvents 'topic.bicep' = {
  name: 'edict-subscription-events'
  scope: resourceGroup(subscriptionTopic.?resourceGroup ?? groupName)
  dependsOn: [group]
  params: {
    name: subscriptionTopic.?name ?? 'edict-${stage}-subscription'
    make: subscriptionTopic == null
    stage: stage
    topicType: 'Microsoft.Resources.Subscriptions'
    eventTypes: [
      'Microsoft.Resources.ResourceWriteSuccess'
      'Microsoft.Resources.ResourceDeleteSuccess'
      'Microsoft.Resources.ResourceActionSuccess'
    ]
    endpoint: '${ingestUrl}/azure/events'
    tenantId: tenantId
    audience: audience
    deadLetterAccount: deadLetters.outputs.account
    deadLetterContainer: deadLetters.outputs.container
    writer: deadLettersByIdentity && subscriptionTopic == null ? deadLetters.outputs.writer : ''
  }
}

module notifications 'topic.bicep' = {
  name: 'edict-resource-notifications'
  scope: resourceGroup(notificationsTopic.?resourceGroup ?? groupName)
  dependsOn: [group]
  params: {
    name: notificationsTopic.?name ?? 'edict-${stage}-notifications'
    make: notificationsTopic == null
    stage: stage
    topicType: 'Microsoft.ResourceNotifications.Resources'
    eventTypes: [
      'Microsoft.ResourceNotifications.Resources.CreatedOrUpdated'
      'Microsoft.ResourceNotifications.Resources.Deleted'
    ]
    endpoint: '${ingestUrl}/azure/events'
    tenantId: tenantId
    audience: audience
    deadLetterAccount: deadLetters.outputs.account
    deadLetterContainer: deadLetters.outputs.container
    writer: deadLettersByIdentity && notificationsTopic == null ? deadLetters.outputs.writer : ''
  }
}

module identity 'reader.bicep' = if (empty(readerPrincipalId)) {
  name: 'edict-reader'
  scope: group
  params: { stage: stage, location: location, awsIssuer: awsIssuer, awsRoles: awsRoles }
}

resource mayRead 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(subscription().id, 'edict-${stage}', reader)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', reader)
    principalId: empty(readerPrincipalId) ? identity!.outputs.principalId : readerPrincipalId
    principalType: 'ServicePrincipal'
    description: 'Edict reads what an event does not carry. Configuration only, never data.'
  }
}

@description('For the context key of that name; empty where the identity was made with another subscription.')
output azureClientId string = empty(readerPrincipalId) ? identity!.outputs.clientId : ''
@description('For the parameter of that name with the next subscription.')
output readerPrincipalId string = empty(readerPrincipalId) ? identity!.outputs.principalId : readerPrincipalId
@description('For the context key azureSubscriptions.')
output subscriptionId string = subscription().subscriptionId
@description('For the context key of that name.')
output azureTenantId string = tenantId
