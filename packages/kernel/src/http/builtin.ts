/**
 * `node:http` without what importing it as a module loads: that reads all of its exports, and behind `WebSocket` lies a second
 * HTTP client, which takes longer to load than everything else that a service needs from Node.
 */
import { getBuiltinModule } from 'node:process';

export const { Agent, createServer, request, STATUS_CODES } = getBuiltinModule('node:http');
