// Who Edict is in Azure: an identity without a key, which only the roles of Edict's functions in AWS can be.
param stage string
param location string
// An identity that nobody can be would look like one: without a role or an issuer this ends the deployment.
@minLength(1)
param awsIssuer string
@minLength(1)
@maxLength(20)
param awsRoles string[]

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: 'edict-${stage}-reader'
  location: location
  tags: { application: 'edict' }
}

// Azure refuses two of them at a time.
@batchSize(1)
resource trusts 'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials@2023-01-31' = [
  for role in awsRoles: {
    parent: identity
    name: 'aws-${uniqueString(role)}'
    properties: {
      issuer: awsIssuer
      subject: role
      audiences: ['api://AzureADTokenExchange']
    }
  }
]

output principalId string = identity.properties.principalId
output clientId string = identity.properties.clientId
