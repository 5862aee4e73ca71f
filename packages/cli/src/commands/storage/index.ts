import path from 'node:path';
import { type Command, jsonOption } from '../../grammar/command.ts';
import { exitCodes } from '../../grammar/errors.ts';
import { mb, rb } from './buckets.ts';
import { cat } from './cat.ts';
import { cp } from './cp.ts';
import { keys } from './keys.ts';
import { ls } from './ls.ts';
import { migrate } from './migrate.ts';
import { policies } from './policies.ts';
import { rm } from './rm.ts';
import { stat } from './stat.ts';
import { users } from './users.ts';

const server: Command = {
  name: 'server',
  summary: 'serve S3 alone from a folder, in place of minio server',
  description:
    'Takes the command line of minio server and its MINIO_* variables, and needs no stack. Objects are kept in DIR, which nobody else may use meanwhile.',
  raw: true,
  examples: [
    {
      command: 'MINIO_ROOT_USER=admin MINIO_ROOT_PASSWORD=… peakstone storage server ./data',
      does: 'On port 9000',
    },
    { command: 'peakstone storage server --address 127.0.0.1:9100 ./data', does: 'Elsewhere' },
  ],
  run: async ({ arguments: argv }, context) => {
    const { runStandaloneStorage } = await import('@peakstone/stack/storage');
    return await runStandaloneStorage(argv, context.env);
  },
};

const serve: Command = {
  name: 'serve',
  summary: 'serve S3 as the environment says (what the container runs)',
  hidden: true,
  run: async (_invocation, context) => {
    const { serveStorage } = await import('@peakstone/stack/storage');
    const { runService } = await import('../../up/service.ts');
    return await runService(context, () => serveStorage(context.env, text => context.stdout.write(text)));
  },
};

const awaitReady: Command = {
  name: 'await',
  summary: 'wait until the application’s user can work with its bucket (what the job runs)',
  hidden: true,
  run: async (_invocation, context) => {
    const { awaitStorage } = await import('@peakstone/stack/storage');
    context.stderr.write(`${await awaitStorage(context.env)}\n`);
    return exitCodes.ok;
  },
};

const verify: Command = {
  name: 'verify',
  summary: 'read everything in a folder that nobody serves, and say what is damaged',
  description:
    'Every byte is held against its checksum, every row of the index too, and files that no object has are told. Nothing is changed but what a crash left half done, which every start removes. Exit code 4 when something is wrong.',
  arguments: [{ name: 'DIR', summary: 'the folder', required: true }],
  options: { ...jsonOption },
  examples: [{ command: 'peakstone storage verify .peakstone/storage', does: 'A stopped stack’s' }],
  run: async ({ arguments: [folder], options }, context) => {
    const { verifyStorage } = await import('@peakstone/stack/storage');
    const { toJson } = await import('../../output/json.ts');
    const { TransferProgress } = await import('../../transfer/progress.ts');
    const { sizeText } = await import('../../storage/size.ts');
    const progress = new TransferProgress(context);
    const report = await verifyStorage(path.resolve(context.cwd, folder!), bytes =>
      progress.show('verify', null, `${sizeText(bytes)} read`),
    ).finally(() => progress.close());
    const isWell = report.problems.length === 0;
    if (options.json) context.stdout.write(`${toJson({ ok: isWell, ...report })}\n`);
    else {
      for (const { what, reason } of report.problems) context.stdout.write(`${what}: ${reason}\n`);
      context.stdout.write(
        `${report.versions} versions and ${report.parts} parts, ${report.bytes} bytes: ${isWell ? 'all as they were written' : `${report.problems.length} problems`}\n`,
      );
    }
    return isWell ? exitCodes.ok : exitCodes.unhealthy;
  },
};

export const storage: Command = {
  name: 'storage',
  summary: 'the object storage: S3, as MinIO serves it',
  commands: [
    ls,
    cp,
    cat,
    rm,
    stat,
    mb,
    rb,
    users,
    policies,
    keys,
    migrate,
    server,
    verify,
    serve,
    awaitReady,
  ],
  examples: [
    { command: 'peakstone storage cp -r ./public/ s3://site', does: 'A folder, into the running stack’s' },
    { command: 'peakstone storage server ./data', does: 'Alone, without a stack' },
  ],
};
