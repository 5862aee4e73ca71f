/** The form of recorded HTTP cases: requests, the settings their server needs, and what must come back. */

export type Settings = Readonly<Record<string, unknown>>;

export interface CaseFile {
  readonly baseConfig: Settings;
  readonly cases: readonly Case[];
}

export interface Case {
  readonly id: number;
  readonly file: string;
  readonly name: string;
  readonly describe: readonly string[];
  /** Settings that differ from `baseConfig`: one server serves all cases with the same ones. */
  readonly config: { readonly settings: Settings };
  readonly steps: readonly Step[];
  readonly pending?: boolean | string;
  /** Set when the recording could not be understood. */
  readonly unparsed?: unknown;
  /** Extensions it needs. */
  readonly requires?: readonly string[];
  /** How many times to send it at once. */
  readonly concurrent?: number;
}

export interface Step {
  readonly method: string;
  /** Or the value of a header of an earlier step's response. */
  readonly path: string | { readonly fromStep: number; readonly header: string };
  readonly headers: readonly (readonly [string, HeaderValue])[];
  readonly body?: string;
  /** A file among the fixtures. */
  readonly bodyFile?: string;
  readonly expect: Expectation;
}

/** Text, or a template with a token to sign. */
export type HeaderValue = string | { readonly template: string; readonly jwt: TokenSpec };

export interface TokenSpec {
  readonly secret: string;
  /** A claim may be `{ $nowPlusSeconds }`. */
  readonly claims: Readonly<Record<string, unknown>>;
}

export interface Assertion {
  readonly subject: string;
  readonly op: string;
  readonly path?: readonly (string | number)[];
  readonly value?: unknown;
  readonly arg?: string;
  readonly advisory?: boolean;
}

export interface Expectation {
  readonly status?: number;
  readonly headers?: readonly (readonly [string, string])[];
  readonly headersContain?: readonly (readonly [string, string])[];
  readonly headersRegex?: readonly (readonly [string, string])[];
  readonly headersAbsent?: readonly string[];
  readonly serverTiming?: readonly string[];
  readonly contentTypeIsJson?: boolean;
  readonly bodyText?: string;
  readonly bodyFile?: string;
  readonly bodyJson?: unknown;
  readonly isErrorFormat?: boolean;
  readonly checks?: readonly string[];
  readonly asserts?: readonly Assertion[];
}

/** Cases with the same settings, in the order of the file. */
export function groupBySettings(cases: readonly Case[]): Map<string, { settings: Settings; cases: Case[] }> {
  const groups = new Map<string, { settings: Settings; cases: Case[] }>();
  for (const each of cases) {
    const { settings } = each.config;
    const key = JSON.stringify(Object.entries(settings).sort(([a], [b]) => (a < b ? -1 : 1)));
    const group = groups.get(key);
    if (group) group.cases.push(each);
    else groups.set(key, { settings, cases: [each] });
  }
  return groups;
}
