export { DatabaseError, type DatabaseErrorCode } from './errors.ts';
export { type Server, type StartOptions, startServer } from './server/start.ts';
export { connect, type SqlClient } from './sql.ts';
export { connectionUrl, type Endpoint } from './url.ts';
