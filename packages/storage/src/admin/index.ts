/** The admin API that `mc` speaks: `/minio/admin/v3/…`. The table of calls, and how each is read, permitted and answered. */

import type { HttpResponse } from '@peakstone/kernel/http';
import { S3Error } from '../errors/s3Error.ts';
import { nameOf } from '../iam/administration.ts';
import type { Credential } from '../iam/credential.ts';
import type { S3Request } from '../request.ts';
import type { Server } from '../server.ts';
import type { AdminCall } from './call.ts';
import { groupCalls } from './groups.ts';
import { keyCalls } from './keys.ts';
import { permitAdmin } from './permit.ts';
import { policyCalls } from './policies.ts';
import { quotaCalls } from './quota.ts';
import { seal, unseal } from './seal.ts';
import { serverCalls } from './server.ts';
import { userCalls } from './users.ts';

export const adminPrefix = '/minio/admin/v3/';

const maxBodyBytes = 1024 * 1024;
const calls: readonly AdminCall[] = [
  ...userCalls,
  ...groupCalls,
  ...policyCalls,
  ...keyCalls,
  ...quotaCalls,
  ...serverCalls,
];

/** @throws {S3Error} */
export async function answerAdmin(
  server: Server,
  request: S3Request,
  caller: Credential | undefined,
): Promise<HttpResponse> {
  if (caller === undefined) throw new S3Error('AccessDenied');
  const path = request.http.path.slice(adminPrefix.length);
  const call = calls.find(
    each =>
      each.method === request.method &&
      (each.path === path || (each.path.endsWith('/') && `${path}/`.startsWith(each.path))),
  );
  if (call === undefined)
    throw new S3Error(
      'NotImplemented',
      `This server has no ${request.method} ${path.slice(0, 100)} of the admin API.`,
    );
  const given = {
    server,
    request,
    caller,
    callerName: nameOf(server.iam, caller.identity),
    body: Buffer.alloc(0),
  };
  const wanted = typeof call.action === 'string' ? { action: call.action, isOwn: false } : call.action(given);
  permitAdmin(request, wanted.action, wanted.isOwn);
  // Read, and a key made for it, only for who may.
  const received = await request.payload().whole(maxBodyBytes);
  const isSealed = call.sealed === 'body' || call.sealed === 'both';
  const body = isSealed ? await unseal(caller.secretKey, received) : received;
  if (body === undefined)
    throw new S3Error(
      'XMinioAdminInvalidArgument',
      'The body is not sealed with the secret key of its sender.',
    );
  const answer = await call.run({ ...given, body });
  if (answer === undefined)
    return call.emptyStatus === undefined
      ? { status: 200, headers: [], body: '' }
      : { status: call.emptyStatus, headers: [], body: null };
  const bytes = Buffer.isBuffer(answer) ? answer : Buffer.from(JSON.stringify(answer));
  const isOpen = call.sealed === undefined || call.sealed === 'body';
  return {
    status: 200,
    headers: ['Content-Type', isOpen ? 'application/json' : 'application/octet-stream'],
    body: isOpen ? bytes : await seal(caller.secretKey, bytes),
  };
}
