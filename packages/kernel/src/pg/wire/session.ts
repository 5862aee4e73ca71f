import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { ConnectionError, PgError } from '../errors.ts';
import { readCstring, readErrorFields, readInt32, readParameter } from './backend.ts';
import type { Conninfo } from './conninfo.ts';
import { Framer } from './framer.ts';
import { writePassword, writeSaslInitial, writeSaslResponse, writeStartup } from './frontend.ts';
import { findPassword } from './passfile.ts';
import { createScram, endPointBinding, type Scram } from './scram.ts';
import { type Address, describe, type Intake, negotiateTls, openSocket } from './socket.ts';
import { Writer } from './writer.ts';

/** An authenticated, idle connection: the socket is paused and has no owner; `framer` holds what came early. */
export interface Session {
  readonly socket: Socket;
  /** Where the socket's reads go. */
  readonly intake: Intake;
  readonly framer: Framer;
  readonly address: Address;
  readonly pid: number;
  readonly secret: number;
  readonly parameters: Map<string, string>;
}

/**
 * Connects to the first host that answers and fits `target_session_attrs`.
 * @throws {ConnectionError} with the last host's failure as cause (a PgError when the server spoke, such as 28P01).
 */
export async function openSession(
  info: Conninfo,
  parameters: Readonly<Record<string, string>>,
  signal?: AbortSignal,
): Promise<Session> {
  let failure: unknown;
  const passes =
    info.targetSession === 'prefer-standby' ? (['standby', 'any'] as const) : [info.targetSession];
  for (const wanted of passes) {
    for (const address of info.hosts) {
      signal?.throwIfAborted();
      try {
        const session = await openHost(info, address, parameters, signal);
        if (fits(session, wanted)) return session;
        session.socket.destroy();
        failure = new ConnectionError(`The server at ${describe(address)} is not ${wanted}`);
      } catch (error) {
        failure = error;
      }
    }
  }
  if (failure instanceof ConnectionError) throw failure;
  const message = failure instanceof Error ? failure.message : String(failure);
  throw new ConnectionError(`Cannot connect to PostgreSQL: ${message}`, { cause: failure });
}

async function openHost(
  info: Conninfo,
  address: Address,
  parameters: Readonly<Record<string, string>>,
  signal?: AbortSignal,
): Promise<Session> {
  const local = address.host.startsWith('/');
  const first = local || info.sslmode === 'disable' || info.sslmode === 'allow' ? 'clear' : 'tls';
  try {
    return await startSession(info, address, parameters, first, signal);
  } catch (error) {
    if (local || signal?.aborted) throw error;
    // As libpq: `allow` tries TLS after a refusal in the clear, `prefer` the clear after a refusal over TLS.
    const refused =
      error instanceof PgError || (error instanceof ConnectionError && error.message.startsWith('TLS with'));
    if (info.sslmode === 'allow' && refused)
      return await startSession(info, address, parameters, 'tls', signal);
    const isAuthFailure = error instanceof PgError && error.code !== '28000';
    if (info.sslmode === 'prefer' && refused && !isAuthFailure && info.channelBinding !== 'require') {
      return await startSession(info, address, parameters, 'clear', signal);
    }
    throw error;
  }
}

async function startSession(
  info: Conninfo,
  address: Address,
  parameters: Readonly<Record<string, string>>,
  security: 'clear' | 'tls',
  signal?: AbortSignal,
): Promise<Session> {
  const deadline = performance.now() + info.connectTimeoutMs;
  const intake: Intake = { take() {} };
  const lends = security === 'clear';
  let socket = await openSocket(address, info.connectTimeoutMs, lends ? intake : undefined);
  const abort = (): void => void socket.destroy(new ConnectionError('Connecting was aborted'));
  signal?.addEventListener('abort', abort);
  const timer = setTimeout(
    () => socket.destroy(new ConnectionError(`${describe(address)} did not finish the start-up in time`)),
    info.connectTimeoutMs,
  );
  try {
    if (security === 'tls') {
      const secure = await negotiateTls(socket, address, info, Math.max(1, deadline - performance.now()));
      if (secure) socket = secure;
      else if (info.sslmode !== 'prefer' && info.sslmode !== 'allow') {
        throw new ConnectionError(
          `The server at ${describe(address)} does not support TLS, but sslmode is ${info.sslmode}`,
        );
      }
    }
    if (!lends) socket.on('data', (chunk: Buffer) => intake.take(chunk, chunk.length, false));
    return await authenticate(socket, intake, address, info, parameters);
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  }
}

interface Message {
  readonly type: string;
  readonly body: Buffer;
}

/** Reads messages one by one during start-up, where speed does not matter. */
function createReader(
  socket: Socket,
  intake: Intake,
): { next(): Promise<Message>; framer: Framer; detach(): void } {
  const queue: Message[] = [];
  let failure: Error | null = null;
  let wake: (() => void) | null = null;
  const framer = new Framer({
    message(type, buffer, start, end) {
      if (queue.length >= 1000) throw new ConnectionError('The server floods the start-up');
      queue.push({ type: String.fromCharCode(type), body: Buffer.from(buffer.subarray(start, end)) });
    },
  });
  intake.take = (buffer, size, isLent): void => {
    try {
      framer.feed(buffer, size, isLent);
      if (framer.pendingBytes > 65_536)
        throw new ConnectionError('The server sends oversized start-up messages');
    } catch (error) {
      failure = error as Error;
      socket.destroy();
    }
    wake?.();
  };
  const onError = (error: Error): void => {
    failure ??=
      error instanceof ConnectionError ? error : new ConnectionError(error.message, { cause: error });
    wake?.();
  };
  const onClose = (): void => {
    failure ??= new ConnectionError('The server closed the connection during start-up');
    wake?.();
  };
  socket.on('error', onError).on('close', onClose).resume();
  if (socket.destroyed) onClose();
  return {
    framer,
    async next() {
      while (queue.length === 0) {
        if (failure) throw failure;
        await new Promise<void>(resolve => {
          wake = resolve;
        });
        wake = null;
      }
      return queue.shift()!;
    },
    detach() {
      socket.pause();
      socket.off('error', onError).off('close', onClose);
    },
  };
}

