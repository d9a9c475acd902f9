import type { NativeResource } from '../../model/native.ts';
import type { Columns } from '../mapping.ts';
import { defineMapping } from '../mapping.ts';
import { at } from '../reader.ts';
import { doc } from './evidence.ts';

const OMITTED = doc('https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_PublicAccessBlockConfiguration.html');
const TERRAFORM = doc(
  'https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/s3_account_public_access_block',
);

const flag = (camel: string, snake: string): Columns<boolean> => ({
  'aws.config': at(`/configuration/${camel}`).bool().orDefault(false, OMITTED),
  'aws.api': at(`/PublicAccessBlockConfiguration/${camel.charAt(0).toUpperCase()}${camel.slice(1)}`)
    .bool()
    .orDefault(false, OMITTED),
  terraform: at(`/${snake}`).bool().orDefault(false, TERRAFORM),
});

/** The four switches of the account that apply to all of its buckets, on top of their own. */
export const s3AccountBlock = defineMapping('aws/s3-account-block', {
  cloud: 'aws',
  kind: null,
  title: 'S3 account public access block',
  parts: {
    block: {
      native: {
        'aws.config': 'AWS::S3::AccountPublicAccessBlock',
        'aws.api': 'AWS::S3::AccountPublicAccessBlock',
        terraform: 'aws_s3_account_public_access_block',
      },
      readings: {
        block_public_acls: flag('blockPublicAcls', 'block_public_acls'),
        ignore_public_acls: flag('ignorePublicAcls', 'ignore_public_acls'),
        block_public_policy: flag('blockPublicPolicy', 'block_public_policy'),
        restrict_public_buckets: flag('restrictPublicBuckets', 'restrict_public_buckets'),
      },
    },
  },
  facts: {},
});

/** What ties a planned bucket to the account block of the same plan: both are made by the same provider. */
export const providerName = (native: NativeResource): string | undefined => {
  const provider = native.extra?.provider;
  return typeof provider === 'string' ? provider : undefined;
};
