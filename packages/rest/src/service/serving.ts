/** What serves requests: most of the code. */
import { getBuiltinModule } from 'node:process';
import { setImmediate as nextTurn } from 'node:timers/promises';

export interface Serving {
  readonly createRestHandler: typeof import('../edge.ts')['createRestHandler'];
  readonly createAdmin: typeof import('../admin.ts')['createAdmin'];
  readonly openServer: typeof import('./server.ts')['openServer'];
}

/**
 * Loads it while the database answers what it is asked at the start: in pieces, between which the answers are heard.
 */
export async function loadServing(): Promise<Serving> {
  const { openServer } = await import('./server.ts');
  await nextTurn();
  await import('../errors.ts');
  await nextTurn();
  await import('../compile.ts');
  await nextTurn();
  await import('../engine.ts');
  await nextTurn();
  const { createRestHandler } = await import('../edge.ts');
  await nextTurn();
  const { createAdmin } = await import('../admin.ts');
  await nextTurn();
  // Node loads it to listen, even on an address that is no name.
  getBuiltinModule('node:dns');
  return { createRestHandler, createAdmin, openServer };
}
