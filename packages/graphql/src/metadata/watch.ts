/** Looks now and then whether another instance has changed the metadata, as the reference's instances do. */
import type { MetadataState } from './state.ts';

export interface Watch {
  /** Settles when no look is under way any more. */
  stop(): Promise<void>;
}

/** 0 never looks: for one instance alone. */
export function watchMetadata(state: MetadataState, everyMs: number, onError: (error: Error) => void): Watch {
  let timer: NodeJS.Timeout | null = null;
  let looking: Promise<void> = Promise.resolve();
  let isStopped = everyMs === 0;
  let wasTold = false;

  const look = async (): Promise<void> => {
    try {
      await state.takeIn();
      wasTold = false;
    } catch (error) {
      // Once until it works again: a database that is away is away for many looks.
      if (!wasTold && !isStopped) onError(error as Error);
      wasTold = true;
    }
    wait();
  };
  const wait = (): void => {
    if (isStopped) return;
    timer = setTimeout(() => {
      looking = look();
    }, everyMs);
    timer.unref();
  };
  wait();
  return {
    async stop() {
      isStopped = true;
      if (timer) clearTimeout(timer);
      await looking;
    },
  };
}
