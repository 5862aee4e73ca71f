/**
 * The policy of an upload by a browser's form: who made it, until when, and what the form may hold. Pure but for the clock.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html
 */
import { S3Error } from '../errors/s3Error.ts';
import type { FindCredential } from '../iam/credential.ts';
import { anonymous, type Identity } from '../iam/identity.ts';
import { isEqual } from './equal.ts';
import { hmacHex } from './hmac.ts';
import { signingKey } from './signingKey.ts';
import { signV2 } from './sigv2.ts';
import { readCredential } from './sigv4.ts';

export interface PostPolicy {
  readonly identity: Identity;
  /** Of the file. */
  readonly minBytes: number;
  readonly maxBytes: number;
}

type Fields = ReadonlyMap<string, string>;

/** What no condition is needed for. */
const free = new Set(['policy', 'x-amz-signature', 'signature', 'awsaccesskeyid', 'file']);

/**
 * @param bucket that the form goes to; counts as a field
 * @throws {S3Error} AccessDenied, InvalidPolicyDocument, SignatureDoesNotMatch …
 */
export function verifyPostPolicy(
  fields: Fields,
  bucket: string,
  find: FindCredential,
  now: number,
  most: number,
): PostPolicy {
  const encoded = fields.get('policy');
  const isV4 = fields.has('x-amz-signature') || fields.has('x-amz-credential');
  const isV2 = fields.has('signature') || fields.has('awsaccesskeyid');
  if (encoded === undefined) {
    if (isV4 || isV2)
      throw new S3Error('InvalidArgument', "Bucket POST must contain a field named 'policy'.");
    return { identity: anonymous, minBytes: 0, maxBytes: most };
  }
  const identity = isV4
    ? verifyV4(fields, encoded, find)
    : isV2
      ? verifyV2(fields, encoded, find)
      : undefined;
  if (identity === undefined) throw new S3Error('AccessDenied');
  return { identity, ...judge(encoded, fields, bucket, now, most) };
}

function verifyV4(fields: Fields, policy: string, find: FindCredential): Identity {
  const { accessKey, scope } = readCredential(fields.get('x-amz-credential') ?? '', 'AccessDenied');
  const credential = find(accessKey);
  if (credential === undefined)
    throw new S3Error('InvalidAccessKeyId', { elements: { AWSAccessKeyId: accessKey } });
  const expected = hmacHex(signingKey(credential.secretKey, scope), policy);
  if (!isEqual(fields.get('x-amz-signature') ?? '', expected)) throw new S3Error('SignatureDoesNotMatch');
  if (
    credential.sessionToken !== undefined &&
    !isEqual(fields.get('x-amz-security-token') ?? '', credential.sessionToken)
  )
    throw new S3Error('InvalidToken');
  return credential.identity;
}

function verifyV2(fields: Fields, policy: string, find: FindCredential): Identity {
  const accessKey = fields.get('awsaccesskeyid');
  const signature = fields.get('signature');
  if (accessKey === undefined || signature === undefined)
    throw new S3Error(
      'InvalidArgument',
      `Bucket POST must contain a field named '${accessKey === undefined ? 'AWSAccessKeyId' : 'Signature'}'.`,
    );
  const credential = find(accessKey);
  if (credential === undefined)
    throw new S3Error('InvalidAccessKeyId', { elements: { AWSAccessKeyId: accessKey } });
  if (!isEqual(signature, signV2(credential.secretKey, policy))) throw new S3Error('SignatureDoesNotMatch');
  return credential.identity;
}

