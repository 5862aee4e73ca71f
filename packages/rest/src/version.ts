/** The release line of PostgREST whose contract is served. */
export const referenceVersion = '16.1';

/** This package's own version. */
const productVersion = '0.1.0';

/** As `Server`, `application_name` and `--version` show it: tools look for the first part, people need the second. */
export const prettyVersion = `${referenceVersion} (PeakStone ${productVersion})`;

/** Value of the Server header. */
export const serverHeader = `postgrest/${prettyVersion}`;
