// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the text is in Compose's interpolation syntax.
import { basics, required } from '../../container/basics.ts';
import { upstreamImage } from '../../container/images.ts';
import type { ContainerSpec } from '../../container/spec.ts';
import type { ResolvedService, Stack } from '../../definition.ts';
import { storageOrigin } from '../storage/endpoint.ts';
import { lokiConfig } from './loki.ts';

export function logsContainer(stack: Stack, service: ResolvedService): ContainerSpec {
  return {
    ...basics(stack, service),
    image: upstreamImage(service.definition),
    command: ['-config.file=/etc/loki/loki-config.yml'],
    environment: {
      AWS_ACCESS_KEY_ID: required('LOKI_ACCESS_KEY'),
      AWS_SECRET_ACCESS_KEY: required('LOKI_SECRET_KEY'),
      AWS_REGION: '${AWS_REGION:-us-east-1}',
    },
    files: [
      {
        name: 'loki',
        target: '/etc/loki/loki-config.yml',
        content: lokiConfig(storageOrigin(stack) ?? 'http://localhost:9000'),
      },
    ],
    volumes: [{ source: 'loki_data', volume: 'loki_data', target: '/loki' }],
    // The image has no shell; the binary asks itself.
    health: {
      test: ['CMD', '/usr/bin/loki', '-health'],
      intervalS: 15,
      timeoutS: 5,
      retries: 5,
      startPeriodS: 60,
    },
    // Its bucket and user come from the job.
    ports: [{ container: 3100, local: '${PUBLISH_LOKI:-127.0.0.1:3100}' }],
    hardened: false,
    stopGraceS: 60,
  };
}
