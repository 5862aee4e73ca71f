/**
 * The messages inside of a WAL stream. Pure.
 * @see https://www.postgresql.org/docs/17/protocol-replication.html#PROTOCOL-REPLICATION-XLOGDATA
 */
import { BackupError } from '../errors.ts';
import type { Lsn } from '../lsn.ts';

export type WalMessage =
  | {
      readonly kind: 'data';
      readonly at: Lsn;
      readonly walEnd: Lsn;
      readonly sentAt: Date;
      readonly bytes: Buffer;
    }
  | { readonly kind: 'alive'; readonly walEnd: Lsn; readonly sentAt: Date; readonly asksForReply: boolean };

/** PostgreSQL counts from 2000, in microseconds. */
const epochMs = Date.UTC(2000, 0, 1);

export function readWalMessage(message: Buffer): WalMessage {
  switch (message[0]) {
    case 0x77: // w
      if (message.length < 25) break;
      return {
        kind: 'data',
        at: message.readBigUInt64BE(1),
        walEnd: message.readBigUInt64BE(9),
        sentAt: readTime(message, 17),
        bytes: message.subarray(25),
      };
    case 0x6b: // k
      if (message.length < 18) break;
      return {
        kind: 'alive',
        walEnd: message.readBigUInt64BE(1),
        sentAt: readTime(message, 9),
        asksForReply: message[17] === 1,
      };
  }
  throw new BackupError(
    'SERVER',
    'The server sent WAL in a form that is not PostgreSQL’s.',
    'Is there a proxy between?',
  );
}

/** Tells the server how far WAL is received, and how far it is stored for good: what lies before may go there. */
export function writeStatus(written: Lsn, flushed: Lsn, now: Date, asksForReply: boolean): Buffer {
  const message = Buffer.alloc(34);
  message[0] = 0x72; // r
  message.writeBigUInt64BE(written, 1);
  message.writeBigUInt64BE(flushed, 9);
  message.writeBigUInt64BE(0n, 17);
  message.writeBigInt64BE(BigInt(now.getTime() - epochMs) * 1000n, 25);
  message[33] = asksForReply ? 1 : 0;
  return message;
}

function readTime(message: Buffer, at: number): Date {
  return new Date(epochMs + Number(message.readBigInt64BE(at) / 1000n));
}
