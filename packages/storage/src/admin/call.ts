import type { Credential } from '../iam/credential.ts';
import type { S3Request } from '../request.ts';
import type { Server } from '../server.ts';

/** One call of the admin API, as its caller sent it. */
export interface AdminRequest {
  readonly server: Server;
  readonly request: S3Request;
  readonly caller: Credential;
  /** Whose rights the caller has: a user's name, or the root user's access key. */
  readonly callerName: string;
  /** Unsealed where the call's is sealed. */
  readonly body: Buffer;
}

/** What is told back: JSON, bytes as they are, or nothing. */
export type AdminAnswer = object | Buffer | undefined;

export interface AdminCall {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  /** After `/minio/admin/v3/`; one that ends with a slash has more behind it. */
  readonly path: string;
  /** What policies call it; a function for what everybody may do to itself. */
  readonly action: string | ((call: AdminRequest) => { readonly action: string; readonly isOwn: boolean });
  readonly sealed?: 'body' | 'answer' | 'both';
  /** Of an answer without content. Default 200: clients insist on MinIO's. */
  readonly emptyStatus?: 204;
  run(call: AdminRequest): Promise<AdminAnswer> | AdminAnswer;
}

/** The query's, which must be there. */
export function need({ request }: AdminRequest, name: string): string {
  return request.query.get(name) ?? '';
}

/** All of one name. */
export function allOf({ request }: AdminRequest, name: string): string[] {
  return request.query.pairs.filter(([each]) => each === name).map(([, value]) => value);
}
