/**
 * S3 at /storage/v1/s3: with the keys of S3, which pass row security as there, or with a user's token, under row security.
 * @see https://supabase.com/docs/guides/storage/s3/authentication
 */
import { type HttpResponse, withHeaders } from '@peakstone/kernel/http';
import type { S3Door } from '../../edge/handler.ts';
import { S3Error } from '../../errors/s3Error.ts';
import type { Credential } from '../../iam/credential.ts';
import { homeAccount } from '../../iam/identity.ts';
import type { Operation } from '../../operation.ts';
import type { S3Request } from '../../request.ts';
import type { Server } from '../../server.ts';
import { restraints } from '../../wire/activeTypes.ts';
import type { Door } from '../call.ts';
import { StorageError } from '../errors.ts';
import { assertKey } from '../names.ts';
import { runAsMember } from './member.ts';

/** Operations that make an object, of whose key nothing may be there that a URL cannot hold. */
const making: ReadonlySet<string> = new Set([
  'PutObject',
  'CopyObject',
  'CreateMultipartUpload',
  'PostObject',
]);

/** @param anonKey the secret of whoever comes with a token; undefined: nobody does */
export function createS3Door(door: Door, prefix: string, anonKey: string | undefined): S3Door {
  return {
    prefix,
    findMember(accessKey: string, token: string): Credential | undefined {
      if (anonKey === undefined) return undefined;
      const { role, claimsJson, subject } = identify(door, token);
      return {
        accessKey,
        secretKey: anonKey,
        sessionToken: token,
        identity: {
          kind: 'member',
          account: homeAccount,
          member: { role, claimsJson, subject },
          may: new Set(),
        },
      };
    },
    async run(server: Server, operation: Operation, request: S3Request): Promise<HttpResponse | undefined> {
      const { key, bucket, identity } = request;
      if (making.has(operation.name) && key !== '') assertS3Key(key);
      // Whoever owns it is told so, as everywhere but in the oldest region.
      if (operation.makesBucket && server.store.buckets.find(bucket) !== undefined)
        throw new S3Error('BucketAlreadyExists', { elements: { BucketName: bucket } });
      const isRead = operation.name === 'GetObject' || operation.name === 'HeadObject';
      if (identity.kind === 'member') {
        const answer = await runAsMember(door, server, operation, request, identity);
        return isRead ? restrained(answer) : answer;
      }
      if (isRead) return restrained(await operation.run(server, request));
      if (operation.name === 'PostObject') return withStatus200(await operation.run(server, request));
      return undefined;
    },
  };
}

/** Its answer to a form, where S3 says that there is nothing to say. */
function withStatus200(answer: HttpResponse): HttpResponse {
  return answer.status === 204 ? { ...answer, status: 200, body: '' } : answer;
}

/** It is read from the origin of the application, of which S3 itself has one of its own. */
function restrained(answer: HttpResponse): HttpResponse {
  const { headers } = answer;
  const at = headers.findIndex((name, i) => i % 2 === 0 && name.toLowerCase() === 'content-type');
  const type = at < 0 ? '' : headers[at + 1]!;
  return withHeaders(answer, restraints(type));
}

function identify(door: Door, token: string): ReturnType<Door['tokens']['identify']> {
  try {
    return door.tokens.identify(token);
  } catch (error) {
    if (error instanceof StorageError) throw new S3Error('InvalidToken', { cause: error });
    throw error;
  }
}

function assertS3Key(key: string): void {
  try {
    assertKey(key);
  } catch (error) {
    if (error instanceof StorageError) throw new S3Error('InvalidArgument', error.message);
    throw error;
  }
}
