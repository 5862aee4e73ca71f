/** A project's configuration: names looked for, in order. */
export const configNames = [
  'peakstone.config.ts',
  'peakstone.config.mts',
  'peakstone.config.js',
  'peakstone.config.mjs',
] as const;