async function authenticate(
  socket: Socket,
  intake: Intake,
  address: Address,
  info: Conninfo,
  parameters: Readonly<Record<string, string>>,
): Promise<Session> {
  const out = new Writer();
  const flush = (): void => {
    socket.write(Buffer.from(out.view()));
    out.release();
  };
  const reader = createReader(socket, intake);
  writeStartup(out, {
    ...info.parameters,
    ...parameters,
    user: info.user,
    database: info.database,
    client_encoding: 'UTF8',
  });
  flush();
  const password = async (): Promise<string> => {
    const found = info.password ?? (await findPassword(info, address));
    if (found === null)
      throw new ConnectionError(`The server at ${describe(address)} asks for a password, but none is given`);
    if (found.includes('\0')) throw new ConnectionError('The password holds a zero byte');
    return found;
  };
  let scram: Scram | null = null;
  let verified = false;
  let pid = 0;
  let secret = 0;
  const reported = new Map<string, string>();
  for (;;) {
    const { type, body } = await reader.next();
    switch (type) {
      case 'E':
        throw new PgError(readErrorFields(body, 0, body.length));
      case 'N':
        break;
      case 'S': {
        const [name, value] = readParameter(body, 0, body.length);
        if (reported.size < 1000) reported.set(name, value);
        break;
      }
      case 'K':
        pid = readInt32(body, 0, body.length);
        secret = readInt32(body, 4, body.length);
        break;
      case 'v':
        // The server knows a lower minor version or not all options: version 3.0 has neither.
        break;
      case 'Z':
        reader.detach();
        return { socket, intake, framer: reader.framer, address, pid, secret, parameters: reported };
      case 'R': {
        const kind = readInt32(body, 0, body.length);
        const data = body.subarray(4);
        if (
          info.channelBinding === 'require' &&
          kind !== 10 &&
          kind !== 11 &&
          kind !== 12 &&
          !(kind === 0 && verified)
        ) {
          throw new ConnectionError(
            'The server did not authenticate with channel binding, which channel_binding=require asks for',
          );
        }
        if (kind === 0) {
          if (scram && !verified)
            throw new ConnectionError('The server skipped its half of the SCRAM exchange');
        } else if (kind === 3) {
          writePassword(out, await password());
          flush();
        } else if (kind === 5) {
          const inner = md5((await password()) + info.user);
          writePassword(out, `md5${md5(Buffer.concat([Buffer.from(inner), data.subarray(0, 4)]))}`);
          flush();
        } else if (kind === 10) {
          scram = chooseMechanism(socket, info, data, await password());
          writeSaslInitial(out, scram.mechanism, scram.first);
          flush();
        } else if (kind === 11 && scram) {
          writeSaslResponse(out, await scram.answer(data.toString()));
          flush();
        } else if (kind === 12 && scram) {
          scram.verify(data.toString());
          verified = true;
        } else {
          throw new ConnectionError(
            `The server asks for authentication method ${kind}, which is not supported (use scram-sha-256)`,
          );
        }
        break;
      }
      default:
        throw new ConnectionError(`The server sent an unexpected message '${type}' during start-up`);
    }
  }
}

function chooseMechanism(socket: Socket, info: Conninfo, offer: Buffer, password: string): Scram {
  const offered: string[] = [];
  for (let at = 0; at < offer.length && offer[at] !== 0; ) {
    const name = readCstring(offer, at, offer.length);
    offered.push(name);
    at += Buffer.byteLength(name) + 1;
  }
  let binding: Buffer | null = null;
  if (socket instanceof TLSSocket && info.channelBinding !== 'disable') {
    const raw = socket.getPeerX509Certificate()?.raw;
    if (raw) binding = endPointBinding(raw);
  }
  if (binding && offered.includes('SCRAM-SHA-256-PLUS')) return createScram(password, binding, true);
  if (info.channelBinding === 'require') {
    throw new ConnectionError('channel_binding=require, but the server or the connection offers none');
  }
  if (!offered.includes('SCRAM-SHA-256')) {
    throw new ConnectionError(`The server offers no SASL mechanism known here, only ${offered.join(', ')}`);
  }
  return createScram(password, null, binding !== null);
}

/** PostgreSQL 14 and later report both parameters by themselves; of older ones only `any` can be told. */
function fits(session: Session, wanted: string): boolean {
  const standby = session.parameters.get('in_hot_standby') === 'on';
  const readOnly = standby || session.parameters.get('default_transaction_read_only') === 'on';
  switch (wanted) {
    case 'read-write':
      return !readOnly;
    case 'read-only':
      return readOnly;
    case 'primary':
      return !standby;
    case 'standby':
      return standby;
    default:
      return true;
  }
}

function md5(data: string | Buffer): string {
  return createHash('md5').update(data).digest('hex');
}
