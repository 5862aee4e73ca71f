// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the text is in Compose's interpolation syntax.
import { basics } from '../../container/basics.ts';
import { upstreamImage } from '../../container/images.ts';
import { type ContainerSpec, literal } from '../../container/spec.ts';
import type { ResolvedService, Stack } from '../../definition.ts';
import { logsOrigin } from '../logs/endpoint.ts';
import { alloyConfig } from './alloy.ts';

export function logsAgentContainer(stack: Stack, service: ResolvedService): ContainerSpec {
  const origin = logsOrigin(stack) ?? 'http://localhost:3100';
  return {
    ...basics(stack, service),
    image: upstreamImage(service.definition),
    command: [
      'run',
      '--server.http.listen-addr=127.0.0.1:12345',
      '--storage.path=/var/lib/alloy/data',
      '--disable-reporting',
      '/etc/alloy/config.alloy',
    ],
    environment: { LOKI_PUSH_URL: `${origin}/loki/api/v1/push` },
    files: [
      {
        name: 'alloy',
        target: '/etc/alloy/config.alloy',
        content: literal(alloyConfig),
      },
    ],
    volumes: [
      { source: '/var/run/docker.sock', target: '/var/run/docker.sock', readOnly: true },
      { source: 'alloy_data', volume: 'alloy_data', target: '/var/lib/alloy/data' },
    ],
    health: {
      test: ['CMD', 'bash', '-c', 'exec 3<>/dev/tcp/127.0.0.1/12345'],
      intervalS: 30,
      timeoutS: 5,
      retries: 3,
      startPeriodS: 30,
    },
    hardened: false,
  };
}
