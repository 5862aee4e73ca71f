/** The policies that every MinIO has. @see https://min.io/docs/minio/linux/administration/identity-access-management/policy-based-access-control.html */

const allow = (actions: readonly string[], resources: readonly string[] = ['arn:aws:s3:::*']): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: actions, Resource: resources }],
  });

export const builtInPolicies: Readonly<Record<string, string>> = {
  readwrite: allow(['s3:*']),
  readonly: allow(['s3:GetBucketLocation', 's3:GetObject']),
  writeonly: allow(['s3:PutObject']),
  diagnostics: allow(
    [
      'admin:Profiling',
      'admin:ServerTrace',
      'admin:ConsoleLog',
      'admin:ServerInfo',
      'admin:TopLocksInfo',
      'admin:OBDInfo',
      'admin:BandwidthMonitor',
      'admin:Prometheus',
    ],
    ['arn:aws:s3:::*'],
  ),
  consoleAdmin: JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Action: ['admin:*'] },
      { Effect: 'Allow', Action: ['kms:*'] },
      { Effect: 'Allow', Action: ['s3:*'], Resource: ['arn:aws:s3:::*'] },
    ],
  }),
};
