/**
 * Attacks a gateway with raw bytes while victims ask through the same connections to the upstream: one request in must be
 * one request out, uploads must arrive whole, and every victim must get its own answer.
 */
import { createHash } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createLogger } from '@peakstone/kernel/log';
import { seededRandom, until } from '@peakstone/testing';
import { gateway, readGatewayConfig } from '../../src/index.ts';
import { attack, inPieces, upload } from './requests.ts';
import { startUpstream, type UpstreamName } from './upstreams.ts';

const PREFIX = '/rest/v1';
/** Attackers, uploads and victims at once. */
const WIDTH = 12;

export interface FuzzReport {
  readonly attacks: number;
  readonly victims: number;
  readonly uploads: number;
  /** What must not have happened, with the bytes to replay it. */
  readonly wrong: readonly string[];
}

/** What one round sends, made before it begins so that a seed makes the same whatever the timing. */
interface Round {
  readonly attacks: readonly (readonly string[])[];
  readonly uploads: readonly {
    readonly id: string;
    readonly pieces: readonly string[];
    readonly bodyBytes: number;
  }[];
  readonly victims: readonly string[];
}

/** No damage that is done to one name makes another. */
function nameOf(number: number): string {
  return createHash('sha256').update(String(number)).digest('hex').slice(0, 20);
}

function makeRound(random: () => number, round: number): Round {
  const each = <T>(make: (name: string) => T) =>
    Array.from({ length: WIDTH }, (_, i) => make(nameOf(round * WIDTH + i)));
  return {
    attacks: each(name => inPieces(random, attack(random, PREFIX, name))),
    uploads: each(name => {
      const { bytes, bodyBytes } = upload(random, PREFIX, `upload-${name}`);
      return { id: `upload-${name}`, pieces: inPieces(random, bytes), bodyBytes };
    }),
    victims: each(name => `victim-${name}`),
  };
}

export async function fuzzSmuggling(name: UpstreamName, rounds: number, seed: number): Promise<FuzzReport> {
  const upstream = await startUpstream(name);
  const lines: string[] = [];
  const log = createLogger({ format: 'json', stream: { write: text => lines.push(text) } });
  const config = readGatewayConfig({ GATEWAY_PORT: '0', GATEWAY_DRAIN: '0' });
  const route = {
    name: 'rest',
    paths: [PREFIX],
    stripPrefix: true,
    target: upstream.url,
    public: true,
    // Or the gateway would ask the upstream itself, when a damaged request asks for its start page.
    health: async () => ({ ok: true }) as const,
  };
  const front = await gateway.start(config, { routes: [route], log }, new AbortController().signal);
  const wrong: string[] = [];
  const uploads = new Map<string, number>();
  try {
    const random = seededRandom(seed);
    for (let round = 0; round < rounds; round++) {
      const made = makeRound(random, round);
      await Promise.all([
        ...made.attacks.map(pieces => send(front.port, pieces)),
        ...made.uploads.map(async ({ id, pieces, bodyBytes }) => {
          uploads.set(id, bodyBytes);
          const text = await ask(front.port, pieces, id);
          if (!text.endsWith(id)) wrong.push(`upload ${id} got ${JSON.stringify(text)} for ${short(pieces)}`);
        }),
        ...made.victims.map(async id => {
          const request = `GET ${PREFIX}/victim HTTP/1.1\r\nHost: a\r\nX-Request-Id: ${id}\r\nConnection: close\r\n\r\n`;
          const text = await ask(front.port, [request], id);
          if (!text.startsWith('HTTP/1.1 200 ') || !text.endsWith(`\r\n\r\n${id}`))
            wrong.push(`victim ${id} of round ${round} got ${JSON.stringify(text)}`);
        }),
      ]);
    }
    const known = (): Map<string, string> => {
      log.flush();
      const records = lines.join('').trim().split('\n');
      return new Map(
        records.map(line => {
          const { request, method, path } = JSON.parse(line);
          return [String(request), `${method} ${path}`];
        }),
      );
    };
    // What was broken off is logged when the gateway has noticed.
    const all = () => {
      const ids = known();
      return upstream.seen().every(({ id }) => ids.has(id));
    };
    await until(all).catch(() => {
      // What is missing is named below.
    });
    const ids = known();
    const counts = new Map<string, number>();
    for (const { id, method, target, bodyBytes } of upstream.seen()) {
      const asked = ids.get(id);
      if (asked === undefined)
        wrong.push(`the upstream saw ${method} ${target} (${id}), which the gateway had not`);
      else if (!`${method} ${PREFIX}${target}`.startsWith(asked))
        wrong.push(`the gateway had ${asked}, the upstream saw ${method} ${target}`);
      counts.set(id, (counts.get(id) ?? 0) + 1);
      const expected = uploads.get(id);
      if (expected !== undefined && bodyBytes !== null && bodyBytes !== expected)
        wrong.push(`upload ${id} had ${expected} bytes, ${bodyBytes} arrived`);
    }
    for (const [id, count] of counts) {
      // A GET may be asked again on a fresh connection; an upload never.
      if (count > 1 && !ids.get(id)?.startsWith('GET'))
        wrong.push(`${ids.get(id)} (${id}) arrived ${count} times`);
    }
    for (const id of uploads.keys()) if (!counts.has(id)) wrong.push(`upload ${id} never arrived`);
  } finally {
    await front.stop();
    await upstream.stop();
  }
  return { attacks: rounds * WIDTH, victims: rounds * WIDTH, uploads: rounds * WIDTH, wrong };
}

/** Bodies are made of x; how many is all there is to tell. */
function short(pieces: readonly string[]): string {
  return JSON.stringify(pieces).replace(/x{20,}/g, xs => `x*${xs.length}`);
}

async function write(socket: Socket, pieces: readonly string[]): Promise<void> {
  for (const piece of pieces) {
    if (socket.destroyed) return;
    socket.write(piece, 'latin1');
    await nextTurn();
  }
}

/** Sends what it is given, waits for the first of an answer, and leaves. */
function send(port: number, pieces: readonly string[]): Promise<void> {
  return new Promise(resolve => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    // What waits for more bytes than it gets is left alone soon: that is an end too.
    const timer = setTimeout(() => socket.destroy(), 150);
    socket.on('error', () => {});
    socket.once('data', () => setImmediate(() => socket.destroy()));
    socket.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
    void write(socket, pieces);
  });
}

/** Sends a request and collects its answer, which ends with the request's id. */
function ask(port: number, pieces: readonly string[], id: string): Promise<string> {
  return new Promise(resolve => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    let text = '';
    socket.on('error', () => {});
    socket.on('data', chunk => {
      text += chunk.toString('latin1');
      if (text.endsWith(`\r\n\r\n${id}`)) socket.destroy();
    });
    socket.once('close', () => resolve(text));
    void write(socket, pieces);
  });
}
