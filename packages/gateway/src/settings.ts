/** What can be told of the gateway from its environment alone, without loading what serves. */
export { type GatewayConfig, readGatewayConfig } from './config.ts';
