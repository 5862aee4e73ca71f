export { HttpError } from './errors.ts';
export type { ServeOptions, UpgradeListener } from './options.ts';
export {
  errorResponse,
  jsonResponse,
  responseHeader,
  textResponse,
  withHeaders,
  withRequest,
} from './respond.ts';
export { type HttpServer, serveHttp } from './server.ts';
export { reasonPhrase } from './status.ts';
export * from './types.ts';
