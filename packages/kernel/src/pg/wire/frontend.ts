import { Buffer } from 'node:buffer';
import type { SqlValue } from '../types.ts';
import type { Writer } from './writer.ts';

/**
 * The messages a client sends. Each appends to a `Writer`; nothing here touches a socket.
 *
 * @see https://www.postgresql.org/docs/17/protocol-message-formats.html
 */

const protocolVersion = 196_608;
const sslRequestCode = 80_877_103;
const cancelRequestCode = 80_877_102;

export const sslRequest: Buffer = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);
sslRequest.writeInt32BE(sslRequestCode, 4);

/** Result formats: none named, so all text. Then Execute of the unnamed portal, all rows. */
const bindEndAndExecute = Buffer.from([0, 0, 0x45, 0, 0, 0, 9, 0, 0, 0, 0, 0]);
/** Result formats: text. Then Describe and Execute of the unnamed portal. */
const bindEndDescribeAndExecute = Buffer.from([
  0, 0, 0x44, 0, 0, 0, 6, 0x50, 0, 0x45, 0, 0, 0, 9, 0, 0, 0, 0, 0,
]);
const syncMessage = Buffer.from([0x53, 0, 0, 0, 4]);
export const terminate: Buffer = Buffer.from([0x58, 0, 0, 0, 4]);

export function writeStartup(out: Writer, parameters: Readonly<Record<string, string>>): void {
  const lengthAt = out.length;
  out.int32(0);
  out.int32(protocolVersion);
  for (const [name, value] of Object.entries(parameters)) {
    out.cstring(name);
    out.cstring(value);
  }
  out.byte(0);
  out.end(lengthAt);
}

/** Asks, on a connection of its own, to cancel what backend `pid` is running. */
export function cancelRequest(pid: number, secret: number): Buffer {
  const message = Buffer.alloc(16);
  message.writeInt32BE(16, 0);
  message.writeInt32BE(cancelRequestCode, 4);
  message.writeInt32BE(pid, 8);
  message.writeInt32BE(secret, 12);
  return message;
}

/** A password, its MD5 answer, or a SASL response: all share one message type. */
export function writePassword(out: Writer, password: string): void {
  const lengthAt = out.begin(0x70);
  out.cstring(password);
  out.end(lengthAt);
}

export function writeSaslInitial(out: Writer, mechanism: string, response: string): void {
  const lengthAt = out.begin(0x70);
  out.cstring(mechanism);
  out.int32(Buffer.byteLength(response));
  out.text(response);
  out.end(lengthAt);
}

export function writeSaslResponse(out: Writer, response: string): void {
  const lengthAt = out.begin(0x70);
  out.text(response);
  out.end(lengthAt);
}

/** Simple protocol. */
export function writeQuery(out: Writer, text: string): void {
  const lengthAt = out.begin(0x51);
  out.cstring(text);
  out.end(lengthAt);
}

/** Parse, leaving all parameter types to the server. */
export function writeParse(out: Writer, name: string, text: string): void {
  const lengthAt = out.begin(0x50);
  out.cstring(name);
  out.cstring(text);
  out.int16(0);
  out.end(lengthAt);
}

/** Describe of a prepared statement. */
export function writeDescribeStatement(out: Writer, name: string): void {
  const lengthAt = out.begin(0x44);
  out.byte(0x53);
  out.cstring(name);
  out.end(lengthAt);
}

export function writeCloseStatement(out: Writer, name: string): void {
  const lengthAt = out.begin(0x43);
  out.byte(0x53);
  out.cstring(name);
  out.end(lengthAt);
}

/** The part of a Bind that does not change with its values: message type, room for the length, portal, statement, formats. */
export function bindPrefix(name: string): Buffer {
  const prefix = Buffer.alloc(5 + 1 + Buffer.byteLength(name) + 1 + 2);
  prefix[0] = 0x42;
  prefix.write(name, 6);
  return prefix;
}

export const unnamedBindPrefix: Buffer = bindPrefix('');

/** Bind and Execute, with a Describe of the portal between when its columns are not known yet. */
export function writeBindExecute(
  out: Writer,
  prefix: Buffer,
  values: readonly SqlValue[],
  describe: boolean,
): void {
  const start = out.length;
  const count = values.length;
  out.bytes(prefix);
  out.int16(count);
  let apart = 0;
  for (let i = 0; i < count; i++) {
    const value = values[i];
    if (value === null || value === undefined) {
      out.int32(-1);
    } else if (typeof value === 'string') {
      out.reserve(4);
      const at = out.length;
      out.length = at + 4;
      out.text(value);
      out.putInt32(at, out.length - at - 4);
    } else {
      out.int32(value.length);
      apart += out.value(value);
    }
  }
  // The length ends after the result formats, the first two bytes of the tail.
  out.putInt32(start + 1, out.length + apart + 2 - start - 1);
  out.bytes(describe ? bindEndDescribeAndExecute : bindEndAndExecute);
}

export function writeSync(out: Writer): void {
  out.bytes(syncMessage);
}

export function writeCopyFail(out: Writer, reason: string): void {
  const lengthAt = out.begin(0x66);
  out.cstring(reason);
  out.end(lengthAt);
}

export function writeCopyData(out: Writer, data: Uint8Array): void {
  const lengthAt = out.begin(0x64);
  out.bytes(data);
  out.end(lengthAt);
}

export function writeCopyDone(out: Writer): void {
  out.end(out.begin(0x63));
}
