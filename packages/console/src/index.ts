export { type ConsoleDeps, startConsole } from './service.ts';
export { makeLink } from './session/links.ts';
