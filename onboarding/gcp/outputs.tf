output "googleAudience" {
  description = "For the context key of that name."
  value       = google_pubsub_subscription.push.push_config[0].oidc_token[0].audience
}

output "googleServiceAccount" {
  description = "For the context key of that name."
  value       = google_service_account.push.email
}

output "googleSubscription" {
  description = "For the context key of that name."
  value       = google_pubsub_subscription.push.id
}

output "googleScope" {
  description = "For the context key of that name."
  value       = var.scope
}

# What "gcloud iam workload-identity-pools create-cred-config --aws" would write: it holds no secret.
output "googleCredentials" {
  description = "For the context key of that name."
  value = jsonencode({
    type               = "external_account"
    audience           = "//iam.googleapis.com/${google_iam_workload_identity_pool_provider.aws.name}"
    subject_token_type = "urn:ietf:params:aws:token-type:aws4_request"
    token_url          = "https://sts.googleapis.com/v1/token"
    quota_project_id   = var.project_id
    credential_source = {
      environment_id                 = "aws1"
      region_url                     = "http://169.254.169.254/latest/meta-data/placement/availability-zone"
      url                            = "http://169.254.169.254/latest/meta-data/iam/security-credentials"
      regional_cred_verification_url = "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15"
    }
  })
}
