import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { explainDocker } from '../src/deploy/index.ts';

describe('Docker’s errors', () => {
  const cases: readonly [stderr: string, message: string, hint: RegExp][] = [
    [
      'error while interpolating services.rest.environment.PGRST_JWT_SECRET: required variable JWT_SECRET is missing a value: set JWT_SECRET in .env, or run: peakstone deploy env',
      'JWT_SECRET has no value',
      /peakstone deploy env/,
    ],
    [
      "docker: unknown command: docker compose\n\nRun 'docker --help' for more information",
      'Docker has no compose plugin here',
      /docker-compose-plugin/,
    ],
    [
      'network dokploy-network declared as external, but could not be found',
      'the network dokploy-network does not exist',
      /docker network create dokploy-network/,
    ],
    [
      'Error response from daemon: driver failed programming external connectivity on endpoint x (5f): Bind for 127.0.0.1:5432 failed: port is already allocated',
      'port 5432 on 127.0.0.1 is taken',
      /stop what listens/,
    ],
    [
      'Error response from daemon: Ports are not available: exposing port TCP 127.0.0.1:8000 -> 0.0.0.0:0: listen tcp 127.0.0.1:8000: bind: address already in use',
      'port 8000 on 127.0.0.1 is taken',
      /stop what listens/,
    ],
    [
      'Error response from daemon: Get "https://ghcr.io/v2/": dial tcp: lookup ghcr.io on 127.0.0.11:53: no such host',
      'the registry ghcr.io cannot be reached',
      /network and DNS/,
    ],
    [
      "Error response from daemon: pull access denied for minio/minio, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
      'the image minio/minio is not in its registry, or is private',
      /_IMAGE/,
    ],
    [
      'Error response from daemon: manifest for grafana/loki:9.9.9 not found: manifest unknown: manifest unknown',
      'the image grafana/loki:9.9.9 is not in its registry, or is private',
      /_IMAGE/,
    ],
    [
      'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?',
      'Docker does not answer',
      /systemctl start docker/,
    ],
    [
      'Error response from daemon: This node is not a swarm manager. Use "docker swarm init"',
      'this Docker engine is no Swarm manager',
      /docker swarm init/,
    ],
    [
      "unknown flag: --project-directory\n\nUsage:  docker [OPTIONS] COMMAND [ARG...]\n\nRun 'docker --help' for more information\n",
      'Docker has no compose plugin here',
      /apt install docker-compose-plugin/,
    ],
    [
      'dependency failed to start: container stack-postgres-1 is unhealthy',
      'stack-postgres-1 did not become healthy',
      /docker logs stack-postgres-1/,
    ],
    [
      'service "db-bootstrap" didn\'t complete successfully: exit 1',
      'db-bootstrap did not become healthy',
      /docker compose logs db-bootstrap/,
    ],
  ];
  for (const [stderr, message, hint] of cases) {
    it(`become one line: ${message}`, () => {
      const error = explainDocker(stderr, 'docker compose up');
      assert.equal(error.message, message);
      assert.match(error.hint ?? '', hint);
    });
  }

  it('that nobody foresaw are quoted, last line first', () => {
    assert.equal(
      explainDocker('first\nsomething odd\n', 'docker compose up').message,
      'docker compose up failed: something odd',
    );
  });
});
