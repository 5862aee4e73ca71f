/** Who asks, from whatever form of signature the request has. */
import type { HttpRequest } from '@peakstone/kernel/http';
import { S3Error } from '../errors/s3Error.ts';
import type { Credential } from '../iam/credential.ts';
import { anonymous, type Identity } from '../iam/identity.ts';
import type { Query } from '../wire/query.ts';
import { type PayloadForm, readPayloadForm } from './payloadForm.ts';
import { verifyV2Header, verifyV2Presigned } from './sigv2.ts';
import { type SigningContext, verifyHeader, verifyPresigned } from './sigv4.ts';

export interface Authenticated {
  readonly identity: Identity;
  readonly payload: PayloadForm;
  readonly signedBy: 'header' | 'query' | 'none';
  /** Of whom it was signed by, in version 4. */
  readonly credential?: Credential;
}

export interface AuthContext extends SigningContext {
  /** Of a virtual-host request; empty otherwise. */
  readonly bucketOfHost: string;
}

/** @throws {S3Error} whatever is wrong with the signature */
export function authenticate(request: HttpRequest, query: Query, context: AuthContext): Authenticated {
  const { authorization } = request.headers;
  const inQuery =
    query.has('X-Amz-Signature') || query.has('X-Amz-Credential') || query.has('X-Amz-Algorithm');
  const inQueryV2 = query.has('AWSAccessKeyId') && query.has('Signature');
  if (authorization !== undefined && (inQuery || inQueryV2))
    throw new S3Error(
      'InvalidRequest',
      'Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified',
    );
  if (authorization?.startsWith('AWS4-HMAC-SHA256')) {
    const { credential, payload } = verifyHeader(request, query, context);
    return { identity: credential.identity, payload, signedBy: 'header', credential };
  }
  if (inQuery) {
    const { credential, payload } = verifyPresigned(request, query, context);
    return { identity: credential.identity, payload, signedBy: 'query' };
  }
  const v2 = (verify: typeof verifyV2Header): Identity =>
    verify(request, query, context.bucketOfHost, context.find, context.now).identity;
  if (authorization?.startsWith('AWS '))
    return { identity: v2(verifyV2Header), payload: formOf(request), signedBy: 'header' };
  if (inQueryV2) return { identity: v2(verifyV2Presigned), payload: formOf(request), signedBy: 'query' };
  if (authorization !== undefined && authorization !== '')
    throw new S3Error('InvalidArgument', {
      message: 'Unsupported Authorization Type',
      elements: { ArgumentName: 'Authorization' },
    });
  return { identity: anonymous, payload: formOf(request), signedBy: 'none' };
}

/** Without a signature that chunks could be chained to. */
function formOf({ headers }: HttpRequest): PayloadForm {
  const declared = headers['x-amz-content-sha256'];
  if (declared === undefined) return { kind: 'unsigned' };
  const form = readPayloadForm(declared, undefined);
  if (form.kind === 'chunks' && declared !== 'STREAMING-UNSIGNED-PAYLOAD-TRAILER')
    throw new S3Error('AccessDenied', 'Signed chunks need a signed request.');
  return form;
}
