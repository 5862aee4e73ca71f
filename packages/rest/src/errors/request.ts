/** What a request can get wrong by itself: PGRST1xx. Each function builds one error with the reference's words. */
import { RestError } from './restError.ts';

/** PGRST100: the query string does not parse. `message` quotes the input, `details` says what was expected. */
export const queryParam = (message: string, details: string): RestError =>
  new RestError('PGRST100', message, { details });

/** PGRST101 */
export const invalidRpcMethod = (method: string): RestError =>
  new RestError('PGRST101', `Cannot use the ${method} method on RPC`);

/** PGRST102 */
export const invalidBody = (message: string, details: string | null = null): RestError =>
  new RestError('PGRST102', message, { details });

/** PGRST102 with 413: what is made of the body is too large, though the body is not. */
export const bodyTooLarge = (maxBytes: number): RestError =>
  new RestError('PGRST102', `The body is longer than ${maxBytes} bytes as JSON`, { status: 413 });

const rangeMessage = 'Requested range not satisfiable';

/** PGRST103 */
export const negativeLimit = (): RestError =>
  new RestError('PGRST103', rangeMessage, { details: 'Limit should be greater than or equal to zero.' });

/** PGRST103 */
export const lowerGreaterThanUpper = (): RestError =>
  new RestError('PGRST103', rangeMessage, {
    details: 'The lower boundary must be lower than or equal to the upper boundary in the Range header.',
  });

/** PGRST103. The caller adds Content-Range where the reference sends one. */
export const outOfBounds = (lower: number | string, total: number | string): RestError =>
  new RestError('PGRST103', rangeMessage, {
    details: `An offset of ${lower} was requested, but there are only ${total} rows.`,
  });

/** PGRST105 */
export const invalidFilters = (): RestError =>
  new RestError('PGRST105', "Filters must include all and only primary key columns with 'eq' operators");

/** PGRST106 */
export const unacceptableSchema = (schema: string, exposed: readonly string[]): RestError =>
  new RestError('PGRST106', `Invalid schema: ${schema}`, {
    hint: `Only the following schemas are exposed: ${exposed.join(', ')}`,
  });

/** PGRST107. `mediaTypes` as `renderMime` prints those that were asked for. */
export const unacceptableMediaType = (mediaTypes: readonly string[]): RestError =>
  new RestError('PGRST107', `None of these media types are available: ${mediaTypes.join(', ')}`);

/** PGRST108. `aliased` is given when the resource is embedded, but under an alias. */
export const notEmbedded = (
  resource: string,
  aliased?: { readonly name: string; readonly alias: string },
): RestError =>
  new RestError('PGRST108', `'${resource}' is not an embedded resource in this request`, {
    details: aliased ? 'Target names are not allowed in filters if they have an alias' : null,
    hint: aliased
      ? `Change '${aliased.name}' to '${aliased.alias}' in filters, orders or limits.`
      : `Verify that '${resource}' is included in the 'select' query parameter.`,
  });

/** PGRST111 */
export const gucHeaders = (): RestError =>
  new RestError(
    'PGRST111',
    'response.headers guc must be a JSON array composed of objects with a single key and a string value',
  );

/** PGRST112 */
export const gucStatus = (): RestError =>
  new RestError('PGRST112', 'response.status guc must be a valid status code');

/** PGRST114 */
export const putLimitNotAllowed = (): RestError =>
  new RestError('PGRST114', 'limit/offset querystring parameters are not allowed for PUT');

/** PGRST115 */
export const putMatchingPk = (): RestError =>
  new RestError('PGRST115', 'Payload values do not match URL in primary key column(s)');

/** PGRST116 */
export const singularity = (rows: number | string): RestError =>
  new RestError('PGRST116', 'Cannot coerce the result to a single JSON object', {
    details: `The result contains ${rows} rows`,
  });

/** PGRST117 */
export const unsupportedMethod = (method: string): RestError =>
  new RestError('PGRST117', `Unsupported HTTP method: ${method}`);

/** PGRST118 */
export const relatedOrderNotToOne = (origin: string, target: string): RestError =>
  new RestError('PGRST118', `A related order on '${target}' is not possible`, {
    details: `'${origin}' and '${target}' do not form a many-to-one or one-to-one relationship`,
  });

/** PGRST122 */
export const invalidPreferences = (preferences: readonly string[]): RestError =>
  new RestError('PGRST122', 'Invalid preferences given with handling=strict', {
    details: `Invalid preferences: ${preferences.join(', ')}`,
  });

/** PGRST123 */
export const aggregatesNotAllowed = (): RestError =>
  new RestError('PGRST123', 'Use of aggregate functions is not allowed');

/** PGRST124 */
export const maxAffectedViolation = (rows: number | string): RestError =>
  new RestError('PGRST124', 'Query result exceeds max-affected preference constraint', {
    details: `The query affects ${rows} rows`,
  });

/** PGRST125 */
export const invalidResourcePath = (): RestError =>
  new RestError('PGRST125', 'Invalid path specified in request URL');

/** PGRST126 */
export const openApiDisabled = (): RestError =>
  new RestError('PGRST126', 'Root endpoint metadata is disabled');

/** PGRST127 */
export const notImplemented = (details: string): RestError =>
  new RestError('PGRST127', 'Feature not implemented', { details });

/** PGRST128 */
export const maxAffectedRpcViolation = (): RestError =>
  new RestError(
    'PGRST128',
    'Function must return SETOF or TABLE when max-affected preference is used with handling=strict',
  );
