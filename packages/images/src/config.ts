/**
 * The settings, `IMGPROXY_*`, by what they are about.
 * @see https://docs.imgproxy.net/configuration/options
 */
import { readFileSync } from 'node:fs';
import { ConfigError, parseEnvFile } from '@peakstone/kernel/config';
import type { Env } from '@peakstone/kernel/service';
import {
  type AnswersConfig,
  type FeaturesConfig,
  readAnswers,
  readFeaturesConfig,
  unheededHints,
} from './config/answers.ts';
import { type CacheConfig, cacheConfig } from './config/cache.ts';
import { readEngine } from './config/engine.ts';
import { flag } from './config/read.ts';
import { readServer, type ServerConfig } from './config/server.ts';
import { type ImageSetting, readImage, readSources, type SourcesConfig } from './config/sources.ts';
import { readOptions, readSignature } from './config/urls.ts';
import type { EngineConfig } from './engine/types.ts';
import type { OptionsConfig } from './parse/options.ts';
import type { SignatureConfig } from './parse/signature.ts';

export interface ImagesConfig {
  readonly server: ServerConfig;
  readonly signature: SignatureConfig;
  readonly options: OptionsConfig;
  readonly engine: EngineConfig;
  readonly sources: SourcesConfig;
  readonly answers: AnswersConfig;
  readonly features: FeaturesConfig;
  readonly watermark: ImageSetting;
  readonly fallback: ImageSetting;
  readonly cache: CacheConfig;
  /** Lines for the operator: what is set and has no effect. */
  readonly warnings: readonly string[];
}

/** Reads the settings. Effect: reads the files that they name. @throws {ConfigError} naming the variable */
export function readImagesConfig(outer: Env): ImagesConfig {
  const env = withEnvFile(outer);
  const unsupported = ['AUTO_JXL', 'ENFORCE_JXL'].filter(name => flag(env, name));
  const hints = unheededHints(env);
  return {
    server: readServer(env),
    signature: readSignature(env),
    options: readOptions(env),
    engine: readEngine(env),
    sources: readSources(env),
    answers: readAnswers(env),
    features: readFeaturesConfig(env),
    watermark: readImage(env, 'WATERMARK'),
    fallback: readImage(env, 'FALLBACK_IMAGE'),
    cache: cacheConfig(env),
    warnings: [
      ...unsupported.map(name => `IMGPROXY_${name} has no effect: libvips is distributed without JPEG XL.`),
      ...(hints === null ? [] : [hints]),
    ],
  };
}

function withEnvFile(outer: Env): Env {
  const file = outer.IMGPROXY_ENV_LOCAL_FILE_PATH;
  if (!file) return outer;
  let content: string;
  try {
    content = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new ConfigError('IMGPROXY_ENV_LOCAL_FILE_PATH', 'the path of a readable file', {
      got: file,
      cause,
    });
  }
  return { ...outer, ...parseEnvFile(content, outer) };
}
