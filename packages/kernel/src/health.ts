import type { Health } from './service.ts';

/** How a look at a service's health names itself, so that it can be left out of logs. The script of our images does as well. */
export const healthAgent = 'peakstone-health';

/** Whether whoever serves a URL answers at all: well, unless with a server error. Never rejects. */
export async function lookAt(url: string, timeoutMs: number): Promise<Health> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs), redirect: 'manual' });
    await response.body?.cancel();
    return response.status < 500 ? { ok: true } : { ok: false, reason: `answers ${response.status}` };
  } catch (error) {
    const { cause, message } = error as Error & { readonly cause?: { readonly code?: string } };
    return { ok: false, reason: `cannot be reached: ${cause?.code ?? message}` };
  }
}
