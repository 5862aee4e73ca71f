/** Everything worth telling about the service, as a closed union; the log subscribes to it. */
import type { HttpRequest } from '@peakstone/kernel/http';

export type StorageEvent =
  | { readonly kind: 'listening'; readonly address: string; readonly folder: string }
  /** A bucket or a user of the stack was made or changed. */
  | { readonly kind: 'bootstrapped'; readonly text: string }
  /** A request that we failed; the client was told InternalError with this id. */
  | {
      readonly kind: 'failed';
      readonly requestId: string;
      readonly request: HttpRequest;
      readonly error: unknown;
    }
  /** Bytes that are not those that were written. */
  | { readonly kind: 'corruption'; readonly what: string; readonly error: unknown }
  /** What runs without a request. */
  | { readonly kind: 'backgroundFailed'; readonly error: unknown };

export type Emit = (event: StorageEvent) => void;

/** One line for an operator; nothing of a body, a signature or a secret. Pure. */
export function describeEvent(event: StorageEvent): string {
  switch (event.kind) {
    case 'listening':
      return `S3 API: ${event.address}, objects in ${event.folder}`;
    case 'bootstrapped':
      return event.text;
    case 'failed':
      return `request ${event.requestId} (${event.request.method} ${event.request.path}) failed: ${textOf(event.error)}`;
    case 'corruption':
      return `DAMAGED: ${event.what}: ${textOf(event.error)}`;
    case 'backgroundFailed':
      return `failed in the background: ${textOf(event.error)}`;
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
