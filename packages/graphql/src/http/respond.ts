import type { HttpResponse } from '@peakstone/kernel/http';

export const jsonType = ['Content-Type', 'application/json; charset=utf-8'] as const;

export function json(status: number, text: string): HttpResponse {
  return { status, headers: jsonType, body: text };
}
