/** One live operation that is asked for by itself, such as the result of an asynchronous action. */
import { hash } from 'node:crypto';
import type { Answer } from '../engine/types.ts';
import { HasuraError } from '../errors.ts';
import type { Subscriber } from './poller.ts';

export interface PolledOptions {
  readonly subscriber: Subscriber;
  readonly intervalMs: number;
  /** Told of what no client can have caused. */
  readonly onFault: (error: unknown) => void;
}

/** Delivers what differs from what was delivered last, until it is ended. */
export function pollOperation(
  run: () => Promise<Answer>,
  { subscriber, intervalMs, onFault }: PolledOptions,
): { end(): void } {
  let sent: string | null = null;
  let timer: NodeJS.Timeout | null = null;
  let isEnded = false;
  const ask = async (): Promise<void> => {
    try {
      const { body } = await run();
      if (!isEnded)
        deliver(body.map(part => Buffer.from(part).toString()).join(''), parts => subscriber.onData(parts));
    } catch (error) {
      if (!(error instanceof HasuraError)) onFault(error);
      const shown =
        error instanceof HasuraError ? error : new HasuraError('unexpected', 'internal server error');
      if (!isEnded)
        deliver(`${shown.pathText} ${shown.code} ${shown.message}`, () =>
          subscriber.onError(shown, sent === null),
        );
    }
    if (!isEnded) timer = setTimeout(() => void ask(), intervalMs);
  };
  const deliver = (text: string, send: (parts: readonly string[]) => void): void => {
    const digest = hash('sha1', text, 'base64');
    if (digest === sent) return;
    send([text]);
    sent = digest;
  };
  void ask();
  return {
    end() {
      isEnded = true;
      if (timer) clearTimeout(timer);
    },
  };
}
