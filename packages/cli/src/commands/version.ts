import { type Command, jsonOption } from '../grammar/command.ts';
import { toJson } from '../output/json.ts';

export const version: Command = {
  name: 'version',
  summary: 'print the versions of PeakStone, Node and PostgreSQL',
  options: jsonOption,
  examples: [{ command: 'peakstone version --json', does: 'For a script' }],
  run: async ({ options }, { stdout }) => {
    const { stackVersion, embeddedPostgresVersion } = await import('@peakstone/stack');
    const versions = {
      peakstone: stackVersion,
      node: process.versions.node,
      postgres: embeddedPostgresVersion(),
    };
    if (options.json) stdout.write(`${toJson(versions)}\n`);
    else {
      stdout.write(`peakstone ${versions.peakstone}\nnode      ${versions.node}\n`);
      stdout.write(`postgres  ${versions.postgres ?? 'not installed by npm'}\n`);
    }
    return 0;
  },
};
