export { ConfigError } from './config/error.ts';
export type { RestConfig } from './config/types.ts';
export type { Emit, RestEvent } from './events.ts';
export { type GenerateOptions, generateTypes, generateZod } from './gen/index.ts';
export { runRest } from './main.ts';
export {
  type RestDeps,
  type RestService,
  type RestServiceConfig,
  restService,
} from './service.ts';
