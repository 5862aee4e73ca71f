/** How many requests there were, by operation, since the start. */
export class Traffic {
  readonly requests = new Map<string, number>();
  /** Answered with 4xx or 5xx. */
  readonly errors = new Map<string, number>();
  inFlight = 0;

  begun(): void {
    this.inFlight++;
  }

  ended(operation: string, status: number): void {
    this.inFlight--;
    this.requests.set(operation, (this.requests.get(operation) ?? 0) + 1);
    if (status >= 400) this.errors.set(operation, (this.errors.get(operation) ?? 0) + 1);
  }
}
