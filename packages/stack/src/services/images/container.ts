// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the text is in Compose's interpolation syntax.
import { basics, builtInHealth, required } from '../../container/basics.ts';
import { ownImage, upstreamImage } from '../../container/images.ts';
import type { ContainerSpec } from '../../container/spec.ts';
import type { ResolvedService, Stack } from '../../definition.ts';
import { hasOwnStorage, sourcePath, storageOrigin } from '../storage/endpoint.ts';
import { imagesDefaults, imagesEnvironment } from './environment.ts';

/** @see https://docs.imgproxy.net/configuration/options */
export function imagesContainer(stack: Stack, service: ResolvedService): ContainerSpec {
  const origin = storageOrigin(stack);
  const environment = imagesEnvironment({
    key: required('IMGPROXY_KEY_HEX'),
    salt: required('IMGPROXY_SALT_HEX'),
    baseUrl: '${IMGPROXY_BASE_URL:-}',
    allowedSources: [
      required('IMGPROXY_ALLOWED_SOURCES'),
      ...(hasOwnStorage(stack) ? [`${origin}${sourcePath}`] : []),
    ].join(','),
    bucket:
      origin === undefined
        ? null
        : {
            origin,
            region: '${AWS_REGION:-us-east-1}',
            accessKey: '${S3_APP_ACCESS_KEY:-psappaccess}',
            secretKey: required('S3_APP_SECRET_KEY'),
          },
  });
  const shared = {
    ...basics(stack, service),
    ports: [{ container: 8080, local: '${PUBLISH_IMGPROXY:-127.0.0.1:8081}' }],
    routes: [{ name: 'images', domain: 'DOMAIN_IMG', port: 8080 }],
  };
  if (service.engine === 'peakstone') {
    return {
      ...shared,
      image: ownImage(stack, service.definition),
      command: ['images'],
      environment: {
        ...environment,
        ...imagesDefaults,
        ...(hasOwnStorage(stack) && { IMGPROXY_WHOLE_SOURCES: `${origin}${sourcePath}` }),
        PEAKSTONE_HEALTH_URL: 'http://127.0.0.1:8080/health',
      },
      tmpfs: ['/tmp'],
      health: builtInHealth,
      hardened: true,
      stopGraceS: 30,
    };
  }
  return {
    ...shared,
    image: upstreamImage(service.definition),
    environment,
    health: {
      test: ['CMD', 'imgproxy', 'health'],
      intervalS: 15,
      timeoutS: 10,
      retries: 5,
      startPeriodS: 15,
    },
    hardened: false,
  };
}
