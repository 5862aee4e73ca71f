export * from './enums.ts';
export { VipsError } from './error.ts';
export { Image, Scope } from './image.ts';
export { call, callFor, takeBytes, takeDoubles, takeImage, takeInt } from './operation.ts';
