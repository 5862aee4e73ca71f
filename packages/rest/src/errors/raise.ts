/**
 * `RAISE sqlstate 'PGRST'`: a database function that writes the whole response.
 * @see https://docs.postgrest.org/en/stable/references/errors.html#raise-errors-with-http-status-codes
 */
import { reasonPhrase } from '@peakstone/kernel/http';
import { RestError } from './restError.ts';

const messageHint =
  "MESSAGE must be a JSON object with obligatory keys: 'code', 'message' and optional keys: 'details', 'hint'.";
const detailHint =
  "DETAIL must be a JSON object with obligatory keys: 'status', 'headers' and optional key: 'status_text'.";

/** The error that `message` and `detail` describe, or PGRST121 saying what is wrong with them. Pure. */
export function readRaisedResponse(message: string, detail: string | undefined): RestError {
  const body = parseObject(message);
  const code = body?.code;
  const text = body?.message;
  if (
    !body ||
    typeof code !== 'string' ||
    typeof text !== 'string' ||
    !isOptionalText(body.details) ||
    !isOptionalText(body.hint)
  ) {
    return unreadable(`Invalid JSON value for MESSAGE: '${message}'`, messageHint);
  }
  if (detail === undefined) return unreadable('DETAIL is missing in the RAISE statement', detailHint);
  const control = parseObject(detail);
  const status = control?.status;
  const headers = control?.headers;
  if (!control || !Number.isInteger(status) || !isTextMap(headers) || !isOptionalText(control.status_text)) {
    return unreadable(`Invalid JSON value for DETAIL: '${detail}'`, detailHint);
  }
  const statusText = control.status_text ?? (reasonPhrase(status as number) || undefined);
  return new RestError(code, text, {
    details: body.details ?? null,
    hint: body.hint ?? null,
    status: sendableStatus(status as number),
    ...(statusText === undefined ? {} : { statusText }),
    headers: Object.entries(headers)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .flat(),
  });
}

/** Outside 200–999 no HTTP library can send it; the schema is at fault, so 500. */
const sendableStatus = (status: number): number => (status >= 200 && status <= 999 ? status : 500);

const unreadable = (details: string, hint: string): RestError =>
  new RestError('PGRST121', 'Could not parse JSON in the "RAISE SQLSTATE \'PGRST\'" error', {
    details,
    hint,
  });

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    // Not JSON at all: the caller reports it with the text that was raised.
    return undefined;
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isOptionalText = (value: unknown): value is string | null | undefined =>
  value === undefined || value === null || typeof value === 'string';

const isTextMap = (value: unknown): value is Record<string, string> =>
  isObject(value) && Object.values(value).every(item => typeof item === 'string');
