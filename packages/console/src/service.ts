/** The console as a service: opens its folder and its ways into the database; the one impure edge of the package. */
import path from 'node:path';
import type { Handler } from '@peakstone/kernel/http';
import { privateFolder } from '@peakstone/kernel/private';
import type { HttpService } from '@peakstone/kernel/service';
import { createDispatch } from './api/dispatch.ts';
import { routes } from './areas/index.ts';
import { findAssets } from './assets/assets.ts';
import { ensureBuilt } from './assets/build.ts';
import { BUILT } from './assets/place.ts';
import { Audit } from './audit/audit.ts';
import { type Logins, openDatabases } from './database/databases.ts';
import { createEdge } from './edge.ts';
import { OperatorStore } from './operators/store.ts';
import { Sessions } from './session/sessions.ts';
import { createSignIn } from './session/signIn.ts';

export interface ConsoleDeps {
  /** Where sessions, operators and the audit are kept; private. */
  readonly folder: string;
  /** Lets its holder in as an administrator; null lets nobody in by it. */
  readonly secret: string | null;
  readonly logins: Logins;
  /** Names that it is served under. */
  readonly hosts: readonly string[];
  readonly onFault: (error: unknown) => void;
}

export function startConsole({ folder, secret, logins, hosts, onFault }: ConsoleDeps): HttpService {
  const own = privateFolder(folder);
  const databases = openDatabases(logins);
  const sessions = new Sessions(path.join(own, 'sessions.json'));
  const operators = new OperatorStore(path.join(own, 'operators.json'));
  const audit = new Audit(path.join(own, 'audit'));
  // What is built already is served at once; in a clone, what its sources make of it after that.
  let assets = findAssets(BUILT);
  const built = ensureBuilt().then(() => {
    assets = findAssets(BUILT);
  }, onFault);
  const handler: Handler = createEdge({
    async assets() {
      if (assets === null) await built;
      return assets;
    },
    signIn: createSignIn({ sessions, operators, audit, folder: own, secret }),
    dispatch: createDispatch({ sessions, operators, audit, databases, routes }),
    hosts: new Set(hosts.map(host => host.toLowerCase())),
    onFault,
  });
  return {
    handler,
    // It has nothing of its own that could be ill: what the database says is told by each call.
    health: async () => ({ ok: true }),
    stop: () => databases.close(),
  };
}
