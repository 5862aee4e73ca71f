/** Limits of one request, for who may set them: IMGPROXY_ALLOW_SECURITY_OPTIONS. */
import { readInteger, readResolution, single } from './arguments.ts';
import type { OptionDefinition } from './definition.ts';

type Read = (name: string, text: string) => number;
type Limit =
  | 'maxSrcResolution'
  | 'maxSrcFileSize'
  | 'maxAnimationFrames'
  | 'maxAnimationFrameResolution'
  | 'maxResultDimension';

function limit(
  name: string,
  alias: string,
  key: Limit,
  read: Read,
  argument: string,
  summary: string,
  value: number,
): OptionDefinition {
  return {
    name,
    aliases: [alias],
    arguments: argument,
    summary,
    default: `IMGPROXY_${name.toUpperCase()}`,
    example: `w:200/${alias}:${value}`,
    whole: true,
    security: true,
    apply(options, args) {
      options[key] = read(name, single(name, args));
    },
  };
}

const readFrames: Read = (name, text) => readInteger(name, text, { least: 1, expected: 'positive number' });

export const limitOptions: readonly OptionDefinition[] = [
  limit(
    'max_src_resolution',
    'msr',
    'maxSrcResolution',
    readResolution,
    '%megapixels',
    'of the source, all its frames together',
    10,
  ),
  limit(
    'max_src_file_size',
    'msfs',
    'maxSrcFileSize',
    readInteger,
    '%bytes',
    'of the source’s file',
    1000000,
  ),
  limit(
    'max_animation_frames',
    'maf',
    'maxAnimationFrames',
    readFrames,
    '%frames',
    'further frames are left out',
    5,
  ),
  limit(
    'max_animation_frame_resolution',
    'mafr',
    'maxAnimationFrameResolution',
    readResolution,
    '%megapixels',
    'of one frame, in place of the limit of all',
    10,
  ),
  limit(
    'max_result_dimension',
    'mrd',
    'maxResultDimension',
    readInteger,
    '%pixels',
    'of the result’s longer side',
    120,
  ),
];
