import { useCallback, useRef, useState } from 'react';
import { Refused } from '../../../ui/client.ts';
import { stream } from '../../client.ts';

export interface ScriptResult {
  readonly fields: readonly { readonly name: string; readonly type: number }[];
  readonly rows: readonly (readonly (string | null)[])[];
  /** Absent until the statement has ended. */
  readonly tag?: string;
  /** All there are; more than `rows` where some were left out. */
  readonly total: number;
  readonly ms?: number;
}

export interface RunState {
  readonly running: boolean;
  readonly text: string;
  readonly results: readonly ScriptResult[];
  readonly notices: readonly { readonly severity: string; readonly message: string }[];
  readonly error: unknown;
  readonly rows: number;
  readonly ms: number | null;
}

const NOTHING: RunState = {
  running: false,
  text: '',
  results: [],
  notices: [],
  error: null,
  rows: 0,
  ms: null,
};

/** A script's answers as they come; running another, or leaving, cancels it. */
export function useRun() {
  const [state, setState] = useState(NOTHING);
  const current = useRef<AbortController | null>(null);
  const cancel = useCallback(() => current.current?.abort(), []);
  const run = useCallback(async (text: string) => {
    current.current?.abort();
    const aborter = new AbortController();
    current.current = aborter;
    const begun = performance.now();
    let at: RunState = { ...NOTHING, running: true, text };
    const show = (next: Partial<RunState>): void => {
      at = { ...at, ...next };
      if (current.current === aborter) setState(at);
    };
    show({});
    let open: ScriptResult | null = null;
    try {
      for await (const line of stream('sql/run', { text }, aborter.signal)) {
        switch (line.kind) {
          case 'fields':
            open = { fields: line.fields, rows: [], total: 0 };
            break;
          case 'rows':
            open = { ...open!, rows: [...open!.rows, ...line.rows] };
            show({ rows: at.rows + line.rows.length });
            break;
          case 'result':
            show({
              results: [
                ...at.results,
                { ...(open ?? { fields: [], rows: [] }), tag: line.tag, total: line.rows, ms: line.ms },
              ],
            });
            open = null;
            break;
          case 'notice':
            show({ notices: [...at.notices, line] });
        }
      }
      show({ running: false, ms: Math.round(performance.now() - begun) });
    } catch (error) {
      const told = aborter.signal.aborted
        ? new Refused({
            code: 'late',
            message: 'Cancelled',
            hint: 'What it had not committed is rolled back.',
          })
        : error;
      show({ running: false, error: told, ms: Math.round(performance.now() - begun) });
    }
  }, []);
  return { run, cancel, state };
}
