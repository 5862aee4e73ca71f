import { images } from '@peakstone/images';
import { logEvents } from '@peakstone/images/log';
import { createLogger } from '@peakstone/kernel/log';
import type { Env } from '@peakstone/kernel/service';
import { httpUrl } from '../../project/urls.ts';
import type { Reachable, RunContext, RunningService } from '../local.ts';
import { imagesDefaults, imagesEnvironment } from './environment.ts';

export async function start(context: RunContext, signal: AbortSignal): Promise<RunningService> {
  const { listener } = context;
  const env = imagesEnv(context);
  const log = createLogger({ format: 'json', stream: context.log, fields: { service: 'images' } });
  const store = storeOf(context);
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

/** What the operator set in the reference's words wins. */
function imagesEnv(context: RunContext): Env {
  const { env } = context;
  const store = storeOf(context);
  // An empty list would let anything be fetched that a URL names.
  const bucket = `s3://${env.MINIO_BUCKET || 'uploads'}/`;
  const defaults = imagesEnvironment({
    key: env.IMGPROXY_KEY_HEX ?? '',
    salt: env.IMGPROXY_SALT_HEX ?? '',
    baseUrl: env.IMGPROXY_BASE_URL ?? bucket,
    allowedSources: env.IMGPROXY_ALLOWED_SOURCES || bucket,
    bucket:
      store === null
        ? null
        : {
            origin: store.origin,
            region: env.AWS_REGION || 'us-east-1',
            accessKey: env.S3_APP_ACCESS_KEY || 'psappaccess',
            secretKey: env.S3_APP_SECRET_KEY ?? '',
          },
  });
  const own = Object.entries(env).filter(([name, value]) => name.startsWith('IMGPROXY_') && value);
  return { ...defaults, ...imagesDefaults, ...Object.fromEntries(own) };
}
