/** The command line of `minio server`: a folder, an address, settings from the environment. */
import { parseArgs } from 'node:util';
import { introduce, usualHost } from '@peakstone/kernel/alone';
import { ConfigError } from '@peakstone/kernel/config';
import { type Env, releaseMemoryAtRest } from '@peakstone/kernel/service';
import { readStorageConfig, usualSecretKey } from './config.ts';
import { describeEvent } from './events.ts';
import { storageService } from './service.ts';
import { StoreError } from './store/storeError.ts';

const usage = `Usage: peakstone storage server [--address HOST:PORT] DIR

  DIR                  Where objects are kept; made if missing
  --address HOST:PORT  Where to listen (default :9000, every interface; with MinIO’s default password,
                       which everybody knows, 127.0.0.1:9000)
  -h, --help           Show this text

MINIO_ROOT_USER and MINIO_ROOT_PASSWORD (default minioadmin), MINIO_DOMAIN, MINIO_SITE_REGION, MINIO_KMS_SECRET_KEY
and MINIO_API_CORS_ALLOW_ORIGIN mean what they mean to MinIO.
`;

const options = {
  help: { type: 'boolean', short: 'h' },
  address: { type: 'string' },
  // Of MinIO's own pages, which there are none of.
  'console-address': { type: 'string' },
  quiet: { type: 'boolean' },
  json: { type: 'boolean' },
  anonymous: { type: 'boolean' },
} as const;

/**
 * Serves until a signal ends it.
 * @returns the exit code: 0, or 1 for what went wrong (said on standard error)
 */
export async function runStorage(argv: readonly string[], env: Env): Promise<number> {
  let flags: ReturnType<typeof parse>;
  try {
    flags = parse(argv);
  } catch (error) {
    return fail(`${(error as Error).message}\n\n${usage}`);
  }
  if (flags.help) {
    process.stdout.write(usage);
    return 0;
  }
  const stop = new AbortController();
  const stopped = Promise.withResolvers<void>();
  const onSignal = (): void => {
    stop.abort();
    stopped.resolve();
  };
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, onSignal);
  const stopReleasing = releaseMemoryAtRest();
  try {
    const settings = readStorageConfig(env);
    const guard = {
      by: 'MINIO_ROOT_USER and MINIO_ROOT_PASSWORD',
      isSet: settings.root.secretKey !== usualSecretKey,
      otherwise: `read and change everything as ${settings.root.accessKey}, with the password that MinIO’s documentation gives`,
    };
    const { folder, port, host = usualHost(guard) } = flags;
    const service = await storageService.start(
      { settings, folder, host, port },
      { emit: event => event.kind === 'listening' || process.stderr.write(`${describeEvent(event)}\n`) },
      stop.signal,
    );
    const what = `S3 of the folder ${folder}`;
    const loopbackSetting = '--address 127.0.0.1:9000';
    process.stderr.write(`${introduce({ what, url: service.address, host, loopbackSetting, guard })}\n`);
    await stopped.promise;
    await service.stop();
    return 0;
  } catch (error) {
    if (stop.signal.aborted) return 0;
    if (error instanceof StoreError) return fail(`${error.message} ${error.hint}`);
    if (error instanceof ConfigError || isSystemError(error)) return fail(error.message);
    throw error;
  } finally {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.off(name, onSignal);
    stopReleasing();
  }
}

function parse(argv: readonly string[]) {
  const { values, positionals } = parseArgs({ args: [...argv], options, allowPositionals: true });
  if (values.help) return { help: true, folder: '', port: 0 };
  const [folder, ...more] = positionals;
  if (folder === undefined) throw new Error('Name the folder that objects are to be kept in.');
  if (more.length > 0 || /\{\d+\.{2,3}\d+\}/.test(folder))
    throw new Error('One folder is served. Several drives and servers are what an external S3 is for.');
  return { help: false, folder, ...readAddress(values.address) };
}

/** Without one, the port alone. */
function readAddress(text: string | undefined): { readonly host?: string; readonly port: number } {
  if (text === undefined) return { port: 9000 };
  const match = /^(.*):(\d{1,5})$/.exec(text);
  if (match === null || Number(match[2]) > 65_535)
    throw new Error(`--address must be HOST:PORT, not ${JSON.stringify(text)}.`);
  return { host: match[1]!.replace(/^\[|\]$/g, '') || '0.0.0.0', port: Number(match[2]) };
}

const isSystemError = (error: unknown): error is Error => error instanceof Error && 'syscall' in error;

function fail(message: string): number {
  process.stderr.write(message.endsWith('\n') ? message : `${message}\n`);
  return 1;
}
