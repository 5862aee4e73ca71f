import type { Command } from '../grammar/command.ts';
import { atlasMigrate } from './atlasMigrate.ts';
import { backup } from './backup/index.ts';
import { completions } from './completions.ts';
import { compose } from './compose.ts';
import { consoleCommand } from './console.ts';
import { dbBootstrap } from './dbBootstrap.ts';
import { deploy } from './deploy.ts';
import { doctor } from './doctor.ts';
import { down } from './down.ts';
import { dump } from './dump.ts';
import { gateway } from './gateway.ts';
import { gen } from './gen.ts';
import { graphql } from './graphql.ts';
import { health } from './health.ts';
import { help } from './help.ts';
import { images } from './images.ts';
import { importCommand } from './import.ts';
import { init } from './init.ts';
import { logs } from './logs.ts';
import { migrate } from './migrate/index.ts';
import { rest } from './rest.ts';
import { restart } from './restart.ts';
import { secrets } from './secrets.ts';
import { serve } from './serve.ts';
import { sql } from './sql.ts';
import { status } from './status.ts';
import { storage } from './storage/index.ts';
import { up } from './up.ts';
import { url } from './url.ts';
import { version } from './version.ts';

/** The tree of commands. A new command is a file or a folder beside this one and one line here. */
export const root: Command = {
  name: 'peakstone',
  summary: 'the whole backend stack on real PostgreSQL 17, started by one command',
  commands: [
    init,
    up,
    down,
    restart,
    status,
    logs,
    sql,
    consoleCommand,
    migrate,
    url,
    secrets,
    backup,
    doctor,
    compose,
    deploy,
    importCommand,
    dump,
    gen,
    rest,
    graphql,
    gateway,
    images,
    storage,
    dbBootstrap,
    atlasMigrate,
    health,
    completions,
    version,
    help,
    serve,
  ],
  examples: [
    { command: 'peakstone up', does: 'Start everything; Ctrl-C drains and stops it' },
    { command: 'peakstone up --detach && peakstone status', does: 'Start in the background and look at it' },
    { command: 'peakstone sql "select now()"', does: 'Ask the database' },
  ],
};
