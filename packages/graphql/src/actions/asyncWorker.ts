/** Calls the webhooks of asynchronous actions, for whichever instance wrote the call down. */
import type { Pool } from '@peakstone/kernel/pg';
import type { GraphqlConfig } from '../config/types.ts';
import { defaultTimeoutSeconds } from '../definition/actions.ts';
import { HasuraError, metadataError } from '../errors.ts';
import type { Model } from '../model/types.ts';
import { type AsyncCall, completeCall, releaseCall, takeCalls } from './asyncLog.ts';
import { callAction } from './call.ts';

export interface AsyncWorkerOptions {
  readonly config: GraphqlConfig;
  readonly pool: Pool;
  model(): Model;
  readonly onFault: (error: unknown) => void;
}

export interface AsyncWorker {
  /** Looks at once. */
  wake(): void;
  stop(graceMs: number): Promise<void>;
}

/** Calls at once: slow webhooks keep their own calls waiting, and nobody else. */
const maxRunning = 50;

export function startAsyncWorker(options: AsyncWorkerOptions): AsyncWorker {
  const { config, pool, model, onFault } = options;
  const running = new Set<Promise<void>>();
  const aborter = new AbortController();
  let timer: NodeJS.Timeout | null = null;
  let isStopped = false;
  let isTaking = false;
  let wasTold = false;

  const take = async (): Promise<void> => {
    if (isStopped || isTaking) return;
    isTaking = true;
    if (timer) clearTimeout(timer);
    try {
      const actions = asyncActions(model());
      for (const call of await takeCalls(pool, actions, maxRunning - running.size)) {
        const done = handle(call)
          .catch(onFault)
          .then(() => {
            running.delete(done);
          });
        running.add(done);
      }
      wasTold = false;
    } catch (error) {
      if (!wasTold && !isStopped) onFault(error);
      wasTold = true;
    }
    isTaking = false;
    if (!isStopped) timer = setTimeout(() => void take(), Math.max(1, config.asyncActionsFetchMs));
  };

  const handle = async (call: AsyncCall): Promise<void> => {
    const { actions, customTypes: types } = model();
    const action = actions.get(call.action);
    if (!action) return await releaseCall(pool, call.id);
    try {
      const { value } = await callAction(
        { action, types, input: call.input, requestQuery: null },
        {
          session: { variables: new Map(Object.entries(call.session)) },
          headers: call.headers,
          signal: aborter.signal,
        },
        config,
      );
      await completeCall(pool, call.id, { response: value });
    } catch (error) {
      if (!(error instanceof HasuraError)) throw error;
      if (aborter.signal.aborted) return await releaseCall(pool, call.id);
      await completeCall(pool, call.id, { errors: errorsOf(error) });
    }
  };

  void take();
  return {
    wake: () => void take(),
    async stop(graceMs) {
      isStopped = true;
      if (timer) clearTimeout(timer);
      const grace = setTimeout(() => aborter.abort(), graceMs);
      await Promise.all(running);
      clearTimeout(grace);
    },
  };
}

function asyncActions({ actions }: Model): ReadonlyMap<string, number> {
  return new Map(
    [...actions.values()]
      .filter(({ kind }) => kind === 'asynchronous')
      .map(({ name, conf }) => [name, conf.definition.timeout ?? defaultTimeoutSeconds]),
  );
}

/** As the reference keeps them; internals are shown to administrators alone when they are asked for. */
function errorsOf(error: HasuraError): unknown {
  return JSON.parse(metadataError(error, { showInternal: true })) as unknown;
}
