export { type TestDatabase, type TestDatabaseOptions, testDatabase } from './database.ts';
export { type DecoyCall, type DecoyOptions, plantDecoys, readDecoyCall } from './decoys.ts';
export { reservePorts } from './ports.ts';
export { seededRandom } from './random.ts';
export { startTestServer, type TestServer, type TestServerOptions } from './server.ts';
export { sharedServerUrl } from './shared.ts';
export { connect, type SqlClient } from './sql.ts';
export { otherUsersCannot, STRANGER } from './users.ts';
export { type HeldLock, holdLock, until, untilStill, WAIT_FOR_LOCK } from './wait.ts';
