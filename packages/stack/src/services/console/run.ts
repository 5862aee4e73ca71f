import type { HttpService } from '@peakstone/kernel/service';
import { isExampleHost } from '../../exampleHost.ts';
import type { RunContext, RunningService } from '../local.ts';

/** Loaded by the first request, as the other engines are: a stack whose people look elsewhere pays nothing for it. */
export async function start({ env, facts, log }: RunContext, _signal: AbortSignal): Promise<RunningService> {
  let started: Promise<HttpService> | null = null;
  const load = (): Promise<HttpService> => {
    started ??= import('@peakstone/console').then(({ startConsole }) =>
      startConsole({
        folder: env.CONSOLE_DIR ?? '',
        secret: env.CONSOLE_SECRET || null,
        logins: {
          viewer: facts.databaseViewerUrl ?? '',
          editor: facts.databaseEditorUrl ?? '',
          migrator: facts.databaseMigratorUrl ?? '',
        },
        hosts: ['DOMAIN_CONSOLE', 'DOMAIN_GATEWAY'].flatMap(name => {
          const host = env[name];
          return host === undefined || host === '' || isExampleHost(host) ? [] : [host];
        }),
        onFault: error => log.write(`${String((error as Error).stack)}\n`),
      }),
    );
    started.catch(() => {
      started = null;
    });
    return started;
  };
  return {
    handler: async request => (await load()).handler(request),
    health: async () => ({ ok: true }),
    stop: async () => (await started?.catch(() => null))?.stop(),
  };
}
