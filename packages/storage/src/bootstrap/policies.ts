/** What a stack's buckets are set up with, as documents. Pure. */

/** Full use of one bucket and nothing else. `bucket` may be text that somebody fills in. */
export function bucketPolicy(bucket: string): string {
  return `${JSON.stringify(
    {
      Version: '2012-10-17',
      Statement: [
        {
          Sid: 'Bucket',
          Effect: 'Allow',
          Action: [
            's3:GetBucketLocation',
            's3:ListBucket',
            's3:ListBucketMultipartUploads',
            's3:ListBucketVersions',
          ],
          Resource: [`arn:aws:s3:::${bucket}`],
        },
        {
          Sid: 'Objects',
          Effect: 'Allow',
          Action: [
            's3:AbortMultipartUpload',
            's3:DeleteObject',
            's3:GetObject',
            's3:ListMultipartUploadParts',
            's3:PutObject',
          ],
          Resource: [`arn:aws:s3:::${bucket}/*`],
        },
      ],
    },
    null,
    2,
  )}\n`;
}
