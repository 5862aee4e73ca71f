/** The stack: its definition, its local run, and its rendering for production. */
export { embeddedPostgresVersion } from '@peakstone/database';
export { OMISSION_WORDS } from '@peakstone/transfer/omissions';
export * from './definition.ts';
export {
  awaitSchema,
  healthUrl,
  restartStack,
  stackStatus,
  stopService,
  stopStack,
} from './operate/client.ts';
export { consoleLink, signInLink } from './operate/consoleLink.ts';
export { deleteData, planDeletion } from './operate/deleteData.ts';
export { type Check, examine } from './operate/doctor/index.ts';
export { dumpStack } from './operate/dump.ts';
export { planExtensionMove } from './operate/extension.ts';
export {
  type AbandonedImport,
  abandonStackImport,
  type ImportNote,
  type ImportReport,
  importIntoStack,
} from './operate/importDump.ts';
export { logNames, whyQuiet } from './operate/logQuiet.ts';
export { followLogs, type LogLine, type LogQuery, loggedServices, readLogs } from './operate/logRead.ts';
export { findRemains } from './operate/remains.ts';
export {
  type RotationReport,
  requestRoles,
  rotateStackSecrets,
  secretVariables,
  signStackToken,
  stackKeys,
  stackSecrets,
} from './operate/secrets.ts';
export { StackError, type StackErrorCode } from './project/errors.ts';
export { findProject, locateStack } from './project/locate.ts';
export { assertOwnDataFolder, ensureDataFolder, type StackPaths } from './project/paths.ts';
export { resolveStack } from './resolve.ts';
export { databaseUrl, superuserUrl } from './run/databaseUrl.ts';
export { dataElsewhere } from './run/dataElsewhere.ts';
export type { OnStackEvent, StackEvent } from './run/events.ts';
export { exposedSchemas } from './run/exposedSchemas.ts';
export type { StackSettings, StackSummary, StartOptions } from './run/settings.ts';
export { type RunningStack, startStack } from './run/stack.ts';
export type { ServiceStatus, StackStatus } from './run/status.ts';
export type { StatusReply } from './run/statusReply.ts';
export { serviceNames, services, serviceTitles } from './services/index.ts';
export { type GenerateRequest, generateSource } from './services/rest/generate.ts';
