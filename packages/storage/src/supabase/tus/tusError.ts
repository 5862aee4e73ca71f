import { type HttpResponse, textResponse } from '@peakstone/kernel/http';

/** A refusal in TUS' way: the status says it, and a line of text. */
export class TusError extends Error {
  override readonly name = 'TusError';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export function tusResponse(status: number, message: string): HttpResponse {
  return textResponse(status, `${message}\n`, ['Tus-Resumable', '1.0.0']);
}
