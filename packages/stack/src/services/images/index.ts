import { moduleBeside } from '@peakstone/kernel/beside';
import type { Service } from '../service.ts';
import { imagesContainer } from './container.ts';
import { imagesVariables } from './variables.ts';

export const images: Service = {
  name: 'images',
  title: 'Image transformation',
  contract: 'imgproxy',
  kind: 'service',
  engines: ['peakstone', 'upstream', 'external'],
  port: 8081,
  containerPort: 8080,
  paths: ['/img'],
  route: { stripPrefix: true },
  domain: 'DOMAIN_IMG',
  image: { variable: 'IMGPROXY_IMAGE', pin: 'darthsim/imgproxy:v3.30.1' },
  needs: ['storage', 'storage-bootstrap'],
  stateful: false,
  aliases: ['imgproxy'],
  logLabel: 'images',
  limits: { memoryMb: 1024, cpus: 2, pids: 256 },
  variables: imagesVariables,
  requires: ['S3_APP_SECRET_KEY', 'IMGPROXY_KEY_HEX', 'IMGPROXY_SALT_HEX', 'IMGPROXY_ALLOWED_SOURCES'],
  container: imagesContainer,
  local: {
    secrets: ['IMGPROXY_KEY_HEX', 'IMGPROXY_SALT_HEX', 'S3_APP_SECRET_KEY'],
    // Pictures are large, and come from the object storage without a network.
    process: 'objects',
    listensAt: () => '127.0.0.1',
    run: moduleBeside(import.meta.url, './run'),
  },
};
