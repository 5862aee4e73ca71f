/** Names of the settings in which statements of one transaction hand on rows; unlike any other within it. */
export interface Carriers {
  next(): string;
}

export function createCarriers(): Carriers {
  let count = 0;
  return { next: () => `peakstone.written_${++count}` };
}
