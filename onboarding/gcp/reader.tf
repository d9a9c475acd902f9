# The sweep function of Edict, known by its AWS role: no key is made, and none can be lost.
resource "google_iam_workload_identity_pool" "edict" {
  project                   = var.project_id
  workload_identity_pool_id = local.name
  display_name              = "Edict"
  description               = "Edict in AWS account ${var.aws_account_id} reads the inventory"
  depends_on                = [google_project_service.needed]
}

resource "google_iam_workload_identity_pool_provider" "aws" {
  project                            = var.project_id
  workload_identity_pool_id          = google_iam_workload_identity_pool.edict.workload_identity_pool_id
  workload_identity_pool_provider_id = "edict-aws"
  aws {
    account_id = var.aws_account_id
  }
  # The ARN of a function's session is its role and its own name: longer than the 127 bytes that a subject may have.
  attribute_mapping = {
    "google.subject"     = "assertion.arn.extract('assumed-role/{role}/')"
    "attribute.aws_role" = "assertion.arn.extract('assumed-role/{role}/')"
  }
  # Any role of the account could ask: this one alone is let in.
  attribute_condition = "attribute.aws_role == '${var.aws_sweep_role}'"
}

locals {
  reader = "principalSet://iam.googleapis.com/${google_iam_workload_identity_pool.edict.name}/attribute.aws_role/${var.aws_sweep_role}"
}

# What there is, never what is in it.
resource "google_organization_iam_member" "reader" {
  count  = local.is == "organizations" ? 1 : 0
  org_id = local.scope_id
  role   = "roles/cloudasset.viewer"
  member = local.reader
}

resource "google_folder_iam_member" "reader" {
  count  = local.is == "folders" ? 1 : 0
  folder = var.scope
  role   = "roles/cloudasset.viewer"
  member = local.reader
}

resource "google_project_iam_member" "reader" {
  count   = local.is == "projects" ? 1 : 0
  project = local.scope_id
  role    = "roles/cloudasset.viewer"
  member  = local.reader
}

# Every call of Cloud Asset Inventory counts against a project, and wants serviceusage.services.use on it.
resource "google_project_iam_member" "reader_quota" {
  project = var.project_id
  role    = "roles/serviceusage.serviceUsageConsumer"
  member  = local.reader
}
