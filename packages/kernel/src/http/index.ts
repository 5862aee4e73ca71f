export { networks } from './address.ts';
export { HttpError } from './errors.ts';
export { bodyLimit } from './middleware/bodyLimit.ts';
export { compose, type Middleware, mapResponse, recover } from './middleware/compose.ts';
export { type CorsOptions, cors } from './middleware/cors.ts';
export { accessLog, observe, type ResponseListener } from './middleware/observe.ts';
export { requestId } from './middleware/requestId.ts';
export type { ServeOptions, UpgradeListener } from './options.ts';
export { type ProxyOptions, proxyTo, type ReverseProxy } from './proxy/proxy.ts';
export { refuseUpgrade, tunnelTo } from './proxy/tunnel.ts';
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
