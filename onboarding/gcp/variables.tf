variable "project_id" {
  type        = string
  description = "The project that holds the topic, the subscription and the identity pool, and that the calls of Edict count against: its id, not its number."
  validation {
    # A push names its subscription by what is said here, and Edict takes it by that name alone.
    condition     = can(regex("^([a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "The id of a project, not its number or its title."
  }
}

variable "scope" {
  type        = string
  description = "What is watched and swept: organizations/<number>, folders/<number> or projects/<id>; the same as the context key googleScope."
  validation {
    condition     = can(regex("^(organizations/[0-9]+|folders/[0-9]+|projects/[a-z0-9:.-]+)$", var.scope))
    error_message = "The scope is organizations/<number>, folders/<number> or projects/<id>."
  }
}

variable "ingest_url" {
  type        = string
  description = "The output IngestUrl of the stack edict-<stage>-pipeline, without a path."
  validation {
    condition     = can(regex("^https://[^/]+$", var.ingest_url))
    error_message = "The address is https://<host>, without a path and without a slash at its end."
  }
}

variable "stage" {
  type        = string
  description = "The stage of the deployment, as in \"cdk deploy -c stage=…\"."
  default     = "prod"
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,15}$", var.stage))
    error_message = "Lower case letters, digits and hyphens, at most 16."
  }
}

variable "aws_account_id" {
  type        = string
  description = "The AWS account that Edict is deployed in."
  validation {
    condition     = can(regex("^[0-9]{12}$", var.aws_account_id))
    error_message = "Twelve digits."
  }
}

variable "aws_sweep_role" {
  type        = string
  description = "The name (no ARN) of the role of Edict's sweep function: it alone reads Google Cloud. The README says how to find it."
  validation {
    condition     = can(regex("^[A-Za-z0-9+=,.@_-]{1,64}$", var.aws_sweep_role))
    error_message = "The name of a role, without its ARN."
  }
}
