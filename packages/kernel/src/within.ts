export type Outcome<T> =
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'failed'; readonly error: Error }
  | { readonly kind: 'late' };

/** How a promise ends, or that it has not within `ms`; never rejects. */
export function settleWithin<T>(promise: Promise<T>, ms: number): Promise<Outcome<T>> {
  return new Promise(resolve => {
    const timer = setTimeout(() => resolve({ kind: 'late' }), ms);
    const settle = (outcome: Outcome<T>): void => {
      clearTimeout(timer);
      resolve(outcome);
    };
    promise.then(
      value => settle({ kind: 'done', value }),
      (error: unknown) =>
        settle({ kind: 'failed', error: error instanceof Error ? error : new Error(String(error)) }),
    );
  });
}
