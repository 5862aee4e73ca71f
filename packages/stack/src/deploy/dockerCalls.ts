import { join } from 'node:path';
import { type CommandResult, type RunCommand, runCommand } from './command.ts';
import type { DeployEvent } from './event.ts';
import { explainSpawn } from './explain.ts';
import type { Project } from './project.ts';

/** Docker as one deployment of a project calls it. Both resolve with what it said, whatever its exit code. */
export interface DockerCalls {
  docker(...args: readonly string[]): Promise<CommandResult>;
  /** `docker compose` with the project's name, folder and files. */
  compose(...args: readonly string[]): Promise<CommandResult>;
}

interface CallOptions {
  readonly project: Project;
  /** Compose's project name; default: the folder's, as Compose has it. */
  readonly projectName?: string;
  readonly onEvent: (event: DeployEvent) => void;
  readonly signal?: AbortSignal;
  readonly run?: RunCommand;
}

/**
 * @param files names in the project's folder
 * @throws {DeployError} from each call: there is no Docker
 */
export function dockerCalls(options: CallOptions, files: readonly string[]): DockerCalls {
  const { project, projectName, onEvent, signal, run = runCommand } = options;
  const docker = async (...args: readonly string[]): Promise<CommandResult> => {
    try {
      return await run('docker', args, {
        cwd: project.folder,
        onLine: text => onEvent({ kind: 'output', text }),
        ...(signal ? { signal } : {}),
      });
    } catch (error) {
      throw explainSpawn(error, 'docker');
    }
  };
  const base = [
    'compose',
    '--project-directory',
    project.folder,
    ...(projectName ? ['--project-name', projectName] : []),
    ...files.flatMap(name => ['-f', join(project.folder, name)]),
  ];
  return { docker, compose: (...args) => docker(...base, ...args) };
}
