import { chmodSync, rmSync } from 'node:fs';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { StackError } from '../project/errors.ts';
import type { OnStackEvent, StackEvent } from './events.ts';
import type { StackStatus } from './status.ts';
import { readStatusReply, type StatusReply } from './statusReply.ts';

/** What another process of the same user may ask of a running stack. */
export type ControlRequest =
  | { readonly command: 'status' }
  /** Answered when every service serves what the database holds now. */
  | { readonly command: 'refresh' }
  | { readonly command: 'restart'; readonly service?: string }
  /** Without a service the whole stack. */
  | { readonly command: 'stop'; readonly service?: string };

/** Lines of an answer: events while it works, then one result or one error. */
export type ControlReply =
  | { readonly kind: 'event'; readonly event: StackEvent }
  | { readonly kind: 'result'; readonly result: StackStatus | null }
  | { readonly kind: 'error'; readonly code: string; readonly message: string; readonly hint?: string };

export type ControlHandler = (
  request: ControlRequest,
  onEvent: (event: StackEvent) => void,
) => Promise<StackStatus | null>;

const maxRequestBytes = 4096;
const maxReplyLineBytes = 1_000_000;
const maxClients = 32;
/** A status is looked at within a second or two; only a stack that hangs takes longer. */
const statusMs = 15_000;
/** Draining, or a database that recovers, may take its time; each step of it is told. */
const silenceMs = 120_000;
/** A client that has not asked, or has not read its answer, by then does not. */
const lastWordMs = 1000;

export interface Control {
  /** From now on nobody can connect, and the socket's file is gone; answers under way are still given. */
  stopListening(): void;
}

/**
 * Listens on a unix socket that only this user may open: one JSON line asks, JSON lines answer, then the socket closes.
 * The caller has made sure of the folder and holds the stack's lock, so that a socket file found here is a remain.
 */
export async function listenControl(path: string, handler: ControlHandler): Promise<Control> {
  rmSync(path, { force: true });
  /** Connected, and have not asked yet. */
  const silent = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, socket => {
    const forget = (): void => void silent.delete(socket);
    silent.add(socket);
    socket.once('close', forget);
    serve(socket, handler, forget);
  });
  server.maxConnections = maxClients;
  await listenPrivately(server, path);
  return {
    stopListening: () => {
      // Takes the socket file away too, at once: its place may be another stack's in a moment.
      server.close();
      // Whoever asked for the stop waits for its answer, however long the stop takes; the silent have none to expect.
      setTimeout(() => {
        for (const client of silent) client.destroy();
      }, lastWordMs).unref();
    },
  };
}

function listenPrivately(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    // The mask covers the moment between bind and chmod.
    const mask = process.umask(0o177);
    server.listen(path, () => {
      server.off('error', reject);
      chmodSync(path, 0o600);
      resolve();
    });
    process.umask(mask);
  });
}

function serve(socket: Socket, handler: ControlHandler, onAsked: () => void): void {
  let text = '';
  let asked = false;
  socket.setEncoding('utf8');
  socket.setTimeout(120_000, () => socket.destroy());
  // A client that went away before its answer is no failure of the stack.
  socket.on('error', () => socket.destroy());
  const send = (reply: ControlReply): void => {
    if (socket.writable) socket.write(`${JSON.stringify(reply)}\n`);
  };
  socket.on('data', (chunk: string) => {
    if (asked) return;
    text += chunk;
    const end = text.indexOf('\n');
    if (end < 0 && text.length <= maxRequestBytes) return;
    asked = true;
    onAsked();
    answer(end < 0 ? '' : text.slice(0, end), handler, send).finally(() => {
      socket.end();
      // Nothing else may keep a stopped stack's process alive.
      setTimeout(() => socket.destroy(), lastWordMs).unref();
    });
  });
  socket.on('end', () => {
    if (!asked) socket.end();
  });
}

async function answer(
  line: string,
  handler: ControlHandler,
  send: (reply: ControlReply) => void,
): Promise<void> {
  try {
    const result = await handler(parseRequest(line), event => send({ kind: 'event', event }));
    send({ kind: 'result', result });
  } catch (error) {
    const { message } = error as Error;
    const code = error instanceof StackError ? error.code : 'control';
    const hint = error instanceof StackError ? error.hint : undefined;
    send({ kind: 'error', code, message, ...(hint === undefined ? {} : { hint }) });
  }
}

function parseRequest(line: string): ControlRequest {
  let value: { command?: unknown; service?: unknown };
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw new StackError('control', 'The request is not one line of JSON.', { cause });
  }
  const { command, service } = value;
  if (command === 'status' || command === 'refresh') return { command };
  if ((command === 'restart' || command === 'stop') && service === undefined) return { command };
  if ((command === 'restart' || command === 'stop') && typeof service === 'string')
    return { command, service };
  throw new StackError('control', 'The request is none of status, refresh, restart, stop.', {
    hint: 'The stack that runs may be of another version: stop it with its own.',
  });
}

/**
 * Asks a running stack. `onEvent` sees what happens meanwhile.
 * @throws {StackError} what the stack itself refused; `unanswered` when nothing comes, whose message is half a sentence,
 * as only the caller knows which process it is.
 */
export function askControl(
  path: string,
  request: ControlRequest,
  onEvent: OnStackEvent = () => undefined,
): Promise<StatusReply | null> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path);
    let text = '';
    let settled = false;
    const settle = (act: () => void): void => {
      if (settled) return;
      settled = true;
      socket.destroy();
      act();
    };
    const fail = (message: string, cause?: unknown): void =>
      settle(() => reject(new StackError('unanswered', message, { cause })));
    const answer = (reply: ControlReply): void => {
      switch (reply.kind) {
        case 'event':
          onEvent(reply.event);
          break;
        case 'result':
          settle(() => {
            try {
              resolve(reply.result === null ? null : readStatusReply(reply.result));
            } catch (error) {
              reject(error);
            }
          });
          break;
        case 'error': {
          const { code, message, hint } = reply;
          settle(() => reject(new StackError(code as StackError['code'], message, hint ? { hint } : {})));
        }
      }
    };
    const silentMs = request.command === 'status' ? statusMs : silenceMs;
    socket.setEncoding('utf8');
    socket.setTimeout(silentMs, () => fail(`has said nothing for ${silentMs / 1000} s`));
    socket.on('connect', () => socket.end(`${JSON.stringify(request)}\n`));
    socket.on('data', (chunk: string) => {
      text += chunk;
      const lines = text.split('\n');
      text = lines.pop()!;
      if (text.length > maxReplyLineBytes) return fail('its answer is too long');
      for (const line of lines) {
        if (!settled) answer(JSON.parse(line) as ControlReply);
      }
    });
    socket.on('error', cause => fail('nobody listens on its control channel', cause));
    socket.on('close', () => fail('it went away before it had answered'));
  });
}
