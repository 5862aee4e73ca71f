/** What a database is made of, and where two differ. */
export { compareDescriptions, type Difference, differenceText } from './compare.ts';
export { type Description, describeDatabase } from './describe.ts';
