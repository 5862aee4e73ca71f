import { type Command, jsonOption } from '../grammar/command.ts';
import { exitCodes, UsageError } from '../grammar/errors.ts';
import { toJson } from '../output/json.ts';

const sign: Command = {
  name: 'sign',
  summary: 'print the signed URL of a picture',
  description:
    'Takes key and salt from IMGPROXY_KEY and IMGPROXY_SALT, or from the stack’s IMGPROXY_KEY_HEX and IMGPROXY_SALT_HEX, and never from the command line, which others can see.',
  arguments: [
    { name: 'SOURCE', summary: 's3://BUCKET/KEY, https://…, or what IMGPROXY_BASE_URL makes of it' },
    { name: 'OPTIONS', summary: 'As URLs write them: rs:fill:300:200/q:80', required: false },
  ],
  options: {
    base: { kind: 'text', value: 'URL', summary: 'Where pictures are served; only the path without it' },
    plain: { kind: 'flag', summary: 'Name the source in plain text, not in base64' },
    ...jsonOption,
  },
  examples: [
    {
      command: 'peakstone images sign s3://uploads/cat.jpg rs:fill:300:200/f:webp',
      does: 'The path of a picture',
    },
    {
      command: 'peakstone images sign https://example.com/a.png --base https://img.example.com',
      does: 'Its URL',
    },
  ],
  run: async ({ arguments: [source = '', written = ''], options }, { env, stdout }) => {
    const { signImageUrl } = await import('@peakstone/stack/images');
    const [key] = (env.IMGPROXY_KEY || env.IMGPROXY_KEY_HEX || '').split(',');
    const [salt] = (env.IMGPROXY_SALT || env.IMGPROXY_SALT_HEX || '').split(',');
    if (!key || !salt) {
      throw new UsageError(
        'There is no key to sign with.',
        'Set IMGPROXY_KEY and IMGPROXY_SALT, or run it with the stack’s .env: set -a; . ./.env.',
      );
    }
    const config = {
      key,
      salt,
      ...(typeof options.base === 'string' && { baseUrl: options.base }),
      ...(env.IMGPROXY_SIGNATURE_SIZE && { signatureSize: Number(env.IMGPROXY_SIGNATURE_SIZE) }),
      plain: options.plain === true,
    };
    let url: string;
    try {
      url = await signImageUrl(source, written, config);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new UsageError(error.message, 'See IMGPROXY_KEY and IMGPROXY_SALT in the environment.');
    }
    stdout.write(`${options.json ? toJson({ url }) : url}\n`);
    return exitCodes.ok;
  },
};

export const images: Command = {
  name: 'images',
  summary: 'run the image service alone, in place of imgproxy',
  description:
    'Takes imgproxy’s own IMGPROXY_* variables and needs no stack. With a name after it, makes URLs.',
  examples: [
    {
      command: 'IMGPROXY_LOCAL_FILESYSTEM_ROOT=. peakstone images',
      does: 'Serves the pictures of this folder',
    },
    { command: 'peakstone images sign s3://uploads/cat.jpg w:300', does: 'The URL of one of them' },
  ],
  commands: [sign],
  run: async (_invocation, { env }) => {
    const { runStandaloneImages } = await import('@peakstone/stack/images');
    return await runStandaloneImages(env);
  },
};
