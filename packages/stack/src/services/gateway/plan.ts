import { readGatewayConfig, routesFromEnv } from '@peakstone/gateway/settings';
import type { EnvValues } from '../../run/envFile.ts';

export function assertSettings(env: EnvValues): void {
  routesFromEnv(env);
  readGatewayConfig(env);
}
