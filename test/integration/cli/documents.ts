/** Documents for the tests of the command line: one good, one bad, one that cannot be decided. */

const bucket = (suspended: boolean): string => `AWSTemplateFormatVersion: '2010-09-09'
Parameters:
  Status: { Type: String }
Resources:
  Data:
    Type: AWS::S3::Bucket
    Properties:
      VersioningConfiguration:
        Status: ${suspended ? 'Suspended' : 'Enabled'}
`;

/** A template whose bucket keeps no versions. `Status` of its versioning stands at line 9, column 17. */
export const bad: string = bucket(true);
/** The same, keeping versions. */
export const good: string = bucket(false);
/** The same, by a parameter that nobody gave. */
export const undecided: string = bad.replace('Status: Suspended', 'Status: !Ref Status');
/** What the three are judged by. */
export const POLICY = 'object-store.versioned';

/** A plan with one database, whose password must never be shown. */
export const planWithSecret: string = JSON.stringify(
  {
    format_version: '1.2',
    terraform_version: '1.11.4',
    resource_changes: [
      {
        address: 'aws_db_instance.db',
        mode: 'managed',
        type: 'aws_db_instance',
        name: 'db',
        change: {
          actions: ['create'],
          before: null,
          after: {
            identifier: 'db',
            engine: 'postgres',
            username: 'planted-user-name',
            password: 'planted-secret-value',
            publicly_accessible: true,
            storage_encrypted: false,
            kms_key_id: 'planted-sensitive-key',
            tags: { token: 'planted-tag-token' },
          },
          after_unknown: {},
          after_sensitive: { password: true, username: true, kms_key_id: true, tags: { token: true } },
        },
      },
    ],
  },
  undefined,
  2,
);
