import { describeEvent, storageService } from '@peakstone/storage';
import type { EnvValues } from '../../project/envFile.ts';
import { httpUrl } from '../../project/urls.ts';
import type { RunContext, RunningService } from '../local.ts';
import { storageEnvironment } from './environment.ts';
import { withAnonKey } from './keys.ts';
import { picturesOf } from './pictures.ts';

export async function start(context: RunContext, signal: AbortSignal): Promise<RunningService> {
  const { listener, log, ports } = context;
  const env = storageEnv(context);
  const service = await storageService.start(
    { ...storageService.config(env), port: ports.storage ?? 0 },
    { emit: event => log.write(`${describeEvent(event)}\n`), listener, render: picturesOf(env) },
    signal,
  );
  return { handler: service.handler, health: () => service.health(), stop: () => service.stop() };
}

/** What the operator set wins. Pure. */
function storageEnv({ env, facts, ports, peers }: RunContext): EnvValues {
  const pictures = peers.find(({ contract }) => contract === 'imgproxy');
  const defaults = storageEnvironment({
    databaseUri: facts.databaseApiUrl ?? '',
    jwtSecret: env.JWT_SECRET ?? '',
    supabase: env.DATABASE_SUPABASE ?? '',
    pictures:
      pictures === undefined
        ? null
        : {
            url:
              pictures.engine.kind === 'external'
                ? pictures.engine.url
                : httpUrl('127.0.0.1', ports[pictures.name]),
            key: env.IMGPROXY_KEY_HEX ?? '',
            salt: env.IMGPROXY_SALT_HEX ?? '',
            ownOrigin: httpUrl('127.0.0.1', ports.storage),
          },
  });
  const own = Object.entries(env).filter(([, value]) => value);
  return withAnonKey({ ...defaults, ...Object.fromEntries(own) });
}
