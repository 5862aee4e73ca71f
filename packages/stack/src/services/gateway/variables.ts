import { readGatewayConfig } from '@peakstone/gateway/settings';
import { isReadBy } from '../../checks/settings.ts';
import { furtherSettings, type Variable } from '../../variable.ts';

/** Its own settings, but for its address, which the container decides. */
export const gatewayFurther: readonly Variable[] = furtherSettings(
  [
    'ACCESS_LOG',
    'ADMIN_HOSTS',
    'ADMIN_NETWORKS',
    'COMPRESSION',
    'CORS',
    'DRAIN',
    'MAX_BODIES',
    'MAX_BODY',
    'REQUEST_TIMEOUT',
    'TRUSTED_PROXIES',
  ].map(name => `GATEWAY_${name}`),
  isReadBy(readGatewayConfig),
);
