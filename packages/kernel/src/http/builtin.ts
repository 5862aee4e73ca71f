/**
 * `node:http` without what importing it as a module loads: that reads all of its exports, and behind `WebSocket` lies a second
 * HTTP client, which takes longer to load than everything else that a service needs from Node.
 */
import { getBuiltinModule } from 'node:process';

export const { Agent, createServer, request, STATUS_CODES } = getBuiltinModule('node:http');

/** The same over TLS; loaded when the first upstream asks for it. */
export const https = (): typeof import('node:https') => getBuiltinModule('node:https');
