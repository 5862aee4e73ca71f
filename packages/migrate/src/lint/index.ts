/** Lint of migrations: what will hurt in production, on PostgreSQL's own parser. */
export { filesSince, latestFiles, type SinceBase } from './choose.ts';
export { type Finding, type LintedFile, type LintOptions, type LintReport, lintFolder } from './lint.ts';
export { loadParser, type Parse } from './parser.ts';
export { type Paint, renderAtlas, renderGithub, renderText } from './report.ts';
export { RULES } from './rules/index.ts';
export type { Level, NamedKind, Rule } from './rules/rule.ts';
