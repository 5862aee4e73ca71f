import { readGatewayConfig } from '@peakstone/gateway/settings';
import type { EnvValues } from '../../project/envFile.ts';

export function assertSettings(env: EnvValues): void {
  readGatewayConfig(env);
}
