/** What the operator reads. */
import type { Logger } from '@peakstone/kernel/log';
import type { Event } from './events.ts';

export function logEvents(log: Logger): (event: Event) => void {
  return event => {
    switch (event.kind) {
      case 'answer': {
        const { requestId, target, status, durationMs, error } = event;
        const fields = {
          requestId,
          target,
          status,
          durationMs: Math.round(durationMs),
          ...(error && { error }),
        };
        if (status >= 500) log.error('request failed', fields);
        else if (status >= 400) log.warn('request refused', fields);
        else log.info('request', fields);
        return;
      }
      case 'fallback':
        log.warn('the fallback image stands for a source', {
          requestId: event.requestId,
          error: event.error,
        });
        return;
      case 'engineCrash':
        log.error('the engine ended and begins again', { reason: event.reason });
        return;
      case 'warning':
        log.warn(event.message);
    }
  };
}
