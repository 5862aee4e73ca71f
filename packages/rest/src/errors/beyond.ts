/**
 * What requests beyond the reference's can get wrong. The codes have a prefix of their own, so that none of the reference's
 * ever comes to mean two things.
 * @see docs/beyond.md
 */
import { type LargeResultError, PgError } from '@peakstone/kernel/pg';
import { RestError, type RestErrorOptions } from './restError.ts';

const refusal = (code: string, message: string, options: RestErrorOptions = {}): RestError =>
  new RestError(code, message, { status: 400, ...options });

/** PEAK100: `after=` holds no cursor that this request could have been given. */
export const invalidCursor = (details: string): RestError =>
  refusal('PEAK100', 'The cursor in "after" is not valid for this request', {
    details,
    hint: 'Follow the Link header of the previous page, or leave "after" empty for the first one.',
  });

/** PEAK101: a request that cannot be paged by cursor. */
export const notPageable = (details: string): RestError =>
  refusal('PEAK101', 'This request cannot be paged with "after"', { details });

/** PEAK110: a body of QUERY that is no query string. */
export const unsupportedQueryType = (found: string, accepted: string): RestError =>
  refusal('PEAK110', `QUERY takes no body of the type ${found}`, {
    status: 415,
    hint: `Send the query string as ${accepted}.`,
    headers: ['Accept-Query', accepted],
  });

/** PEAK111: a query string that comes in a body, but is too long even so. */
export const queryTooLong = (maxBytes: number, cause: unknown): RestError =>
  refusal('PEAK111', `QUERY takes a query string of at most ${maxBytes} bytes`, {
    status: 413,
    hint: 'Send long lists as the parameter of a function: POST /rpc/… has a body of its own.',
    cause,
  });

/** PEAK120: the body is no list of requests. */
export const invalidBatch = (details: string, index?: number): RestError =>
  refusal('PEAK120', 'The body is not a batch of requests', {
    details,
    ...(index === undefined ? {} : { index }),
  });

/** PEAK121 */
export const batchTooLong = (requests: number, most: number): RestError =>
  refusal('PEAK121', `A batch takes at most ${most} requests, not ${requests}`);

/** PEAK132: more related tables than `url-max-embeds`. */
export const tooManyEmbeds = (embeds: number, most: number): RestError =>
  refusal('PEAK132', `A request takes at most ${most} related tables in "select", not ${embeds}`, {
    hint: 'Ask in several requests. The setting url-max-embeds (PGRST_URL_MAX_EMBEDS) is the limit; 0 sets none.',
  });

/** PEAK131: more columns, related tables, filters and order terms than `url-max-nodes`. */
export const tooManyNodes = (nodes: number, most: number): RestError =>
  refusal(
    'PEAK131',
    `A request takes at most ${most} columns, related tables, filters and order terms, not ${nodes}`,
    {
      hint: 'A list of values is one filter: id=in.(1,2,3). The setting url-max-nodes (PGRST_URL_MAX_NODES) is the limit; 0 sets none.',
    },
  );

/** PEAK133: an answer larger than `db-max-result-bytes`. */
export const resultTooLarge = (cause: LargeResultError): RestError =>
  refusal(
    'PEAK133',
    cause.bytes === null
      ? `The answer has more than ${cause.maxBytes} bytes, which is the most that is given`
      : `The answer has ${cause.bytes} bytes; at most ${cause.maxBytes} are given`,
    {
      hint: `${askForLess} The setting db-max-result-bytes (PGRST_DB_MAX_RESULT_BYTES) is the limit; 0 sets none.`,
      cause,
    },
  );

const askForLess = 'Ask for fewer rows (limit and offset, or Range) or columns (select).';

/** PEAK133 as well, where PostgreSQL was out of memory for a value first. */
export const resultOutOfMemory = (cause: LargeResultError): RestError =>
  refusal('PEAK133', 'PostgreSQL has no memory for the answer, or for a value that it is made from', {
    details: cause.cause instanceof PgError ? wordsOf(cause.cause) : null,
    hint: `${askForLess} One session may take DATABASE_SESSION_MEMORY_MB, and one value 1 GB.`,
    cause,
  });

const wordsOf = ({ fields: { code, message, detail } }: PgError): string =>
  `${code}: ${message}${detail === undefined ? '' : `. ${detail}`}`;

/** PEAK134: large answers to others take all that they may at this moment. */
export const resultsTooMany = (cause: unknown): RestError =>
  refusal('PEAK134', 'Large answers to other requests take all the memory that they may', {
    status: 503,
    hint: 'Try again in a moment, or ask for fewer rows.',
    headers: ['Retry-After', '1'],
    cause,
  });

/** PGRST102 with 413: a visitor's body is larger than `client-anon-max-body-bytes`. */
export const anonBodyTooLarge = (maxBytes: number, cause: unknown): RestError =>
  new RestError('PGRST102', `A request without a token may have a body of at most ${maxBytes} bytes`, {
    status: 413,
    hint: 'Sign in and send the token (Authorization: Bearer …). The setting client-anon-max-body-bytes (PGRST_CLIENT_ANON_MAX_BODY_BYTES) is the limit for visitors; 0 sets none.',
    cause,
  });

/** 21000, as pg-safeupdate has it. `key` is a column that every row has, for who means them all. */
export const unfilteredWrite = (method: 'PATCH' | 'DELETE', key: string | null): RestError =>
  refusal('21000', `${method === 'PATCH' ? 'UPDATE' : 'DELETE'} requires a WHERE clause`, {
    details: `This ${method} has no filter, so that it would write every row.`,
    hint: `Say which rows are meant, such as ${key ?? 'id'}=eq.1${key === null ? '' : `; or that all are, by ${key}=not.is.null`}.`,
  });

/** PEAK130: a body that cannot be inserted with its related rows. */
export const invalidNesting = (details: string, hint: string | null = null): RestError =>
  refusal('PEAK130', 'The rows cannot be inserted with their related rows', { details, hint });
