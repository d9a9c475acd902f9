resource "google_project_service" "needed" {
  for_each           = toset(["cloudasset.googleapis.com", "iam.googleapis.com", "iamcredentials.googleapis.com", "pubsub.googleapis.com", "sts.googleapis.com"])
  project            = var.project_id
  service            = each.value
  disable_on_destroy = false
}

# Google makes these two on first use: granted anything before, they are not there.
resource "google_project_service_identity" "cloudasset" {
  provider   = google-beta
  project    = var.project_id
  service    = "cloudasset.googleapis.com"
  depends_on = [google_project_service.needed]
}

resource "google_project_service_identity" "pubsub" {
  provider   = google-beta
  project    = var.project_id
  service    = "pubsub.googleapis.com"
  depends_on = [google_project_service.needed]
}

resource "google_pubsub_topic" "changes" {
  project    = var.project_id
  name       = "${local.name}-changes"
  depends_on = [google_project_service.needed]
}

# Nobody but the feeds may put something on it.
resource "google_pubsub_topic_iam_member" "feeds_publish" {
  project = var.project_id
  topic   = google_pubsub_topic.changes.name
  role    = "roles/pubsub.publisher"
  member  = "serviceAccount:${google_project_service_identity.cloudasset.email}"
}

# Who pushes: Edict knows the push by this account's token. It has no key and may do nothing else.
resource "google_service_account" "push" {
  project      = var.project_id
  account_id   = "${local.name}-push"
  display_name = "Pushes changes to Edict"
  depends_on   = [google_project_service.needed]
}

resource "google_service_account_iam_member" "pubsub_speaks_as_push" {
  service_account_id = google_service_account.push.name
  role               = "roles/iam.serviceAccountOpenIdTokenCreator"
  member             = "serviceAccount:${google_project_service_identity.pubsub.email}"
}

resource "google_pubsub_subscription" "push" {
  project              = var.project_id
  name                 = "${local.name}-push"
  topic                = google_pubsub_topic.changes.id
  ack_deadline_seconds = 30
  # A week to answer for: whatever Edict does not take in that time, and has not refused too often, is gone.
  message_retention_duration = "604800s"

  push_config {
    push_endpoint = "${var.ingest_url}/google/assets"
    oidc_token {
      service_account_email = google_service_account.push.email
      audience              = "${var.ingest_url}/google/assets"
    }
  }

  # Edict answers 2xx to everything that it has kept: what is refused is refused for a while only.
  retry_policy {
    minimum_backoff = "10s"
    maximum_backoff = "600s"
  }

  dead_letter_policy {
    dead_letter_topic     = google_pubsub_topic.undelivered.id
    max_delivery_attempts = 100
  }

  # Never: the default is 31 days without a push, and an account may be quiet for that long.
  expiration_policy {
    ttl = ""
  }
  depends_on = [google_service_account_iam_member.pubsub_speaks_as_push]
}

# What could not be pushed, kept to be pulled by a person. "edict doctor" looks that it is there.
resource "google_pubsub_topic" "undelivered" {
  project    = var.project_id
  name       = "${local.name}-undelivered"
  depends_on = [google_project_service.needed]
}

resource "google_pubsub_subscription" "undelivered" {
  project                    = var.project_id
  name                       = "${local.name}-undelivered"
  topic                      = google_pubsub_topic.undelivered.id
  message_retention_duration = "604800s"
  retain_acked_messages      = false
  expiration_policy {
    ttl = ""
  }
}

# Both are asked of Pub/Sub's own agent; without them nothing is dead-lettered, and nothing says so.
resource "google_pubsub_topic_iam_member" "pubsub_dead_letters" {
  project = var.project_id
  topic   = google_pubsub_topic.undelivered.name
  role    = "roles/pubsub.publisher"
  member  = "serviceAccount:${google_project_service_identity.pubsub.email}"
}

resource "google_pubsub_subscription_iam_member" "pubsub_acknowledges" {
  project      = var.project_id
  subscription = google_pubsub_subscription.push.name
  role         = "roles/pubsub.subscriber"
  member       = "serviceAccount:${google_project_service_identity.pubsub.email}"
}
