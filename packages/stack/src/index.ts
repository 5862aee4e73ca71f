/** The stack: its definition, its local run, and its rendering for production. */
export { embeddedPostgresVersion } from '@peakstone/database';
export { LEFT_WORDS } from '@peakstone/transfer/left';
export * from './definition.ts';
export { StackError, type StackErrorCode } from './project/errors.ts';
export { assertOwnDataFolder, ensureDataFolder, type StackPaths } from './project/paths.ts';
export { resolveStack } from './resolve.ts';
export { awaitSchema, healthUrl, restartStack, stackStatus, stopService, stopStack } from './run/client.ts';
export { databaseUrl, superuserUrl } from './run/databaseUrl.ts';
export { dataElsewhere, deleteData, planDeletion } from './run/deleteData.ts';
export { type Check, examine } from './run/doctor/index.ts';
export { dumpStack } from './run/dump.ts';
export type { OnStackEvent, StackEvent } from './run/events.ts';
export { exposedSchemas } from './run/exposedSchemas.ts';
export { type ImportNote, type ImportReport, importIntoStack } from './run/importDump.ts';
export { findProject, locateStack } from './run/locate.ts';
export { followLogs, type LogLine, type LogQuery, loggedServices, readLogs } from './run/logRead.ts';
export {
  type RotationReport,
  requestRoles,
  rotateStackSecrets,
  secretVariables,
  signStackToken,
  stackKeys,
  stackSecrets,
} from './run/secrets.ts';
export type { StackSettings, StackSummary, StartOptions } from './run/settings.ts';
export { type RunningStack, startStack } from './run/stack.ts';
export type { ServiceStatus, StackStatus } from './run/status.ts';
export { serviceNames, services, serviceTitles } from './services/index.ts';
export { type GenerateRequest, generateSource } from './services/rest/generate.ts';
