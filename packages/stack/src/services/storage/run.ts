import { describeEvent, storageService } from '@peakstone/storage';
import type { RunContext, RunningService } from '../local.ts';

export async function start(context: RunContext, signal: AbortSignal): Promise<RunningService> {
  const { env, listener, log, ports } = context;
  const service = await storageService.start(
    { ...storageService.config(env), port: ports.storage ?? 0 },
    { emit: event => log.write(`${describeEvent(event)}\n`), listener },
    signal,
  );
  return { handler: service.handler, health: () => service.health(), stop: () => service.stop() };
}
