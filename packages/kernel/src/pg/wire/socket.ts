import { Buffer } from 'node:buffer';
import { existsSync, readFileSync } from 'node:fs';
import { isIP, connect as netConnect, type Socket } from 'node:net';
import { join } from 'node:path';
import { checkServerIdentity, type TLSSocket, connect as tlsConnect } from 'node:tls';
import { ConnectionError } from '../errors.ts';
import type { Conninfo } from './conninfo.ts';
import { sslRequest } from './frontend.ts';
import { homeFolder } from './home.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Where what a socket reads goes; nowhere while it has no owner. */
export interface Intake {
  /** The bytes are `buffer[0, size)`. Lent ones are overwritten once it returns. */
  take: (buffer: Buffer, size: number, isLent: boolean) => void;
}

/**
 * What all unencrypted sockets read into: each read is handed on before the next one begins. In blocks of its own each would
 * cost 64 KB, which the allocator keeps after a peak.
 */
const lent = Buffer.allocUnsafeSlow(65_536);

/**
 * Opens the TCP or unix socket of one host. Its reads go to `intake`; without one it has `data` events.
 * @throws {ConnectionError} refused, unknown or not in time.
 */
export function openSocket(address: Address, timeoutMs: number, intake?: Intake): Promise<Socket> {
  const reads = intake && {
    onread: {
      buffer: lent,
      callback(size: number) {
        intake.take(lent, size, true);
        return true;
      },
    },
  };
  return new Promise((resolve, reject) => {
    const socket = address.host.startsWith('/')
      ? netConnect({ path: `${address.host}/.s.PGSQL.${address.port}`, ...reads })
      : netConnect({ host: address.host, port: address.port, noDelay: true, keepAlive: true, ...reads });
    // Between one owner's listeners and the next one's an error must not find none.
    socket.on('error', () => {});
    const timer = setTimeout(() => fail(new Error(`no connection within ${timeoutMs} ms`)), timeoutMs);
    const fail = (error: Error): void => {
      clearTimeout(timer);
      socket.destroy();
      reject(
        new ConnectionError(`Cannot reach PostgreSQL at ${describe(address)}: ${reason(error)}`, {
          cause: error,
        }),
      );
    };
    socket.once('error', fail);
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.off('error', fail);
      resolve(socket);
    });
  });
}

/**
 * Turns a fresh socket into a TLS one; null when the server refuses TLS (then the socket still serves in the clear).
 * @throws {ConnectionError} when the handshake or the certificate check fails.
 */
export async function negotiateTls(
  socket: Socket,
  address: Address,
  info: Conninfo,
  timeoutMs: number,
): Promise<TLSSocket | null> {
  socket.write(sslRequest);
  const answer = await firstBytes(socket, timeoutMs);
  // More than the one byte would be plaintext injected before the handshake (CVE-2021-23222).
  if (answer.length !== 1)
    throw new ConnectionError('The server sent unencrypted bytes after the SSL request');
  if (answer[0] === 0x4e) return null;
  if (answer[0] !== 0x53) throw new ConnectionError('The server does not understand the SSL request');
  return await new Promise((resolve, reject) => {
    const verifyHost = info.sslmode === 'verify-full';
    const verify =
      verifyHost || info.sslmode === 'verify-ca' || (info.sslmode === 'require' && !!info.sslrootcert);
    const ca = rootCertificates(info);
    const secure = tlsConnect({
      socket,
      ALPNProtocols: ['postgresql'],
      ...(isIP(address.host) ? {} : { servername: address.host }),
      rejectUnauthorized: verify,
      checkServerIdentity: (_name, certificate) =>
        verifyHost ? checkServerIdentity(address.host, certificate) : undefined,
      ...(ca ? { ca } : {}),
      ...(info.sslcert ? { cert: readFileSync(info.sslcert) } : {}),
      ...(info.sslkey ? { key: readFileSync(info.sslkey) } : {}),
    });
    secure.on('error', () => {});
    const timer = setTimeout(() => fail(new Error(`no handshake within ${timeoutMs} ms`)), timeoutMs);
    const fail = (error: Error): void => {
      clearTimeout(timer);
      secure.destroy();
      socket.destroy();
      reject(new ConnectionError(`TLS with ${describe(address)} failed: ${reason(error)}`, { cause: error }));
    };
    secure.once('error', fail);
    secure.once('secureConnect', () => {
      clearTimeout(timer);
      secure.off('error', fail);
      resolve(secure);
    });
  });
}

function firstBytes(socket: Socket, timeoutMs: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const settle = (error: Error | null, data?: Buffer): void => {
      clearTimeout(timer);
      socket.off('data', onData);
      socket.off('error', settle);
      socket.off('close', onClose);
      socket.pause();
      if (data) resolve(data);
      else reject(new ConnectionError(`The server gave no answer to the SSL request: ${error?.message}`));
    };
    const onData = (data: Buffer): void => settle(null, data);
    const onClose = (): void => settle(new Error('connection closed'));
    const timer = setTimeout(() => settle(new Error('time-out')), timeoutMs);
    socket.on('data', onData);
    socket.on('error', settle);
    socket.on('close', onClose);
  });
}

/** libpq's own place when none is named; without a file there the system's authorities count. */
function rootCertificates(info: Conninfo): Buffer | undefined {
  if (info.sslrootcert === 'system') return undefined;
  if (info.sslrootcert) return readFileSync(info.sslrootcert);
  const home = homeFolder();
  const usual = home === null ? null : join(home, '.postgresql', 'root.crt');
  return usual !== null && existsSync(usual) ? readFileSync(usual) : undefined;
}

/** For messages. */
export function describe(address: Address): string {
  return address.host.startsWith('/')
    ? `${address.host}/.s.PGSQL.${address.port}`
    : `${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
}

/** An AggregateError of several tried addresses has an empty message. */
function reason(error: Error): string {
  if (error instanceof AggregateError) return error.errors.map(each => (each as Error).message).join('; ');
  return error.message;
}
