/** What requests need, live. */
import type { PictureCache } from './cache/pictureCache.ts';
import type { ImagesConfig } from './config.ts';
import type { Picture } from './engine/types.ts';
import type { Emit } from './events.ts';
import type { Engine } from './host/engine.ts';
import type { Budget } from './memory/budget.ts';
import type { BufferPool } from './memory/bufferPool.ts';
import type { Queue } from './queue.ts';
import type { SourceReader } from './source/types.ts';

export interface Deps {
  readonly config: ImagesConfig;
  readonly engine: Engine;
  readonly queue: Queue;
  readonly budget: Budget;
  /** Of sources. */
  readonly pool: BufferPool;
  readonly readSource: SourceReader;
  /** Null without one. */
  readonly fallback: Picture | null;
  /** Null without one. */
  readonly cache: PictureCache | null;
  readonly emit: Emit;
}
