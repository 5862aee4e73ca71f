export type { GenerateOptions } from './model.ts';
export { generateTypes } from './typescript.ts';
export { generateZod } from './zod.ts';
