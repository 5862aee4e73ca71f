/** Scripts as people write them: each run is a connection of its own, whose results come as they are made. */
import * as v from 'valibot';
import { stream } from '../../api/route.ts';
import { runScript, type ScriptLine } from './run.ts';

export const sqlRoutes = {
  /** As the operator's own login: what PostgreSQL lets that do is what is done. */
  'sql/run': stream(
    'view',
    v.object({
      text: v.pipe(v.string(), v.maxLength(2 ** 20)),
      /** Rows of each result that are sent; more are counted. */
      maxRows: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(50_000)), 1000),
      timeoutMs: v.optional(v.pipe(v.number(), v.integer(), v.minValue(100), v.maxValue(3_600_000)), 60_000),
    }),
    (call, input): AsyncIterable<ScriptLine> => runScript(call, input),
    { maxBytes: 4 * 2 ** 20, audited: true },
  ),
} as const;
