import type { Health } from '@peakstone/kernel/service';

/** Whether somebody else's service answers at all. */
export async function probe(url: string): Promise<Health> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(900), redirect: 'manual' });
    await response.body?.cancel();
    return response.status < 500 ? { ok: true } : { ok: false, reason: `answers ${response.status}` };
  } catch (error) {
    const { cause, message } = error as Error & { readonly cause?: { readonly code?: string } };
    return { ok: false, reason: `cannot be reached: ${cause?.code ?? message}` };
  }
}
