/** A migration's text: its directives and its statements. */
export { type Directive, directivesOf, readDirective } from './directive.ts';
export {
  type MigrationSplit,
  type MigrationStatement,
  splitFile,
  splitMigration,
  splitterVersion,
} from './split.ts';
