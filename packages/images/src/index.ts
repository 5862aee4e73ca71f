export { type ImagesConfig, readImagesConfig } from './config.ts';
export { type ImagesDeps, type ImagesService, images } from './service.ts';
