/**
 * A process of services: starts, asks and stops those that the supervisor names over the channel, each by its module. What it
 * is given as arguments it loads at once, while the database starts.
 *
 * It lives as long as the channel: when the supervisor is gone, however that ended, so are the services and their ports.
 */
import type { Handler, Listener, UpgradeListener } from '@peakstone/kernel/http';
import { forgetMemoryEnv } from '@peakstone/kernel/memory';
import { type Health, releaseMemoryAtRest } from '@peakstone/kernel/service';
import { httpUrl } from '../../project/urls.ts';
import type { RunContext, Runner, RunningService } from '../../services/local.ts';
import { Handlers } from '../handlers.ts';
import { StackLogs } from '../logs.ts';
import type { FromServices, Method, SentContext, SentOutcome, ToServices } from './protocol.ts';

forgetMemoryEnv(process.env);
releaseMemoryAtRest();

const handlers = new Handlers();
const started = new Map<string, RunningService>();
const starting = new Map<string, AbortController>();
const asked = new Map<number, (health: Health) => void>();
let logs: StackLogs | null = null;
let lastAsk = 0;

process.on('message', (message: ToServices, listener?: Listener) => {
  switch (message.kind) {
    case 'start':
      settle(message.id, start(message.service, message.module, message.context, listener));
      break;
    case 'abort':
      starting.get(message.service)?.abort();
      break;
    case 'call':
      settle(message.id, call(message.service, message.method));
      break;
    case 'answer':
      asked.get(message.id)?.(message.health);
      asked.delete(message.id);
  }
});
process.on('disconnect', () => process.exit());
process.on('exit', () => logs?.close());
// The supervisor gets them too, and decides: it drains first.
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => undefined);
// A module that cannot be loaded is told by the start that needs it.
for (const module of process.argv.slice(2)) import(module).catch(() => undefined);

async function start(
  name: string,
  module: string,
  sent: SentContext,
  listener: Listener | undefined,
): Promise<undefined> {
  const abort = new AbortController();
  starting.set(name, abort);
  logs ??= new StackLogs(sent.logs);
  try {
    const runner = (await import(module)) as Runner;
    const service = await runner.start({ ...contextOf(name, sent, logs), listener }, abort.signal);
    started.set(name, service);
    if (service.handler) handlers.arrive(name, service.handler, service.onUpgrade);
  } catch (error) {
    // Whoever connects must not be taken by a process that will never serve.
    listener?.close();
    throw error;
  } finally {
    starting.delete(name);
  }
}

async function call(name: string, method: Method): Promise<Health | undefined> {
  const service = started.get(name);
  switch (method) {
    case 'health':
      say({
        kind: 'state',
        droppedLogLines: logs?.dropped ?? 0,
        memoryBytes: process.memoryUsage.rss(),
      });
      return healthOf(name);
    case 'refresh':
      await service?.refresh?.();
      return undefined;
    case 'stop':
      started.delete(name);
      if (service?.handler) handlers.leave(name);
      await service?.stop();
      return undefined;
  }
}

function contextOf(name: string, sent: SentContext, files: StackLogs): RunContext {
  const here = new Set(sent.here);
  // After a crash the services of a process come back in any order.
  for (const peer of here) if (peer !== name) handlers.expect(peer);
  return {
    ...sent,
    reach: peer => (here.has(peer) ? comingAndGoing(peer) : httpUrl('127.0.0.1', sent.ports[peer])),
    log: files.stream(name),
    health: peer => (here.has(peer) ? healthOf(peer) : ask(peer)),
    step: text => say({ kind: 'step', service: name, text }),
    crashed: () => say({ kind: 'crashed', service: name }),
  };
}

/** Without a socket between; while it restarts, requests wait a moment before clients are told to come back. */
function comingAndGoing(peer: string): {
  current(): Handler | null;
  expected(): Promise<Handler | null> | null;
  upgrade(): UpgradeListener | null;
} {
  return {
    current: () => handlers.current(peer),
    expected: () => handlers.expected(peer),
    upgrade: () => handlers.upgrade(peer),
  };
}

async function healthOf(name: string): Promise<Health> {
  return (await started.get(name)?.health()) ?? { ok: false, reason: 'not running' };
}

/** Only the supervisor knows of services that run elsewhere. */
function ask(service: string): Promise<Health> {
  const id = ++lastAsk;
  return new Promise(resolve => {
    asked.set(id, resolve);
    say({ kind: 'ask', id, service });
  });
}

function settle(id: number, work: Promise<Health | undefined>): void {
  const settled = (outcome: SentOutcome): void => say({ kind: 'settled', id, outcome });
  work.then(
    health => settled({ ok: true, ...(health ? { health } : {}) }),
    (error: unknown) => {
      const { message, hint, code } = error as Error & { readonly hint?: string; readonly code?: unknown };
      settled({
        ok: false,
        message,
        ...(hint === undefined ? {} : { hint }),
        ...(typeof code === 'string' ? { code } : {}),
      });
    },
  );
}

function say(message: FromServices): void {
  // Gone in this moment: the end of the channel ends this process too.
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
}
