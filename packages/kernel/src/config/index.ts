export { parseEnvFile, quoteEnvValue, updateEnvFile } from './envFile.ts';
export { ConfigError } from './errors.ts';
export { resolveFiles } from './files.ts';
export * from './readers.ts';
export { suggest } from './suggest.ts';
