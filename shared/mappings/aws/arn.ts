/** The ids of AWS resources: an ARN, built where a document lacks it, so that every source names a resource the same way. */

/** The partition of a region (`aws`, `aws-cn`, `aws-us-gov`); `aws` where the region is not known. */
export function partitionOf(region: string | undefined): string {
  if (region?.startsWith('cn-')) return 'aws-cn';
  return region?.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';
}

export interface Place {
  readonly account: string;
  readonly region: string;
}

const regional = (service: string, resource: string, place: Place): string =>
  `arn:${partitionOf(place.region)}:${service}:${place.region}:${place.account}:${resource}`;

/** S3 bucket: the ARN names neither region nor account. */
export const bucketArn = (name: string, region?: string): string => `arn:${partitionOf(region)}:s3:::${name}`;
/** RDS lower-cases identifiers. */
export const dbInstanceArn = (identifier: string, place: Place): string =>
  regional('rds', `db:${identifier.toLowerCase()}`, place);
export const dbClusterArn = (identifier: string, place: Place): string =>
  regional('rds', `cluster:${identifier.toLowerCase()}`, place);
export const dbParameterGroupArn = (name: string, place: Place): string =>
  regional('rds', `pg:${name.toLowerCase()}`, place);
export const dbClusterParameterGroupArn = (name: string, place: Place): string =>
  regional('rds', `cluster-pg:${name.toLowerCase()}`, place);
export const securityGroupArn = (id: string, place: Place): string => regional('ec2', `security-group/${id}`, place);
/** SageMaker lower-cases names in ARNs. */
export const sageMakerArn = (resource: 'endpoint' | 'endpoint-config' | 'model', name: string, place: Place): string =>
  regional('sagemaker', `${resource}/${name.toLowerCase()}`, place);

/** The account's S3 public access block has no ARN. */
export const s3AccountBlockId = (account: string): string => `AWS::S3::AccountPublicAccessBlock/${account}`;

/** The last part of an ARN such as `…:key/1234` or of a plain name. */
export const lastSegment = (arn: string): string => arn.split(/[/:]/).at(-1) ?? arn;
