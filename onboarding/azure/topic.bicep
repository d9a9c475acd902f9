// One system topic of the subscription and what Edict takes of it.
param name string
@description('False: the topic is there already.')
param make bool
param stage string
param topicType string
param eventTypes string[]
param endpoint string
param tenantId string
param audience string
param deadLetterAccount string
param deadLetterContainer string
@description('The identity that writes dead letters; empty: Event Grid itself does, with the key of the account.')
param writer string

var deadLetters = {
  endpointType: 'StorageBlob'
  properties: {
    resourceId: deadLetterAccount
    blobContainerName: deadLetterContainer
  }
}
var deadLettering = empty(writer)
  ? { deadLetterDestination: deadLetters }
  : {
      deadLetterWithResourceIdentity: {
        identity: { type: 'UserAssigned', userAssignedIdentity: writer }
        deadLetterDestination: deadLetters
      }
    }

// Both sources are the subscription itself, which has no region.
resource made 'Microsoft.EventGrid/systemTopics@2022-06-15' = if (make) {
  name: name
  location: 'global'
  tags: { application: 'edict' }
  // Nothing at all where there is none: in "global" even the word None has been refused.
  identity: empty(writer) ? null : { type: 'UserAssigned', userAssignedIdentities: { '${writer}': {} } }
  properties: {
    source: subscription().id
    topicType: topicType
  }
}

resource toEdict 'Microsoft.EventGrid/systemTopics/eventSubscriptions@2022-06-15' = {
  // No "parent": the topic may be one that is there already, and Bicep has no parent that is either.
  #disable-next-line use-parent-property
  name: '${name}/edict-${stage}'
  dependsOn: [made]
  properties: union(
    {
      // The handshake of this schema is a request with a token, as every delivery is.
      eventDeliverySchema: 'EventGridSchema'
      filter: {
        includedEventTypes: eventTypes
      }
      destination: {
        endpointType: 'WebHook'
        properties: {
          endpointUrl: endpoint
          azureActiveDirectoryTenantId: tenantId
          azureActiveDirectoryApplicationIdOrUri: audience
          // Edict takes at most 1 MB at once, which is also the most that Event Grid sends.
          maxEventsPerBatch: 100
          preferredBatchSizeInKilobytes: 256
        }
      }
      // The longest that there is.
      retryPolicy: {
        eventTimeToLiveInMinutes: 1440
        maxDeliveryAttempts: 30
      }
    },
    deadLettering
  )
}
