import type { Sql } from '@peakstone/kernel/pg';
import type { Member } from '../../iam/identity.ts';
import type { Operation } from '../../operation.ts';
import type { S3Request } from '../../request.ts';
import type { Server } from '../../server.ts';
import type { Door } from '../call.ts';

/** An operation of S3 that somebody with a token asks for. */
export interface MemberCall {
  readonly door: Door;
  readonly server: Server;
  readonly operation: Operation;
  readonly request: S3Request;
  readonly member: Member;
  /** Statements as the member. @throws {RecordError} */
  say(statement: Sql, end?: 'rollback'): Promise<readonly unknown[]>;
}
