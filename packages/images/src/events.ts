/** All that can be told of the service: log and metrics subscribe to it. */
import type { ErrorCategory } from './errors.ts';

export type Span = 'queue' | 'downloading_source_image' | 'processing_image';

export type Event =
  | { readonly kind: 'request' }
  | {
      readonly kind: 'answer';
      readonly requestId: string;
      readonly target: string;
      readonly status: number;
      readonly durationMs: number;
      /** What went wrong, where something did. */
      readonly error?: string;
    }
  | { readonly kind: 'error'; readonly category: ErrorCategory }
  | { readonly kind: 'span'; readonly span: Span; readonly durationMs: number }
  | { readonly kind: 'images'; readonly change: 1 | -1 }
  | { readonly kind: 'fallback'; readonly requestId: string; readonly error: string }
  | { readonly kind: 'engineCrash'; readonly reason: string }
  | { readonly kind: 'warning'; readonly message: string };

export type Emit = (event: Event) => void;
