import { createPrivilegedPool } from '@peakstone/kernel/pg';
import type { Health } from '@peakstone/kernel/service';

/** Settles before the second that health may take. */
const HEALTH_TIMEOUT_MS = 900;

/** One connection of its own, so that health is told even when every other is busy. */
export function createProbe(url: string): { health(): Promise<Health>; close(): Promise<void> } {
  const pool = createPrivilegedPool({
    url,
    name: 'peakstone health',
    acquireTimeoutMs: HEALTH_TIMEOUT_MS,
  });
  return {
    async health() {
      try {
        await pool.exchange({
          statements: [{ text: 'select 1', values: [] }],
          signal: AbortSignal.timeout(HEALTH_TIMEOUT_MS),
        });
        return { ok: true };
      } catch (error) {
        return { ok: false, reason: error instanceof Error ? error.message : String(error) };
      }
    },
    close: () => pool.close(HEALTH_TIMEOUT_MS),
  };
}
