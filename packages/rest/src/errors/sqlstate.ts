/** The HTTP status of what PostgreSQL refused. @see https://docs.postgrest.org/en/stable/references/errors.html#http-status-codes */

const exact: Readonly<Record<string, number>> = {
  '23503': 409,
  '23505': 409,
  '25006': 405,
  '53400': 500,
  '57P01': 503,
  P0001: 400,
  '42P01': 404,
  '42P17': 500,
};

/** By the first two characters, the SQLSTATE's class. */
const byClass: Readonly<Record<string, number>> = {
  '08': 503,
  '09': 500,
  '0L': 403,
  '0P': 403,
  '25': 500,
  '28': 403,
  '2D': 500,
  '38': 500,
  '39': 500,
  '3B': 500,
  '40': 500,
  '53': 503,
  '54': 500,
  '55': 500,
  '57': 500,
  '58': 500,
  F0: 500,
  HV: 500,
  P0: 500,
  XX: 500,
};

/**
 * The status for a SQLSTATE; `message` settles the few that mean several things.
 * `authenticated` is false when the request ran as the anonymous role. RAISE's `PTnnn` gives `nnn`.
 * The special SQLSTATE `PGRST` is not decided here (see raise.ts).
 */
export function statusOfSqlState(code: string, message: string, authenticated: boolean): number {
  switch (code) {
    case '21000':
      // pg-safeupdate's refusal is the client's fault, every other cardinality violation the schema's
      return message.endsWith('requires a WHERE clause') ? 400 : 500;
    case '22023':
      return message.startsWith('role') && message.endsWith('does not exist') ? 401 : 400;
    case '42501':
      return authenticated ? 403 : 401;
    case '42883':
      // text/xml was asked for, and the type has no xml form
      return message.startsWith('function xmlagg(') ? 406 : 404;
  }
  if (code.startsWith('PT')) {
    const status = Number(code.slice(2));
    return Number.isInteger(status) && status >= 200 && status <= 999 ? status : 500;
  }
  return exact[code] ?? byClass[code.slice(0, 2)] ?? 400;
}
