/** What each event says in the log, in the reference's words. Pure. */
import { connectionErrors, renderErrorBody, toRestError } from '../errors.ts';
import type { FatalReason, RestEvent } from '../events.ts';
import { legacyTargetsHint, legacyTargetsMessage } from '../respond/legacyTargets.ts';

const fatalMessages: Readonly<Record<FatalReason, string>> = {
  authentication: 'Failed to establish a connection. ',
  transactionPooling:
    'If you are using connection poolers in transaction mode, try setting db-prepared-statements to false. ',
  statementPooling: 'Connection poolers in statement mode are not supported.',
};

export const poolTimeoutMessage = asJson(connectionErrors.poolTimeout());

/** The lines of an event; none for what is only counted. */
export function messagesOf(event: Exclude<RestEvent, { kind: 'response' }>): readonly string[] {
  switch (event.kind) {
    case 'starting':
      return [`Starting PostgREST ${event.version}...`];
    case 'listening':
      return [`${event.server} server listening on ${event.address}`];
    case 'signal':
      return [`Received termination unix signal ${event.signal}`];
    case 'serverFault':
      return [`Server: ${onOneLine(String(event.error))}`];
    case 'connected':
      return [`Successfully connected to ${event.version}`];
    case 'versionFailed':
      return [`Failed to query the PostgreSQL version. ${asJson(event.error)}`];
    case 'unsupportedVersion':
      return [
        `Cannot run in this PostgreSQL version (${event.version}), PostgREST needs at least ${event.minimum}`,
      ];
    case 'retrying':
      return [`Attempting to reconnect to the database in ${event.seconds} seconds...`];
    case 'noRecovery':
      return ['Automatic recovery disabled, exiting.'];
    case 'fatal':
      return [fatalMessages[event.reason] + asJson(event.error)];
    case 'poolReady':
      return [`Connection Pool initialized with a maximum size of ${event.size} connections`];
    case 'poolFlushed':
      return ['Database connection pool flushed'];
    case 'poolRequest':
      return ['Trying to borrow a connection from pool'];
    case 'poolRequestFulfilled':
      return ['Borrowed a connection from the pool'];
    case 'pool':
      return poolMessages(event.event);
    case 'catalogMissing':
      return [asJson(connectionErrors.catalogMissing())];
    case 'catalogFailed':
      return [
        `Failed to load the schema cache using db-schemas=${event.schemas.join(',')} and db-extra-search-path=${event.extraSearchPath.join(',')}. ${asJson(event.error)}`,
      ];
    case 'catalogLoaded': {
      const milliseconds = event.queriedInMs.toFixed(1);
      return [
        `Schema cache queried in ${milliseconds} milliseconds`,
        `Schema cache loaded ${event.summary}`,
        `Schema cache loaded in ${milliseconds} milliseconds`,
      ];
    }
    case 'configReloaded':
      return ['Config reloaded'];
    case 'configInvalid':
      return [`Failed reloading config: ${event.message}`];
    case 'databaseSettingsFailed':
      return [`Failed to query database settings for the config parameters.${asJson(event.error)}`];
    case 'roleSettingsFailed':
      return [`Failed to query the role settings. ${asJson(event.error)}`];
    case 'deprecatedRoleClaimKey':
      return [
        `WARNING: The config \`jwt-role-claim-key=${event.path}\` is using the deprecated JSPath syntax.`,
        `Update \`jwt-role-claim-key=${event.path}\` to the new JSONPath syntax as support for JSPath will be removed in a future release. See the migration guide on how to update: https://github.com/PostgREST/postgrest/blob/main/CHANGELOG.md#migration-to-v16`,
      ];
    case 'listenerStarted':
      return [
        `Listener connected to ${event.version} on ${JSON.stringify(event.host)} and listening for database notifications on the ${JSON.stringify(event.channel)} channel`,
      ];
    case 'listenerLost':
      return [
        `Failed listening for database notifications on the ${JSON.stringify(event.channel)} channel. ${onOneLine(event.error.message)}`,
      ];
    case 'listenerRetrying':
      return [`Retrying listening for database notifications in ${event.seconds} seconds...`];
    case 'notified':
      return [`Received a ${event.asks} reload message on the ${JSON.stringify(event.channel)} channel`];
    case 'jwtCache':
      return event.event === 'evicted' ? ['Evicted entry from JWT cache'] : ['Looked up a JWT in JWT cache'];
    case 'query':
      return event.statements.map(onOneLine);
    case 'queryFailed':
      return [asJson(event.error)];
    case 'legacyTargetNames':
      return [
        `WARNING: ${legacyTargetsMessage}`,
        `Update filters, orders or limits that use ${legacyTargetsHint(event.replacements)} in \`${event.method} ${event.target}\``,
      ];
  }
}

function poolMessages(event: Extract<RestEvent, { kind: 'pool' }>['event']): readonly string[] {
  switch (event.kind) {
    case 'connected':
      return [`Connection ${event.pid} is available due to connection establishment`];
    case 'disconnected':
      return [`Connection ${event.pid} is terminated due to ${onOneLine(event.reason)}`];
    case 'connectFailed':
      return [`Connection is terminated due to init failure: ${onOneLine(event.error.message)}`];
    case 'acquireTimeout':
      return [poolTimeoutMessage];
  }
}

/** An error as the body a client would get: never a password, as connection errors don't hold one. */
function asJson(error: unknown): string {
  return renderErrorBody(toRestError(error, false), 'verbose');
}

const onOneLine = (text: string): string => text.replace(/\s*\n\s*/g, ' ');
