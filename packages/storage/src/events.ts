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
  /** A target of notifications is not to be reached; undefined: it is again. */
  | { readonly kind: 'notificationTarget'; readonly arn: string; readonly error: unknown }
  /** A queue is full: the first of those that are dropped since the start. */
  | { readonly kind: 'notificationDropped'; readonly arn: string; readonly waiting: number }
  /** The clock went where nobody saw time pass. */
  | { readonly kind: 'clockLeapt'; readonly text: string }
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
    case 'clockLeapt':
      return event.text;
    case 'notificationTarget':
      return event.error === undefined
        ? `notifications to ${event.arn} go through again`
        : `notifications to ${event.arn} wait: ${reasonOf(event.error)}`;
    case 'notificationDropped':
      return `${event.waiting} notifications wait for ${event.arn}: further ones are dropped`;
    case 'backgroundFailed':
      return `failed in the background: ${textOf(event.error)}`;
  }
}

/** Without a stack: it is somebody else's server. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as Error & { readonly cause?: { readonly message?: string } };
  return cause?.message || message;
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
