/** The stack: its definition, its local run, and its rendering for production. */
export * from './definition.ts';
export { restartStack, stackStatus, stopService, stopStack } from './run/client.ts';
export { type Check, examine } from './run/doctor/index.ts';
export { StackError, type StackErrorCode } from './run/errors.ts';
export type { OnStackEvent, StackEvent } from './run/events.ts';
export { followLogs, type LogLine, type LogQuery, loggedServices, readLogs } from './run/logRead.ts';
export { ensureDataFolder, type StackPaths, stackPaths } from './run/paths.ts';
export {
  type RotationReport,
  rotateStackSecrets,
  secretVariables,
  signStackToken,
  stackKeys,
  stackSecrets,
} from './run/secrets.ts';
export type { StackSettings, StackSummary, StartOptions } from './run/settings.ts';
export { type RunningStack, startStack } from './run/stack.ts';
export { type GenerateRequest, generateSource, runStandaloneRest } from './run/standalone.ts';
export type { ServiceStatus, StackStatus } from './run/status.ts';
export { exposedSchemas, superuserUrl } from './run/urls.ts';
export { embeddedPostgresVersion } from './run/version.ts';
export { serviceNames, services, serviceTitles } from './services.ts';
