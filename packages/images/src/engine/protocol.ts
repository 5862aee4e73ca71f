/** What goes over the socket. */
import type { Format } from '../formats.ts';
import type { EngineConfig, Job, Reply } from './types.ts';

export type ToEngine =
  /** First of all; the bytes are the watermark's. */
  | {
      readonly kind: 'begin';
      readonly config: EngineConfig;
      readonly watermark: Format | null;
      readonly trimIntervalMs: number;
    }
  /** The bytes are the source's. */
  | { readonly kind: 'job'; readonly id: number; readonly job: Job }
  /** What was needed is there. */
  | { readonly kind: 'grant'; readonly id: number }
  | { readonly kind: 'cancel'; readonly id: number };

export type FromEngine =
  | { readonly kind: 'ready' }
  /** What a job takes besides its source, all of its steps together; it waits for the grant. */
  | { readonly kind: 'need'; readonly id: number; readonly bytes: number }
  /** The bytes are the result's; none with `unchanged` for the source as it is. */
  | { readonly kind: 'reply'; readonly id: number; readonly reply: Reply; readonly unchanged: boolean }
  | { readonly kind: 'memory'; readonly memory: EngineMemory };

/** libvips' own count, in bytes. */
export interface EngineMemory {
  readonly used: number;
  readonly most: number;
  readonly allocations: number;
}
