import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type DeployError, deployCompose, type RunCommand } from '../src/deploy/index.ts';
import { makeProject } from './values.ts';

describe('a stack beside another on one Traefik', () => {
  /** Docker with one container that Traefik reads; collects what would have been done. */
  const docker = (labels: Readonly<Record<string, string>>, calls: string[]): RunCommand => {
    const answers: Readonly<Record<string, string>> = {
      ps: '0123456789ab\n',
      inspect: `${JSON.stringify(labels)}\n`,
      network: '[]',
      config: '{"name":"shop-two"}',
    };
    return async (_program, args) => {
      const verb = args.find(arg => arg in answers || arg === 'up') ?? '';
      calls.push(verb);
      return { code: 0, stdout: answers[verb] ?? '', stderr: '' };
    };
  };
  const deploy = async (labels: Readonly<Record<string, string>>, calls: string[] = []) => {
    const project = makeProject({ DOMAIN_API: 'api.shop.test' });
    await deployCompose({
      project: { ...project, stack: { ...project.stack, routes: 'traefik' } },
      write: false,
      up: true,
      local: false,
      pull: true,
      run: docker(labels, calls),
      onEvent: () => undefined,
    });
    return calls;
  };
  const rule = (router: string, host: string, project: string) => ({
    'com.docker.compose.project': project,
    [`traefik.http.routers.${router}.rule`]: `Host(\`${host}\`)`,
  });

  it('is refused before anything starts when its name is taken', async () => {
    const calls: string[] = [];
    await assert.rejects(
      deploy(rule('peakstone-rest', 'api.other.test', 'shop-one'), calls),
      (error: DeployError) =>
        error.message === 'Traefik knows the stack shop-one by the name peakstone already' &&
        /name in peakstone\.config\.ts/.test(error.hint ?? ''),
    );
    assert.ok(!calls.includes('up'));
  });

  it('is refused when one of its hosts leads elsewhere', async () => {
    await assert.rejects(
      deploy(rule('blog', 'API.shop.test', 'blog')),
      (error: DeployError) =>
        error.message === 'the host api.shop.test leads to the stack blog already' &&
        /DOMAIN_API/.test(error.hint ?? ''),
    );
  });

  it('starts when the names are its own, or others’', async () => {
    assert.ok((await deploy(rule('peakstone-rest', 'api.shop.test', 'shop-two'))).includes('up'));
    assert.ok((await deploy(rule('blog', 'blog.shop.test', 'blog'))).includes('up'));
  });
});
