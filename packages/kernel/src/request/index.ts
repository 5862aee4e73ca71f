export {
  claimsWithRole,
  createIdentify,
  type Identify,
  type IdentifyOptions,
  type Identity,
} from './identity.ts';
export { type IsolationLevel, noRoleConfig, type RoleConfig, readRoleConfig } from './roles.ts';
export {
  isRoleName,
  requestSettings,
  type Setting,
  type TransactionMode,
  type TransactionSettings,
  transactionSettings,
  unknownRole,
} from './settings.ts';
