/** A stack of our own services under Compose, as a test lives with it. */
import { join } from 'node:path';
import { reservePorts } from '@peakstone/testing';
import type { StackConfig } from '../../src/definition.ts';
import { type DeployEvent, deployCompose, loadProject, type RunCommand } from '../../src/deploy/index.ts';
import { makeFolder, ownServices, type Suite } from './context.ts';
import { execute, until } from './engine.ts';

export interface ComposeProject {
  readonly name: string;
  readonly folder: string;
  readonly values: Record<string, string>;
  /** Origin of the gateway on this machine. */
  readonly gateway: string;
  /** Changes `.env`. */
  set(changes: Readonly<Record<string, string>>): void;
  /** `peakstone deploy compose --local --up --no-pull`. @throws {DeployError} */
  deploy(overrides?: StackConfig): Promise<readonly DeployEvent[]>;
  /** `docker compose …` in the folder; resolves with standard output. @throws what it said */
  compose(...args: string[]): Promise<string>;
  /** One statement as the superuser, by the server's socket. */
  sql(text: string, database?: string): Promise<string>;
  /** The status and text of a GET through the gateway. */
  get(path: string): Promise<{ readonly status: number; readonly text: string }>;
  /** Waits for an answer of that status. @throws {Error} with the last one, after three minutes */
  answers(path: string, status: number): Promise<string>;
  /** Ends it and takes its data away. */
  close(): Promise<void>;
}

/** Makes the folder and its `.env`; starts nothing. Takes away what a run that was killed has left. */
export async function openProject(
  suite: Suite,
  name: string,
  values: Readonly<Record<string, string | undefined>> = {},
  config: StackConfig = {},
): Promise<ComposeProject> {
  const { engine, images } = suite;
  const port = await reservePorts(3);
  const {
    folder,
    values: all,
    set,
    remove,
  } = makeFolder({
    POSTGRES_IMAGE: images.postgres,
    PEAKSTONE_IMAGE: images.peakstone,
    POSTGRES_PORT: `127.0.0.1:${port}`,
    PUBLISH_REST: `127.0.0.1:${port + 1}`,
    PUBLISH_GATEWAY: `127.0.0.1:${port + 2}`,
    ...values,
  });
  const run: RunCommand = async (program, args, options) =>
    await execute(program, args, { env: engine.env, cwd: options?.cwd ?? '.', timeoutMs: 400_000 });
  const project = ['--project-name', name];
  const files = ['docker-compose.yml', 'docker-compose.local.yml'].flatMap(file => [
    '-f',
    join(folder, file),
  ]);
  const compose = (...args: string[]) =>
    engine.run(['compose', ...project, '--project-directory', folder, ...files, ...args], {
      timeoutMs: 300_000,
      cwd: folder,
    });
  const clear = () =>
    engine.docker(['compose', ...project, 'down', '--volumes', '--remove-orphans', '--timeout', '5'], {
      cwd: folder,
      timeoutMs: 120_000,
    });
  const gateway = `http://127.0.0.1:${port + 2}`;
  const get = async (path: string) => {
    const response = await fetch(`${gateway}${path}`);
    return { status: response.status, text: await response.text() };
  };
  await clear();
  return {
    name,
    folder,
    values: all,
    gateway,
    set,
    compose,
    deploy: async (overrides = {}) => {
      const events: DeployEvent[] = [];
      await deployCompose({
        project: await loadProject(
          folder,
          {},
          {
            name: 'shop',
            routes: 'none',
            ...config,
            ...overrides,
            services: { ...ownServices, ...config.services, ...overrides.services },
          },
        ),
        projectName: name,
        write: true,
        up: true,
        local: true,
        pull: false,
        waitMs: 300_000,
        run,
        onEvent: event => void events.push(event),
      });
      return events;
    },
    sql: (text, database = all.POSTGRES_DB || 'postgres') =>
      compose(
        'exec',
        '-T',
        'postgres',
        'psql',
        '-XAtqU',
        'postgres',
        '-v',
        'ON_ERROR_STOP=1',
        '-d',
        database,
        '-c',
        text,
      ),
    get,
    answers: async (path, status) => {
      let last = 'nothing';
      const came = await until(async () => {
        const answer = await get(path).catch(error => ({ status: 0, text: String(error) }));
        last = `${answer.status} ${answer.text}`;
        return answer.status === status;
      }, 180_000);
      if (!came) throw new Error(`${path} never answered ${status}; last came ${last}`);
      return last.slice(String(status).length + 1);
    },
    close: async () => {
      await clear();
      remove();
    },
  };
}

/** An image that stands in for a reference's: its programs as shell scripts, kept running by the first. */
export async function standIn(
  { engine, images }: Suite,
  tag: string,
  programs: Readonly<Record<string, string>>,
): Promise<string> {
  const writes = Object.entries(programs).map(([name, script]) => {
    const text = Buffer.from(`#!/bin/sh\n${script}\n`).toString('base64');
    return `RUN echo ${text} | base64 -d > /usr/local/bin/${name} && chmod 0755 /usr/local/bin/${name}`;
  });
  const file = [`FROM ${images.peakstone}`, 'USER 0:0', ...writes, 'ENTRYPOINT []'].join('\n');
  await engine.run(['build', '--tag', tag, '-'], { input: file, timeoutMs: 120_000 });
  return tag;
}
