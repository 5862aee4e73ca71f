export { embeddedPostgresVersion } from './binaries/embedded.ts';
export { MAJOR_VERSION } from './binaries/find.ts';
export { databasesLeftBehind } from './bootstrap/leftBehind.ts';
export { findLoginObstacle, setOwnPassword } from './bootstrap/login.ts';
export type {
  BootstrapOptions,
  RoleSettings,
  SupabaseMode,
} from './bootstrap/model.ts';
export { planMemberships } from './bootstrap/model.ts';
export { type BootstrapReport, bootstrapDatabase, completeStorage, servedSchemas } from './bootstrap/run.ts';
export { readRoleSettings, readSupabaseMode } from './bootstrap/settings.ts';
export { type DatabaseConfig, type DatabaseEngine, readDatabaseConfig } from './config.ts';
export { DatabaseError, type DatabaseErrorCode } from './errors.ts';
export type { DatabaseEvent } from './events.ts';
export { removeAsOwners } from './host/asUser.ts';
export { findServerUser, type ServerUser } from './host/serverUser.ts';
export { type RunUser, resolveRunUser } from './host/user.ts';
export { renderReport, runBootstrapJob } from './job.ts';
export { changeSettings } from './secrets/change.ts';
export { type EnsuredSecrets, type EnsureOptions, ensureSecrets } from './secrets/ensure.ts';
export {
  finishRotation,
  type RotateOptions,
  type Rotation,
  type RotationStep,
  rotatedFile,
  rotateSecrets,
  rotationInterrupted,
} from './secrets/rotate.ts';
export { type ApiKeyOptions, type ApiKeys, signApiKeys } from './secrets/tokens.ts';
export type { EnvVariable, Generate } from './secrets/variable.ts';
export { type DataFolder, inspectDataFolder } from './server/folder.ts';
export { readLockFile } from './server/postmaster.ts';
export {
  dataLeftBehind,
  locateDataFolder,
  planRemoval,
  removeDataFolder,
} from './server/remove.ts';
export { type Server, type StartOptions, startServer } from './server/start.ts';
export { findOrphan, freeDataFolder, hasLivingOwner } from './server/takeover.ts';
export { assertOwnData } from './server/tie.ts';
export { type DatabaseDeps, type DatabaseService, databaseService, type RunningDatabase } from './service.ts';
export { makeThrowawayFolder, type ThrowawayFolder } from './throwaway/folder.ts';
export { reapWithThisProcess } from './throwaway/reaper.ts';
export { type SocketServer, startSocketServer } from './throwaway/socketServer.ts';
export {
  startThrowaway,
  type Throwaway,
  type ThrowawayDatabaseOptions,
  type ThrowawayOptions,
  withThrowaway,
} from './throwaway/throwaway.ts';
export { connectionUrl, type Endpoint } from './url.ts';
