/** Every refusal: one table from what happened to the status and the sentence that clients get. */

const refusals = {
  path: { status: 404, text: 'Invalid URL', category: 'path_parsing' },
  option: { status: 404, text: 'Invalid URL', category: 'path_parsing' },
  securityOption: { status: 403, text: 'Invalid URL', category: 'path_parsing' },
  format: { status: 422, text: 'Invalid URL', category: 'path_parsing' },
  signature: { status: 403, text: 'Forbidden', category: 'security' },
  secret: { status: 403, text: 'Forbidden', category: 'security' },
  sourceUrl: { status: 404, text: 'Invalid source URL', category: 'security' },
  sourceAddress: { status: 404, text: 'Invalid source URL', category: 'download' },
  unreachable: { status: 404, text: 'Source is unreachable', category: 'download' },
  sourceTimeout: { status: 504, text: 'Source is unreachable', category: 'download' },
  incomplete: { status: 422, text: 'Source response is incomplete', category: 'download' },
  fileSize: { status: 422, text: 'Invalid source image', category: 'download' },
  sourceType: { status: 422, text: 'Invalid source image', category: 'download' },
  resolution: { status: 422, text: 'Invalid source image', category: 'processing' },
  broken: { status: 422, text: 'Broken or unsupported image', category: 'processing' },
  brokenSvg: { status: 422, text: 'Broken or unsupported SVG image', category: 'processing' },
  queueFull: { status: 429, text: 'Too many requests', category: 'queue' },
  memory: { status: 429, text: 'Too many requests', category: 'queue' },
  timeout: { status: 503, text: 'Timeout', category: 'timeout' },
  cancelled: { status: 499, text: 'Cancelled', category: 'timeout' },
  internal: { status: 500, text: 'Internal error', category: 'processing' },
} as const satisfies Readonly<Record<string, Refusal>>;

interface Refusal {
  readonly status: number;
  readonly text: string;
  /** `type` of the metric `errors_total`. */
  readonly category: ErrorCategory;
}

export const errorCategories = [
  'timeout',
  'path_parsing',
  'security',
  'queue',
  'download',
  'processing',
  'streaming',
] as const;
export type ErrorCategory = (typeof errorCategories)[number];

export type RefusalKind = keyof typeof refusals;

/** A request that is refused: `message` says why to the operator, `text` what strangers may know. */
export class ImagesError extends Error {
  override readonly name = 'ImagesError';
  readonly kind: RefusalKind;
  readonly status: number;
  readonly text: string;
  readonly category: ErrorCategory;

  constructor(
    kind: RefusalKind,
    message: string,
    options: {
      readonly cause?: unknown;
      readonly status?: number | undefined;
      readonly text?: string | undefined;
    } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.kind = kind;
    this.status = options.status ?? refusals[kind].status;
    this.text = options.text ?? refusals[kind].text;
    this.category = refusals[kind].category;
  }
}

/** What was thrown, as a refusal; what was not foreseen is an internal error. Pure. */
export function asImagesError(error: unknown): ImagesError {
  if (error instanceof ImagesError) return error;
  return new ImagesError('internal', error instanceof Error ? error.message : String(error), {
    cause: error,
  });
}