function judge(
  encoded: string,
  fields: Fields,
  bucket: string,
  now: number,
  most: number,
): { minBytes: number; maxBytes: number } {
  const { expiration, conditions } = decode(encoded);
  if (expiration < now) throw new S3Error('AccessDenied', 'Invalid according to Policy: Policy expired.');
  const fieldOf = (name: string): string | undefined => (name === 'bucket' ? bucket : fields.get(name));
  const named = new Set<string>();
  let minBytes = 0;
  let maxBytes = most;
  for (const condition of conditions) {
    if (condition.kind === 'length') {
      minBytes = Math.max(minBytes, condition.min);
      maxBytes = Math.min(maxBytes, condition.max);
      continue;
    }
    named.add(condition.name);
    const value = fieldOf(condition.name) ?? '';
    const holds =
      condition.kind === 'equals'
        ? value === condition.value
        : startsWith(value, condition.value, condition.name);
    if (!holds)
      throw new S3Error(
        'AccessDenied',
        `Invalid according to Policy: Policy Condition failed: ["${condition.kind === 'equals' ? 'eq' : 'starts-with'}", "$${condition.name}", "${condition.value}"]`,
      );
  }
  for (const name of fields.keys()) {
    if (
      free.has(name) ||
      name.startsWith('x-ignore-') ||
      name.startsWith('x-amz-checksum-') ||
      named.has(name)
    )
      continue;
    throw new S3Error('AccessDenied', `Invalid according to Policy: Extra input fields: ${name}`);
  }
  return { minBytes, maxBytes };
}

/** Content types may be several. */
function startsWith(value: string, prefix: string, name: string): boolean {
  return name === 'content-type'
    ? value.split(',').every(each => each.trim().startsWith(prefix))
    : value.startsWith(prefix);
}

type PostCondition =
  | { readonly kind: 'equals' | 'startsWith'; readonly name: string; readonly value: string }
  | { readonly kind: 'length'; readonly min: number; readonly max: number };

function decode(encoded: string): {
  readonly expiration: number;
  readonly conditions: readonly PostCondition[];
} {
  let policy: { expiration?: unknown; conditions?: unknown };
  try {
    policy = JSON.parse(Buffer.from(encoded, 'base64').toString('utf8'));
  } catch (cause) {
    throw new S3Error('InvalidPolicyDocument', { message: 'Invalid Policy: Invalid JSON.', cause });
  }
  const { expiration, conditions } = policy ?? {};
  const time =
    typeof expiration === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/.test(expiration)
      ? Date.parse(expiration)
      : Number.NaN;
  if (Number.isNaN(time)) throw invalid('Policy document must contain an expiration.');
  if (!Array.isArray(conditions) || conditions.length === 0)
    throw invalid('Policy document must contain conditions.');
  return { expiration: time, conditions: conditions.flatMap(readCondition) };
}

function readCondition(value: unknown): PostCondition[] {
  if (Array.isArray(value)) {
    const [operator, first, second] = value as unknown[];
    if (value.length !== 3 || typeof operator !== 'string') throw invalid('Invalid condition.');
    switch (operator.toLowerCase()) {
      case 'content-length-range': {
        const [min, max] = [Number(first), Number(second)];
        if (!Number.isInteger(min) || !Number.isInteger(max) || min < 0 || max < min)
          throw invalid('Invalid content-length-range.');
        return [{ kind: 'length', min, max }];
      }
      case 'eq':
      case 'starts-with': {
        if (typeof first !== 'string' || !first.startsWith('$') || typeof second !== 'string')
          throw invalid('Invalid condition.');
        return [
          {
            kind: operator.toLowerCase() === 'eq' ? 'equals' : 'startsWith',
            name: first.slice(1).toLowerCase(),
            value: second,
          },
        ];
      }
      default:
        throw invalid(`Unknown condition '${operator}'.`);
    }
  }
  if (typeof value !== 'object' || value === null || Object.keys(value).length === 0)
    throw invalid('Invalid condition.');
  return Object.entries(value).map(([name, wanted]) => {
    if (typeof wanted !== 'string') throw invalid('Invalid condition.');
    return { kind: 'equals', name: name.toLowerCase(), value: wanted };
  });
}

function invalid(message: string): S3Error {
  return new S3Error('InvalidPolicyDocument', `Invalid Policy: ${message}`);
}
