export type { LogLevel } from './format.ts';
export { createLogger, type LogFields, type Logger, type LoggerOptions } from './logger.ts';
export { LogSink, type LogStream } from './sink.ts';
