/**
 * What the database says of the response: the settings `response.headers` and `response.status`. Pure.
 * @see https://docs.postgrest.org/en/stable/references/transactions.html#response-headers
 */
import { encodeHeader, type HttpResponse, isFraming, isHeader } from '@peakstone/kernel/http';
import { requestErrors } from '../errors.ts';
import type { ResultRow } from './result.ts';

/** A header that the database set replaces ours. @throws {RestError} PGRST111 and PGRST112 for what cannot be read. */
export function applyGucs(
  result: Pick<ResultRow, 'headers' | 'status'>,
  { status, headers, body }: HttpResponse,
): HttpResponse {
  const own = result.headers === null ? null : readGucHeaders(result.headers);
  const finalStatus = result.status === null ? status : readGucStatus(result.status);
  if (own === null) return { status: finalStatus, headers, body };
  const replaced = new Set<string>();
  for (let i = 0; i < own.length; i += 2) replaced.add((own[i] ?? '').toLowerCase());
  const kept: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? '';
    if (!replaced.has(name.toLowerCase())) kept.push(name, headers[i + 1] ?? '');
  }
  return { status: finalStatus, headers: [...kept, ...own], body };
}

/**
 * `[{"Set-Cookie": "a=b"}]` as flat headers. How the response travels is not the database's to say: such fields are left out.
 * @throws {RestError} PGRST111
 */
function readGucHeaders(text: string): string[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    // The function that set it wrote no JSON: the same error as for JSON of another shape.
    throw requestErrors.gucHeaders();
  }
  if (!Array.isArray(parsed)) throw requestErrors.gucHeaders();
  return parsed.flatMap((item: unknown) => {
    const entries =
      typeof item === 'object' && item !== null && !Array.isArray(item) ? Object.entries(item) : [];
    const [entry] = entries;
    if (!entry || entries.length !== 1) throw requestErrors.gucHeaders();
    const [name, value] = entry;
    if (typeof value !== 'string' || !isHeader(name, value)) throw requestErrors.gucHeaders();
    return isFraming(name.toLowerCase()) ? [] : [name, encodeHeader(value)];
  });
}

/** @throws {RestError} PGRST112 */
function readGucStatus(text: string): number {
  const status = Number.parseInt(text, 10);
  if (!/^\d/.test(text) || status < 200 || status > 999) throw requestErrors.gucStatus();
  return status;
}
