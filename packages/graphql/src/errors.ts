export type { ErrorCode } from './errors/codes.ts';
export { HasuraError } from './errors/hasuraError.ts';
export type { Path } from './errors/path.ts';
export { graphqlErrors, metadataError } from './errors/render.ts';
