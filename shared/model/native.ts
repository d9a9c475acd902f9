import type { Cloud } from './cloud.ts';
import type { State } from './fact.ts';

/** A form in which a provider states a resource. One reader per dialect; a mapping has one column per dialect. */
export const DIALECTS = [
  'aws.config',
  'aws.cfn',
  'aws.api',
  'azure.arm',
  'azure.notification',
  'gcp.cai',
  'terraform',
] as const;
export type Dialect = (typeof DIALECTS)[number];

/**
 * Stands in a body where the document has a value that cannot be known yet: a reference known only after apply, an
 * intrinsic or template expression that could not be resolved. `refs` names what it refers to, where that is known
 * (Terraform addresses, CloudFormation logical ids, ARM resource ids), most specific first, so that a satellite still finds its owner.
 */
export class Unresolved {
  readonly refs: readonly string[];
  readonly detail: string;
  /**
   * The configuration does not set it: the provider will choose the value when it creates the resource. Readers of a
   * scalar (`.bool()`, `.int()`, `.string()`, `.oneOf()`) count it as absent, so that the documented default applies;
   * everything else counts it as unresolved, because a nested block that is made dynamically looks the same.
   */
  readonly unset: boolean;
  constructor(detail: string, refs: readonly string[] = [], unset = false) {
    this.detail = detail;
    this.refs = refs;
    this.unset = unset;
  }
}

/** The body of a native resource: JSON in which a value may be `Unresolved`. */
export type Body = null | boolean | number | string | Unresolved | readonly Body[] | { readonly [key: string]: Body };

/**
 * One native resource as a dialect reader found it in a document. Readers normalise what is a matter of the dialect
 * (envelopes, doubly encoded JSON, property-style families, expressions) and nothing that is a matter of the service.
 */
export interface NativeResource {
  readonly dialect: Dialect;
  readonly cloud: Cloud;
  /**
   * The native type: `AWS::S3::Bucket`; ARM types in lower case (`microsoft.storage/storageaccounts`);
   * CAI asset types, with `#iam` / `#orgpolicy` for those content types (`storage.googleapis.com/Bucket#iam`); `aws_s3_bucket`.
   */
  readonly type: string;
  /** Canonical id: ARN (or `type/account/region/resourceId` where AWS has none); ARM id in lower case; CAI asset name; in a plan or template the address / logical id. */
  readonly id: string;
  /** The provider's short name, as spelled; used to find the owner of a satellite that names it by name. */
  readonly name?: string;
  /** Account id, subscription id, project id; undefined where the document does not say. */
  readonly account?: string;
  /** Undefined where the document does not say; `global` for a global resource. */
  readonly region?: string;
  readonly body: Body;
  /** JSON Pointer of `body` within the source document, so that evidence points into what the user has: `''` if it is the document. */
  readonly pointer: string;
  /** Tags/labels as read; closed when seen completely; `unknown` when the document cannot show them. */
  readonly tags: State<readonly { readonly key: string; readonly value: string }[]>;
  /** A plan or template: everything about the resource is in the document set, so an absent part means the provider's default for a new resource. */
  readonly complete: boolean;
  /** The document creates the resource (a plan's create, a template): today's defaults apply. */
  readonly creates?: boolean;
  /** The name of the condition under which it exists at all, where the document does not decide it. */
  readonly when?: string;
  /** The change is a deletion (a tombstone). In plans, resources being deleted are not emitted at all. */
  readonly deleted?: boolean;
  /** The provider's own version of this document, comparable as a string within (resource, part); empty in plans and templates. */
  readonly orderKey: string;
  /** When the world changed, by the provider: ISO-8601 UTC. */
  readonly changedAt?: string;
  /** Who made the change, where the provider says. */
  readonly actor?: string;
  /** Values the reader could not see because it was refused, by pointer prefix into body: facts read from there are unknown `denied`. */
  readonly denied?: readonly string[];
  /** Dialect-specific extras that a mapping may need (Terraform mode/provider, CFN logical id, CAI ancestors), small. */
  readonly extra?: { readonly [key: string]: Body };
}
