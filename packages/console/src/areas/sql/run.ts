import { type Client, connectClient, type Field, type PgNotice } from '@peakstone/kernel/pg';
import type { Call } from '../../api/route.ts';
import { explain } from '../../database/explain.ts';
import { Refusal } from '../../refusal.ts';

export interface ScriptRequest {
  readonly text: string;
  readonly maxRows: number;
  readonly timeoutMs: number;
}

export type ScriptLine =
  | { readonly kind: 'fields'; readonly fields: readonly { readonly name: string; readonly type: number }[] }
  | { readonly kind: 'rows'; readonly rows: readonly (readonly (string | null)[])[] }
  | { readonly kind: 'result'; readonly tag: string; readonly rows: number; readonly ms: number }
  | { readonly kind: 'notice'; readonly severity: string; readonly message: string };

/** Lines that wait for a slow reader; past them the server is not read from. */
const MAX_LINES = 64;
/** Of one cell that is sent. */
const CELL_CHARACTERS = 16_384;
/** Scripts under way for all operators. */
const MAX_RUNNING = 20;

let running = 0;

/** @throws {Refusal} what the server refuses, with its position in the text */
export async function* runScript(
  call: Call,
  { text, maxRows, timeoutMs }: ScriptRequest,
): AsyncGenerator<ScriptLine> {
  call.note({ statement: text });
  if (running >= MAX_RUNNING)
    throw new Refusal('busy', 'Too many scripts are running', 'Wait for one, or cancel it.');
  running += 1;
  let client: Client | null = null;
  try {
    client = await connectClient({
      url: call.databases.url(call.operator.role),
      parameters: {
        application_name: `peakstone console: ${call.operator.name}`,
        statement_timeout: String(timeoutMs),
      },
    });
    yield* lines(client, text, maxRows, call.signal);
  } catch (error) {
    throw explain(error);
  } finally {
    running -= 1;
    client?.close();
  }
}

/** What the script tells as a sequence that can be waited for: the server is read from as fast as the client reads. */
async function* lines(
  client: Client,
  text: string,
  maxRows: number,
  signal: AbortSignal,
): AsyncGenerator<ScriptLine> {
  const queue: ScriptLine[] = [];
  let wake = (): void => undefined;
  let room = (): void => undefined;
  let sent = 0;
  let known: readonly Field[] | null = null;
  let begun = performance.now();
  const push = (line: ScriptLine): Promise<void> | undefined => {
    queue.push(line);
    wake();
    if (queue.length < MAX_LINES) return undefined;
    return new Promise(resolve => {
      room = resolve;
    });
  };
  const cancel = (): void => {
    client.cancel();
    room();
  };
  signal.addEventListener('abort', cancel, { once: true });
  let outcome: { readonly error?: unknown } | null = null;
  const done = client
    .script(text, {
      onNotice: ({ severity, message }: PgNotice) => void push({ kind: 'notice', severity, message }),
      onRows: (rows, fields) => {
        if (known !== fields) {
          known = fields;
          void push({ kind: 'fields', fields: fields.map(({ name, typeOid }) => ({ name, type: typeOid })) });
        }
        const taken = rows
          .slice(0, Math.max(0, maxRows - sent))
          .map(row => row.map(cell => cut(cell?.toString() ?? null)));
        sent += rows.length;
        return taken.length === 0 ? undefined : push({ kind: 'rows', rows: taken });
      },
      onResult: ({ tag, fields }) => {
        if (known === null && fields.length > 0)
          void push({ kind: 'fields', fields: fields.map(({ name, typeOid }) => ({ name, type: typeOid })) });
        void push({ kind: 'result', tag, rows: sent, ms: Math.round((performance.now() - begun) * 10) / 10 });
        known = null;
        sent = 0;
        begun = performance.now();
      },
    })
    .then(
      () => {
        outcome = {};
        wake();
      },
      (error: unknown) => {
        outcome = { error };
        wake();
      },
    );
  try {
    for (;;) {
      const line = queue.shift();
      if (line !== undefined) {
        room();
        yield line;
        continue;
      }
      if (outcome !== null) break;
      await new Promise<void>(resolve => {
        wake = resolve;
      });
    }
    const { error } = outcome as { readonly error?: unknown };
    if (error !== undefined) throw error;
  } finally {
    signal.removeEventListener('abort', cancel);
    if (outcome === null) cancel();
    await done;
  }
}

function cut(cell: string | null): string | null {
  return cell !== null && cell.length > CELL_CHARACTERS ? `${cell.slice(0, CELL_CHARACTERS)}…` : cell;
}
