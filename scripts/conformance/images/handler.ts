/** Asks the handler's cases, each of a server with its settings and beside an origin of its own. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { images, readImagesConfig } from '../../../packages/images/src/index.ts';
import type { GoldenResult } from './golden.ts';
import { filesIn, type HandlerCase, handlerCases, type TestFiles } from './handlerCases.ts';
import { send } from './look.ts';

export async function replayHandler(root: string): Promise<readonly GoldenResult[]> {
  const files = filesIn(root);
  const results: GoldenResult[] = [];
  for (const each of handlerCases) {
    results.push({ name: `TestProcessingHandler/${each.name}`, failure: await tryCase(each, root, files) });
  }
  return results;
}

async function tryCase(each: HandlerCase, root: string, files: TestFiles): Promise<string | null> {
  const origin = createServer((request, response) => {
    const { status, headers = {} } = each.origin?.(request.headers) ?? { status: 404 };
    response.writeHead(status, headers);
    response.end(status === 200 ? files('test1.png') : undefined);
  });
  await new Promise<void>(resolve => origin.listen(0, '127.0.0.1', resolve));
  const config = readImagesConfig({
    IMGPROXY_LOCAL_FILESYSTEM_ROOT: root,
    IMGPROXY_BIND: '127.0.0.1:0',
    IMGPROXY_ALLOW_LOOPBACK_SOURCE_ADDRESSES: 'true',
    IMGPROXY_MAX_SRC_FILE_SIZE: String(10 * 1024 * 1024),
    ...each.settings,
  });
  const service = await images.start(config, {}, new AbortController().signal);
  try {
    const { port } = origin.address() as AddressInfo;
    const half = Math.floor(files('test-images/jpg/jpg.jpg').length / 2);
    const path = each.path.replace('{origin}', `http://127.0.0.1:${port}`).replace('{size/2}', String(half));
    const { name: id, headers = {} } = each;
    const answer = await send(`http://127.0.0.1:${service.port}`, {
      id,
      group: 'handler',
      profile: '',
      path,
      headers,
    });
    if (answer.status !== each.status) return `${answer.status} ${answer.body.toString().slice(0, 200)}`;
    return each.check?.(answer, files) ?? null;
  } finally {
    await service.stop();
    origin.close();
    origin.closeAllConnections();
  }
}
