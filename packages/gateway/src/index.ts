export type { GatewayDeps } from './gateway.ts';
export type { Listed, Route, Target } from './routes.ts';
export { type GatewayService, gateway } from './service.ts';
export { type GatewayConfig, readGatewayConfig } from './settings.ts';
