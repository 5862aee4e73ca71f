import { type Command, jsonOption, stackOptions } from '../grammar/command.ts';
import { exitCodes, UsageError } from '../grammar/errors.ts';
import { toJson } from '../output/json.ts';
import { stackOf } from '../stack.ts';

const sign: Command = {
  name: 'sign',
  summary: 'print the signed URL of a picture',
  description:
    'Takes key and salt from IMGPROXY_KEY and IMGPROXY_SALT, or from the .env of the stack in whose folder it is typed, and never from the command line, which others can see. Options that the service would refuse are not signed.',
  arguments: [
    { name: 'SOURCE', summary: 's3://BUCKET/KEY, https://…, or what IMGPROXY_BASE_URL makes of it' },
    { name: 'PROCESSING', summary: 'Its options, as URLs write them: rs:fill:300:200/q:80', required: false },
  ],
  options: {
    base: { kind: 'text', value: 'URL', summary: 'Where pictures are served; only the path without it' },
    plain: { kind: 'flag', summary: 'Name the source in plain text, not in base64' },
    ...stackOptions,
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
  run: async (invocation, context) => {
    const { ImageOptionsError, signImageUrl } = await import('@peakstone/stack/images');
    const { arguments: words, options } = invocation;
    const request = {
      source: words[0] ?? '',
      options: words[1] ?? '',
      base: typeof options.base === 'string' ? options.base : undefined,
      plain: options.plain === true,
    };
    const signed = await signImageUrl(await stackOf(invocation, context), context.env, request).catch(
      error => {
        if (error instanceof ImageOptionsError)
          throw new UsageError(error.message, 'docs/images.md shows every option with a picture.');
        if (!(error instanceof RangeError)) throw error;
        throw new UsageError(error.message, 'Look at IMGPROXY_KEY and IMGPROXY_SALT.');
      },
    );
    if (signed === null)
      throw new UsageError(
        'There is no key to sign with.',
        'Set IMGPROXY_KEY and IMGPROXY_SALT, or run it in a stack’s folder, whose .env has them.',
      );
    const { url, refused } = signed;
    if (refused !== null)
      context.stderr.write(`! With the settings of this folder it will not be answered: ${refused}\n`);
    context.stdout.write(`${options.json ? toJson({ url }) : url}\n`);
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
