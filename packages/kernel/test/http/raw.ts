/** A client that sends exactly the bytes it is given, for what no well-behaved client would send. */
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface RawAnswer {
  readonly text: string;
  /** The server ended the connection by itself. */
  readonly closed: boolean;
}

/** No answer takes so long, however busy the machine is. */
const LIMIT_MS = 60_000;

/**
 * Sends pieces one after the other and collects the answer until the server closes. Where it keeps the connection,
 * `quietMs` says after how long a silence the answer is taken for complete.
 */
export async function sendRaw(
  port: number,
  pieces: readonly (string | Buffer)[],
  { quietMs = LIMIT_MS, pauseMs = 0 }: { quietMs?: number; pauseMs?: number } = {},
): Promise<RawAnswer> {
  const socket: Socket = connect({ port, host: '127.0.0.1', noDelay: true });
  const chunks: Buffer[] = [];
  let closed = false;
  let last = performance.now();
  socket.on('data', chunk => {
    chunks.push(chunk);
    last = performance.now();
  });
  socket.on('end', () => {
    closed = true;
  });
  socket.on('error', () => {
    closed = true;
  });
  await new Promise<void>(resolve => socket.once('connect', resolve));
  for (const piece of pieces) {
    if (socket.destroyed) break;
    socket.write(typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece);
    // Even without a pause each piece is its own packet, since Nagle's algorithm is off and the loop turns.
    if (pieces.length > 1) await sleep(pauseMs);
  }
  last = performance.now();
  const started = performance.now();
  while (!closed && performance.now() - last < quietMs && performance.now() - started < LIMIT_MS)
    await sleep(5);
  socket.destroy();
  return { text: Buffer.concat(chunks).toString('latin1'), closed };
}

export interface RawResponse {
  readonly status: number;
  readonly headers: readonly string[];
  readonly body: string;
}

/** Whether the text ends with a response, and not within one's head. */
export function isWhole({ text }: RawAnswer): boolean {
  const last = text.lastIndexOf('HTTP/1.1 ');
  return last < 0 ? text === '' : text.includes('\r\n\r\n', last);
}

/** Splits a connection's bytes into responses; headers that may differ between servers are left out. */
export function parseResponses(text: string): RawResponse[] {
  const responses: RawResponse[] = [];
  let rest = text;
  while (rest !== '') {
    const headEnd = rest.indexOf('\r\n\r\n');
    if (headEnd < 0) throw new Error(`Unfinished response head: ${JSON.stringify(rest.slice(0, 200))}`);
    const [line = '', ...lines] = rest.slice(0, headEnd).split('\r\n');
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(line)?.[1]);
    if (!status) throw new Error(`Not a status line: ${JSON.stringify(line)}`);
    const length = Number(lines.find(header => /^content-length:/i.test(header))?.slice(15) ?? 0);
    const chunked = lines.some(header => /^transfer-encoding: *chunked/i.test(header));
    rest = rest.slice(headEnd + 4);
    let body: string;
    if (chunked) {
      const end = rest.indexOf('0\r\n\r\n');
      body = rest.slice(0, end);
      rest = rest.slice(end + 5);
    } else if (rest.startsWith('HTTP/1.1 ')) {
      // An answer to HEAD: it tells a length and sends none of it.
      body = '';
    } else {
      body = rest.slice(0, length);
      rest = rest.slice(length);
    }
    const headers = lines.filter(header => !/^(?:date|connection|keep-alive):/i.test(header));
    responses.push({ status, headers, body });
  }
  return responses;
}
