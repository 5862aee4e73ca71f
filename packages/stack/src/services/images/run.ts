import { images } from '@peakstone/images';
import { logEvents } from '@peakstone/images/log';
import { createLogger } from '@peakstone/kernel/log';
import type { Env } from '@peakstone/kernel/service';
import { httpUrl } from '../../project/urls.ts';
import type { Reachable, RunContext, RunningService } from '../local.ts';
import { sourcePath } from '../storage/endpoint.ts';
import { imagesSettings } from './environment.ts';

export async function start(context: RunContext, signal: AbortSignal): Promise<RunningService> {
  const { listener } = context;
  const log = createLogger({ format: 'json', stream: context.log, fields: { service: 'images' } });
  const store = storeOf(context);
  const env = withSources(imagesSettings(context.env, store?.origin ?? null), store);
  const service = await images.start(
    images.config(env),
    {
      onEvent: logEvents(log),
      listener,
      ...(store?.handler && { objectStore: { origin: store.origin, handler: store.handler } }),
    },
    signal,
  );
  return {
    handler: service.handler,
    health: () => service.health(),
    stop: () => service.stop().finally(() => log.flush()),
  };
}

interface Store {
  readonly origin: string;
  /** Where it answers in this process: nothing goes over a network then. */
  readonly handler: Exclude<Reachable, string> | null;
}

/** The object storage: whoever speaks S3. */
function storeOf({ peers, reach, ports }: Pick<RunContext, 'peers' | 'reach' | 'ports'>): Store | null {
  const peer = peers.find(({ contract }) => contract.startsWith('S3'));
  if (peer === undefined) return null;
  if (peer.engine.kind === 'external') return { origin: peer.engine.url, handler: null };
  const reachable = reach(peer.name);
  return typeof reachable === 'string'
    ? { origin: reachable, handler: null }
    : { origin: httpUrl('127.0.0.1', ports[peer.name]), handler: reachable };
}

/** What the storage has let somebody see, by a token of its own, is fetched as well. An empty list allows everything already. */
function withSources(env: Env, store: Store | null): Env {
  if (store === null || !env.IMGPROXY_ALLOWED_SOURCES) return env;
  const own = `${store.origin}${sourcePath}`;
  return {
    ...env,
    IMGPROXY_ALLOWED_SOURCES: `${env.IMGPROXY_ALLOWED_SOURCES},${own}`,
    IMGPROXY_WHOLE_SOURCES: own,
  };
}
