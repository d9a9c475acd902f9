locals {
  name     = "edict-${var.stage}"
  scope_id = split("/", var.scope)[1]
  is       = split("/", var.scope)[0]

  # One feed for each content, with just the asset types that a mapping reads in it: test/infra/onboarding-google.test.ts
  # holds the lists against shared/mappings/registry.ts.
  feeds = {
    resource = {
      content_type = "RESOURCE"
      asset_types = [
        "aiplatform.googleapis.com/Endpoint",
        "compute.googleapis.com/Firewall",
        "sqladmin.googleapis.com/Instance",
        "storage.googleapis.com/Bucket",
      ]
    }
    iam-policy = {
      content_type = "IAM_POLICY"
      asset_types = [
        "cloudresourcemanager.googleapis.com/Folder",
        "cloudresourcemanager.googleapis.com/Organization",
        "cloudresourcemanager.googleapis.com/Project",
        "storage.googleapis.com/Bucket",
      ]
    }
    org-policy = {
      content_type = "ORG_POLICY"
      asset_types = [
        "cloudresourcemanager.googleapis.com/Folder",
        "cloudresourcemanager.googleapis.com/Organization",
        "cloudresourcemanager.googleapis.com/Project",
      ]
    }
  }
}

resource "google_cloud_asset_organization_feed" "feed" {
  for_each        = local.is == "organizations" ? local.feeds : {}
  billing_project = var.project_id
  org_id          = local.scope_id
  feed_id         = "${local.name}-${each.key}"
  content_type    = each.value.content_type
  asset_types     = each.value.asset_types
  feed_output_config {
    pubsub_destination {
      topic = google_pubsub_topic.changes.id
    }
  }
  depends_on = [google_pubsub_topic_iam_member.feeds_publish]
}

resource "google_cloud_asset_folder_feed" "feed" {
  for_each        = local.is == "folders" ? local.feeds : {}
  billing_project = var.project_id
  folder          = local.scope_id
  feed_id         = "${local.name}-${each.key}"
  content_type    = each.value.content_type
  asset_types     = each.value.asset_types
  feed_output_config {
    pubsub_destination {
      topic = google_pubsub_topic.changes.id
    }
  }
  depends_on = [google_pubsub_topic_iam_member.feeds_publish]
}

resource "google_cloud_asset_project_feed" "feed" {
  for_each        = local.is == "projects" ? local.feeds : {}
  billing_project = var.project_id
  project         = local.scope_id
  feed_id         = "${local.name}-${each.key}"
  content_type    = each.value.content_type
  asset_types     = each.value.asset_types
  feed_output_config {
    pubsub_destination {
      topic = google_pubsub_topic.changes.id
    }
  }
  depends_on = [google_pubsub_topic_iam_member.feeds_publish]
}
