import type { Command } from '../grammar/command.ts';

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

export const storage: Command = {
  name: 'storage',
  summary: 'the object storage: S3, as MinIO serves it',
  commands: [server],
  examples: [{ command: 'peakstone storage server ./data', does: 'Alone, without a stack' }],
};
