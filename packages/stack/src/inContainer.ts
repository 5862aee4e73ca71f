/** What containers of our image run. */
export { rehearseDatabaseBootstrap, runDatabaseBootstrap } from './services/db-bootstrap/job.ts';
export { runGateway } from './services/gateway/standalone.ts';
