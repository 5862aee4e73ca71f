/** What a policy's conditions can look at, of one request. Pure. */
import type { ConditionValues } from '../policy/types.ts';
import type { S3Request } from '../request.ts';
import type { ObjectRow, Tags } from '../store/rows.ts';

/** Headers that conditions name as `s3:HEADER`. */
const headerKeys = [
  'x-amz-acl',
  'x-amz-content-sha256',
  'x-amz-copy-source',
  'x-amz-grant-full-control',
  'x-amz-grant-read',
  'x-amz-grant-read-acp',
  'x-amz-grant-write',
  'x-amz-grant-write-acp',
  'x-amz-metadata-directive',
  'x-amz-server-side-encryption',
  'x-amz-server-side-encryption-aws-kms-key-id',
  'x-amz-server-side-encryption-customer-algorithm',
  'x-amz-storage-class',
  'x-amz-object-ownership',
];

const queryKeys = ['prefix', 'delimiter', 'max-keys', 'versionId'];

export interface ConditionExtras {
  /** Of the object as it is. */
  readonly existing?: ObjectRow | undefined;
  /** That the request sets. */
  readonly requestTags?: Tags | undefined;
  /** Further ones, by key in lower case. */
  readonly more?: Readonly<Record<string, string>>;
}

export function conditionValues(request: S3Request, extras: ConditionExtras = {}): ConditionValues {
  const values = new Map<string, readonly string[]>();
  const set = (key: string, value: string | undefined): void => {
    if (value !== undefined) values.set(key, [value]);
  };
  const { identity, headers, query, http } = request;
  set('aws:sourceip', http.remoteAddress);
  set('aws:currenttime', new Date(request.now).toISOString());
  set('aws:epochtime', String(Math.floor(request.now / 1000)));
  set('aws:securetransport', String(headers['x-forwarded-proto'] === 'https'));
  set('aws:useragent', headers['user-agent']);
  set('aws:referer', headers.referer);
  set('s3:signatureversion', signatureVersion(request));
  set(
    's3:authtype',
    { header: 'REST-HEADER', query: 'REST-QUERY-STRING', form: 'POST', none: undefined }[request.signedBy],
  );
  if (identity.kind === 'anonymous') set('aws:principaltype', 'Anonymous');
  else {
    set('aws:principalaccount', identity.account.id);
    set('aws:principaltype', identity.kind === 'root' ? 'Account' : 'User');
    if (identity.kind === 'user') {
      set('aws:userid', identity.id);
      set('aws:username', identity.name);
      set('aws:principalarn', identity.arn);
    } else if (identity.kind === 'member') set('aws:userid', identity.member.subject);
    else {
      set('aws:userid', identity.account.id);
      set('aws:principalarn', `arn:aws:iam::${identity.account.id}:root`);
    }
  }
  for (const name of headerKeys) set(`s3:${name}`, headers[name]);
  for (const name of queryKeys) set(`s3:${name.toLowerCase()}`, query.get(name));
  for (const [name, value] of Object.entries(extras.existing?.tags ?? {}))
    set(`s3:existingobjecttag/${name.toLowerCase()}`, value);
  if (extras.requestTags !== undefined) {
    for (const [name, value] of Object.entries(extras.requestTags))
      set(`s3:requestobjecttag/${name.toLowerCase()}`, value);
    values.set('s3:requestobjecttagkeys', Object.keys(extras.requestTags));
  }
  for (const [name, value] of Object.entries(extras.more ?? {})) set(name, value);
  return values;
}

function signatureVersion({ signedBy, headers, query }: S3Request): string | undefined {
  if (signedBy === 'none') return undefined;
  const isV2 = headers.authorization?.startsWith('AWS ') || query.has('AWSAccessKeyId');
  return isV2 ? 'AWS' : 'AWS4-HMAC-SHA256';
}
