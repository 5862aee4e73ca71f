// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the text is in Compose's interpolation syntax.
import { basics, required } from '../../container/basics.ts';
import { upstreamImage } from '../../container/images.ts';
import type { ContainerSpec } from '../../container/spec.ts';
import type { ResolvedService, Stack } from '../../definition.ts';
import { storageOrigin } from '../storage/endpoint.ts';

/** @see https://docs.imgproxy.net/configuration/options */
export function imagesContainer(stack: Stack, service: ResolvedService): ContainerSpec {
  const storage = storageOrigin(stack);
  return {
    ...basics(stack, service),
    image: upstreamImage(service.definition),
    environment: {
      IMGPROXY_KEY: required('IMGPROXY_KEY_HEX'),
      IMGPROXY_SALT: required('IMGPROXY_SALT_HEX'),
      IMGPROXY_BASE_URL: '${IMGPROXY_BASE_URL:-}',
      IMGPROXY_ALLOWED_SOURCES: required('IMGPROXY_ALLOWED_SOURCES'),
      IMGPROXY_AUTO_WEBP: 'true',
      IMGPROXY_MAX_SRC_RESOLUTION: '80',
      ...(storage === undefined ? {} : bucketSource(storage)),
    },
    health: {
      test: ['CMD', 'imgproxy', 'health'],
      intervalS: 15,
      timeoutS: 10,
      retries: 5,
      startPeriodS: 15,
    },
    // It reads the bucket as the user whom the job makes.
    ports: [{ container: 8080, local: '${PUBLISH_IMGPROXY:-127.0.0.1:8081}' }],
    routes: [{ name: 'images', domain: 'DOMAIN_IMG', port: 8080 }],
    hardened: false,
  };
}

/** The bucket is private: without its user imgproxy could fetch only addresses that were signed beforehand. */
function bucketSource(storageOrigin: string): Record<string, string> {
  return {
    IMGPROXY_USE_S3: 'true',
    IMGPROXY_S3_ENDPOINT: storageOrigin,
    IMGPROXY_S3_REGION: '${AWS_REGION:-us-east-1}',
    AWS_ACCESS_KEY_ID: '${S3_APP_ACCESS_KEY:-psappaccess}',
    AWS_SECRET_ACCESS_KEY: required('S3_APP_SECRET_KEY'),
  };
}
