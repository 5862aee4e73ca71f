/** `peakstone images`: the service alone, from `IMGPROXY_*`. */
import { introduce } from '@peakstone/kernel/alone';
import { ConfigError } from '@peakstone/kernel/config';
import { createLogger } from '@peakstone/kernel/log';
import { type Env, releaseMemoryAtRest } from '@peakstone/kernel/service';
import type { ImagesConfig } from './config.ts';
import { ImagesError } from './errors.ts';
import { logEvents } from './log.ts';
import { images } from './service.ts';

/**
 * Runs until a signal ends it.
 * @returns the exit code: 0, or 1 for what went wrong (said on standard error).
 */
export async function runImages(env: Env): Promise<number> {
  const end = Promise.withResolvers<void>();
  const aborter = new AbortController();
  const onSignal = (): void => {
    aborter.abort();
    end.resolve();
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  const stopReleasing = releaseMemoryAtRest();
  try {
    const config = images.config(env);
    const { logLevel, logFormat } = config.server;
    const log = createLogger({ level: logLevel, format: logFormat });
    const running = await images.start(config, { onEvent: logEvents(log) }, aborter.signal);
    const text = introduceImages(config, running.address);
    log[text.startsWith('!') ? 'warn' : 'info'](text, { address: running.address });
    await end.promise;
    await running.stop();
    log.flush();
    return 0;
  } catch (error) {
    if (aborter.signal.aborted) return 0;
    if (!isForeseen(error)) throw error;
    process.stderr.write(`${(error as Error).message}\n`);
    return 1;
  } finally {
    stopReleasing();
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}

function introduceImages({ server, signature }: ImagesConfig, address: string | null): string {
  const { bind, secret } = server;
  const isSigned = signature.keys.length > 0;
  return introduce({
    what: 'Pictures by imgproxy’s URLs',
    url: address ?? 'its socket',
    // Who may open a socket's file is the system's affair.
    host: 'host' in bind ? bind.host : 'localhost',
    loopbackSetting: 'IMGPROXY_BIND=127.0.0.1:8080',
    guard: {
      by: !isSigned && secret !== '' ? 'IMGPROXY_SECRET' : 'IMGPROXY_KEY and IMGPROXY_SALT',
      isSet: isSigned || secret !== '',
      otherwise: 'have it fetch and draw any source',
    },
  });
}

const isForeseen = (error: unknown): boolean =>
  error instanceof ConfigError ||
  error instanceof ImagesError ||
  (error instanceof Error && (error as NodeJS.ErrnoException).syscall === 'listen');
