/** The engine's process: draws pictures that come over a socket, and ends with it. */
import { Socket } from 'node:net';
import { setPriority } from 'node:os';
import { asImagesError, ImagesError } from '../errors.ts';
import { BufferPool } from '../memory/bufferPool.ts';
import { Deadline } from './deadline.ts';
import { type Message, onMessages, sendMessage } from './frames.ts';
import { describePicture } from './info.ts';
import { Allowance } from './memory.ts';
import { type Context, processPicture } from './process.ts';
import type { FromEngine, ToEngine } from './protocol.ts';
import type { Job, Picture, Reply } from './types.ts';
import * as library from './vips/library.ts';

/** How far it stands back when processors are wanted: pictures can wait, answers of the database cannot. */
const niceness = 10;
const SOCKET = 3;

const socket = new Socket({ fd: SOCKET });
const jobs = new Map<number, Deadline>();
const pool = new BufferPool(32 * 1024 * 1024);
/** Jobs that wait for memory. */
const wanting = new Map<number, { readonly grant: () => void; readonly end: () => void }>();
let begun: Pick<Context, 'config' | 'watermark'> | null = null;

setPriority(niceness);
library.init('peakstone');
library.setConcurrency(1);
library.setCacheMax(0);
library.setCacheMaxMem(0);

socket.on('close', () => process.exit(0));
socket.on('error', () => process.exit(0));
onMessages<ToEngine>(socket, receive, bytes => pool.take(bytes));

function receive({ header, data }: Message<ToEngine>): void {
  switch (header.kind) {
    case 'begin':
      begun = {
        config: header.config,
        watermark: header.watermark === null ? null : { format: header.watermark, data },
      };
      keepTrim(header.trimIntervalMs);
      send({ kind: 'ready' });
      return;
    case 'job':
      void run(header.id, header.job, data);
      return;
    case 'grant':
      wanting.get(header.id)?.grant();
      return;
    case 'cancel':
      jobs.get(header.id)?.end();
      wanting.get(header.id)?.end();
  }
}

async function run(id: number, job: Job, data: Buffer): Promise<void> {
  const deadline = new Deadline();
  jobs.set(id, deadline);
  const allowance = new Allowance(bytes => ask(id, bytes));
  const { reply, bytes } = await answer(job, { format: job.format, data }, { deadline, allowance });
  jobs.delete(id);
  pool.give(data);
  send({ kind: 'reply', id, reply, unchanged: bytes === null }, bytes ?? Buffer.alloc(0));
}

async function ask(id: number, bytes: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  wanting.set(id, {
    grant: resolve,
    end: () => reject(new ImagesError('timeout', 'The picture waited too long for memory.')),
  });
  send({ kind: 'need', id, bytes });
  try {
    await promise;
  } finally {
    wanting.delete(id);
  }
}

async function answer(
  job: Job,
  source: Picture,
  own: Pick<Context, 'deadline' | 'allowance'>,
): Promise<{ readonly reply: Reply; readonly bytes: Buffer | null }> {
  try {
    if (begun === null) throw new Error('The engine has no settings yet.');
    const context = { ...begun, ...own };
    if (job.kind === 'info') {
      return { reply: { ok: true, result: await describePicture(source, context) }, bytes: null };
    }
    const { result, data } = await processPicture(source, job.options, context);
    return { reply: { ok: true, result }, bytes: data };
  } catch (error) {
    const { kind, message } = asImagesError(error);
    return { reply: { ok: false, refusal: kind, message }, bytes: null };
  }
}

function send(header: FromEngine, data: Buffer = Buffer.alloc(0)): void {
  void sendMessage(socket, header, data);
}

/** Now and then, what pictures took goes back to the system, and the service is told how much libvips has. */
function keepTrim(intervalMs: number): void {
  if (intervalMs <= 0) return;
  let idle = 0;
  setInterval(() => {
    idle = jobs.size === 0 ? idle + 1 : 0;
    // Once after work; a process at rest has nothing more to give.
    if (idle === 1 || jobs.size > 0) library.trimMemory();
    if (idle <= 1) {
      const memory = {
        used: Number(library.trackedMemory()),
        most: Number(library.trackedHighWater()),
        allocations: library.trackedAllocations(),
      };
      send({ kind: 'memory', memory });
    }
  }, intervalMs).unref();
}
