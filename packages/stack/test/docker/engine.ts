/**
 * A Docker engine for tests: the one that runs here, or one of the test's own, started from what is installed,
 * or (in CI, as root on Debian or Ubuntu) installed first. Images are built on a base that is imported when no registry answers.
 */
import { execFile, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export const root = join(import.meta.dirname, '../../../..');

export interface Output {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Engine {
  /** Environment of every docker command: which engine, which plugins. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether the engine is the test's own, so that it may become a swarm. */
  readonly own: boolean;
  docker(
    args: readonly string[],
    options?: { readonly timeoutMs?: number; readonly input?: string; readonly cwd?: string },
  ): Promise<Output>;
  /** Like `docker`, but a failure throws what it said. Resolves with standard output, trimmed. */
  run(
    args: readonly string[],
    options?: { readonly timeoutMs?: number; readonly input?: string; readonly cwd?: string },
  ): Promise<string>;
  stop(): Promise<void>;
}

/** An engine, or why there is none. */
export async function startEngine(): Promise<Engine | string> {
  if (process.env.CI !== 'true' && process.env.PEAKSTONE_TEST_DOCKER !== '1') {
    return 'builds images and runs containers for minutes: set PEAKSTONE_TEST_DOCKER=1';
  }
  const folder = mkdtempSync(join(tmpdir(), 'peakstone-docker-'));
  const config = join(folder, 'config');
  mkdirSync(config);
  const running = await execute('docker', ['version', '--format', '{{.Server.Version}}'], {
    timeoutMs: 30_000,
  });
  let env: Record<string, string | undefined> = { ...process.env };
  let stop = async () => rmSync(folder, { recursive: true, force: true });
  const own = running.code !== 0;
  if (own) {
    const installed = await install();
    if (installed !== undefined) return installed;
    const host = `unix://${join(folder, 'docker.sock')}`;
    env = { ...env, DOCKER_HOST: host, DOCKER_CONFIG: config };
    const log = openSync(join(folder, 'dockerd.log'), 'a');
    const daemon = spawn(
      'dockerd',
      [
        '--data-root',
        join(folder, 'data'),
        '--exec-root',
        join(folder, 'exec'),
        '--pidfile',
        join(folder, 'docker.pid'),
        '--host',
        host,
      ],
      { stdio: ['ignore', log, log] },
    );
    let ended = false;
    const exited = new Promise<void>(resolve =>
      daemon.once('exit', () => resolve()).once('error', () => resolve()),
    ).then(() => {
      ended = true;
    });
    const forget = () => void daemon.kill('SIGKILL');
    process.once('exit', forget);
    stop = async () => {
      process.off('exit', forget);
      await execute('docker', ['swarm', 'leave', '--force'], { env, timeoutMs: 30_000 });
      daemon.kill('SIGTERM');
      await Promise.race([exited, sleep(30_000)]);
      daemon.kill('SIGKILL');
      await unmountBelow(folder);
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    };
    const up = await until(
      async () => ended || (await execute('docker', ['info'], { env, timeoutMs: 10_000 })).code === 0,
      180_000,
    );
    if (!up || ended) {
      const said = readFileSync(join(folder, 'dockerd.log'), 'utf8').trim().split('\n').at(-1) ?? '';
      await stop();
      return `dockerd does not start here: ${said.slice(0, 300)}`;
    }
  }
  const engine: Engine = {
    env,
    own,
    docker: (args, options) => execute('docker', args, { env, ...options }),
    async run(args, options) {
      const { code, stdout, stderr } = await execute('docker', args, { env, ...options });
      if (code !== 0)
        throw new Error(`docker ${args.slice(0, 4).join(' ')} … exited ${code}: ${stderr.slice(-2000)}`);
      return stdout.trim();
    },
    stop,
  };
  await prepareBase(engine, folder);
  if ((await engine.docker(['compose', 'version'])).code !== 0) {
    const reason = await addCompose(engine, folder, config);
    if (reason !== undefined) {
      await stop();
      return reason;
    }
  }
  return engine;
}

/** A swarm leaves its networks' namespaces mounted when its engine ends. */
async function unmountBelow(folder: string): Promise<void> {
  const points = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map(line => line.split(' ')[1] ?? '')
    .filter(point => point.startsWith(`${folder}/`));
  // The innermost first.
  for (const point of points.reverse()) await execute('umount', ['--lazy', point]);
}

/** Debian's engine. @returns why it cannot be had */
async function install(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'no Docker engine answers, and starting one needs root';
  if ((await execute('sh', ['-c', 'command -v dockerd'])).code === 0) return undefined;
  if (process.env.CI !== 'true' || !existsSync('/etc/debian_version')) return 'no Docker engine is installed';
  const reason = await apt('docker.io', 'iptables');
  // Newer releases have the client in a package of its own.
  if (reason !== undefined || (await execute('sh', ['-c', 'command -v docker'])).code === 0) return reason;
  return apt('docker-cli');
}

async function apt(...packages: readonly string[]): Promise<string | undefined> {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  await execute('apt-get', ['update', '-qq'], { env, timeoutMs: 120_000 });
  const { code, stderr } = await execute(
    'apt-get',
    ['install', '-y', '-qq', '--no-install-recommends', ...packages],
    { env, timeoutMs: 300_000 },
  );
  return code === 0
    ? undefined
    : `${packages.join(' ')} cannot be installed: ${stderr.trim().split('\n').at(-1)}`;
}

export const baseImage = 'debian:trixie-slim';
/** Where a host's certificate authorities lie inside an imported base, for networks that inspect TLS. */
const bundlePath = '/usr/local/share/ca-certificates/host-bundle.crt';

/** `debian:trixie-slim` from a registry, or the same by debootstrap where none answers. */
async function prepareBase(engine: Engine, folder: string): Promise<void> {
  if ((await engine.docker(['image', 'inspect', baseImage])).code === 0) return;
  if ((await engine.docker(['pull', '--quiet', baseImage], { timeoutMs: 60_000 })).code === 0) return;
  const tree = await bootstrapTrixie(folder);
  const imported = await execute(
    'sh',
    ['-c', `tar -C "$1" -c . | docker import - ${baseImage}`, 'sh', tree],
    { env: engine.env, timeoutMs: 180_000 },
  );
  if (imported.code !== 0) throw new Error(`docker import: ${imported.stderr}`);
}

/** A minimal Debian trixie in a folder, as small as the official slim image makes it. */
async function bootstrapTrixie(folder: string): Promise<string> {
  const tree = join(folder, 'trixie');
  if (existsSync(tree)) return tree;
  if ((await execute('sh', ['-c', 'command -v debootstrap'])).code !== 0) {
    const reason = await apt('debootstrap');
    if (reason !== undefined) throw new Error(reason);
  }
  const made = await execute('debootstrap', ['--variant=minbase', 'trixie', tree], { timeoutMs: 400_000 });
  if (made.code !== 0) throw new Error(`debootstrap: ${made.stdout.slice(-500)} ${made.stderr.slice(-500)}`);
  const slim =
    'rm -rf var/cache/apt/archives/*.deb var/lib/apt/lists/* usr/share/doc/* usr/share/man/* usr/share/info/* usr/share/locale/*';
  await execute('sh', ['-c', `cd "$1" && ${slim}`, 'sh', tree]);
  const bundle = process.env.NODE_EXTRA_CA_CERTS;
  if (bundle && existsSync(bundle)) {
    mkdirSync(join(tree, 'usr/local/share/ca-certificates'), { recursive: true });
    cpSync(bundle, join(tree, bundlePath), { dereference: true });
  }
  return tree;
}

/** Compose's plugin from Debian trixie's package: the binary alone, for this test's configuration folder. */
async function addCompose(engine: Engine, folder: string, config: string): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'docker has no compose plugin';
  const tree = await bootstrapTrixie(folder);
  const script =
    'apt-get update -qq && cd /tmp && apt-get download -qq docker-compose && dpkg-deb -x docker-compose_*.deb compose';
  const fetched = await execute('chroot', [tree, 'sh', '-c', script], { timeoutMs: 120_000 });
  if (fetched.code !== 0)
    return `docker has no compose plugin, and it cannot be fetched: ${fetched.stderr.slice(-300)}`;
  mkdirSync(join(config, 'cli-plugins'), { recursive: true });
  cpSync(
    join(tree, 'tmp/compose/usr/libexec/docker/cli-plugins/docker-compose'),
    join(config, 'cli-plugins/docker-compose'),
  );
  (engine.env as Record<string, string>).DOCKER_CONFIG = config;
  const { code, stderr } = await engine.docker(['compose', 'version']);
  return code === 0 ? undefined : `compose’s plugin does not run here: ${stderr.slice(-300)}`;
}

/** Builds an image of ours from the repository. */
export async function build(
  engine: Engine,
  name: 'postgres' | 'peakstone',
  tag: string,
  version: string,
): Promise<void> {
  const bundle = process.env.NODE_EXTRA_CA_CERTS;
  const inspected = await engine.docker(['run', '--rm', '--entrypoint', 'test', baseImage, '-e', bundlePath]);
  const authorities =
    bundle && inspected.code === 0 ? ['--build-arg', `NODE_EXTRA_CA_CERTS=${bundlePath}`] : [];
  // BuildKit where the plugin is there; the engine's own builder otherwise. The Dockerfiles suit both.
  const buildkit = (await engine.docker(['buildx', 'version'])).code === 0;
  const args = [
    'build',
    '--file',
    `deploy/${name}/Dockerfile`,
    '--tag',
    tag,
    '--build-arg',
    `VERSION=${version}`,
    ...authorities,
    '.',
  ];
  const { code, stdout, stderr } = await execute('docker', args, {
    env: { ...engine.env, DOCKER_BUILDKIT: buildkit ? '1' : '0' },
    cwd: root,
    timeoutMs: 900_000,
  });
  if (code !== 0) throw new Error(`docker build ${name}: ${stdout.slice(-1500)} ${stderr.slice(-1500)}`);
}

/** Whether it came true within the time. */
export async function until(
  test: () => Promise<boolean>,
  timeoutMs: number,
  everyMs = 250,
): Promise<boolean> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    if (await test()) return true;
    if (performance.now() > end) return false;
    await sleep(everyMs);
  }
}

interface ExecuteOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  readonly input?: string;
  readonly timeoutMs?: number;
}

/** Runs a program; a program that is missing or too slow has exit code 127 or 124. */
export function execute(
  program: string,
  args: readonly string[],
  options: ExecuteOptions = {},
): Promise<Output> {
  return new Promise(resolve => {
    const child = execFile(
      program,
      [...args],
      {
        env: options.env ?? process.env,
        cwd: options.cwd,
        timeout: options.timeoutMs ?? 120_000,
        killSignal: 'SIGKILL',
        maxBuffer: 64 * 1024 * 1024,
      },
      (error, stdout, stderr) => {
        const { code, killed } = (error ?? {}) as { code?: number | string; killed?: boolean };
        resolve({ code: killed ? 124 : typeof code === 'number' ? code : error ? 127 : 0, stdout, stderr });
      },
    );
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(options.input ?? '');
  });
}
