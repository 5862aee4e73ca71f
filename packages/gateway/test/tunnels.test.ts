import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { raw } from './support.ts';

const skip =
  process.platform === 'linux'
    ? false
    : 'needs a bound of open files, and addresses of loopback beside 127.0.0.1';

describe('WebSockets that stay', { skip }, () => {
  let child: ChildProcess;
  let port: number;
  const held: Socket[] = [];
  before(async () => {
    const program = join(import.meta.dirname, 'tunnelsProgram.ts');
    child = spawn('sh', ['-c', 'ulimit -n 256 && exec "$0" "$1"', process.execPath, program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(child.stdout!, 'data')) as [Buffer];
    port = Number(line);
  });
  after(async () => {
    for (const socket of held) socket.destroy();
    child.kill();
    await once(child, 'exit');
  });

  /** The status of the handshake's answer. */
  const handshake = async (localAddress: string): Promise<string> => {
    const socket = connect({ port, host: '127.0.0.1', localAddress });
    held.push(socket);
    socket.on('error', () => {});
    socket.write(
      'GET /live HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    );
    const [answer] = (await Promise.race([once(socket, 'data'), once(socket, 'close')])) as [unknown];
    return Buffer.isBuffer(answer) ? answer.subarray(9, 12).toString() : 'cut';
  };

  it('of one source never keep others from being answered, nor from WebSockets of their own', async () => {
    const statuses = [];
    // More than there are descriptors.
    for (let i = 0; i < 300; i++) statuses.push(await handshake('127.0.0.2'));
    const taken = statuses.filter(status => status === '101').length;
    assert.ok(taken > 50 && taken < 128, `${taken} were taken`);
    for (let i = 0; i < 100; i++) assert.match(await raw(port, '/live'), /^HTTP\/1\.1 200 [\s\S]*answered$/);
    for (let i = 0; i < 20; i++) assert.equal(await handshake('127.0.0.3'), '101');
    assert.match(await raw(port, '/live'), /^HTTP\/1\.1 200 /);
  });
});
