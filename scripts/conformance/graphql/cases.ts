/** The shape of recorded cases: what is set up, asked and expected, step by step. */

export interface CaseFile {
  /** Documents by path: set-ups are requests that many cases share. */
  readonly docs: Readonly<Record<string, unknown>>;
  readonly cases: readonly Case[];
}

export interface Case {
  readonly id: string;
  readonly module: string;
  readonly class: string | null;
  readonly test: string;
  readonly folder: string;
  readonly marks: Marks;
  readonly fixtures: readonly string[];
  readonly transports: readonly string[];
  readonly setup: readonly SetUp[];
  readonly teardown: readonly SetUp[];
  readonly steps: readonly Step[];
  readonly params?: unknown;
}

interface Marks {
  readonly hge_env?: Readonly<Record<string, string>>;
  readonly admin_secret?: boolean;
  readonly jwt?: readonly [algorithm: string, configuration?: Readonly<Record<string, unknown>>];
  readonly [name: string]: unknown;
}

export interface SetUp extends Omit<Step, 'n'> {
  readonly n?: number;
  readonly scope: 'class' | 'test';
  readonly name?: string;
  readonly read_only?: boolean;
  readonly customization?: unknown;
}

export interface Step {
  readonly n: number;
  readonly url?: string | null;
  readonly doc?: string;
  readonly query?: unknown;
  readonly body?: unknown;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly auth?: boolean;
  readonly status?: number | null;
  readonly response?: unknown;
  readonly reponse?: unknown;
  readonly responose?: unknown;
  readonly resp_headers?: Readonly<Record<string, string>>;
  readonly allowed_responses?: readonly { readonly response: unknown }[];
  readonly expect?: readonly Expectation[];
  readonly sql?: string;
  readonly transport?: string;
  /** What is done with a WebSocket. */
  readonly ws?: string;
  readonly client?: string;
  readonly frame?: unknown;
  readonly id?: string;
  /** Seconds. */
  readonly timeout?: number;
  /** An event that the webhook must have received. */
  readonly event?: string;
  readonly trigger?: string;
  readonly table?: unknown;
  readonly op?: string;
  readonly data?: unknown;
  readonly kw?: unknown;
  /** The variable that names the webhook whose next request is taken. */
  readonly webhook?: string;
  readonly source?: string;
}

interface Expectation {
  readonly path: readonly string[];
  readonly op: string;
  readonly value: unknown;
}

/** Cases that share a server: those of one class with the same environment and set-up. */
export function groupCases(cases: readonly Case[]): readonly (readonly Case[])[] {
  const groups = new Map<string, Case[]>();
  for (const each of cases) {
    const { module, class: name, marks, setup } = each;
    const shared = setup.filter(({ scope }) => scope === 'class');
    const id = JSON.stringify([module, name ?? each.test, marks, shared]);
    const group = groups.get(id);
    if (group) group.push(each);
    else groups.set(id, [each]);
  }
  return [...groups.values()];
}

/** Why a case is not run at all; null for one that is. */
export function skipReason(each: Case, hasPostgis: boolean, docs: CaseFile['docs']): string | null {
  const text = JSON.stringify(each.steps.map(({ url, query }) => [url, query]));
  if (/"\/v1(?:alpha1)?\/graphql\/explain"/.test(text)) return 'compares the reference’s own SQL';
  if (/"\/pro\//.test(text) || each.fixtures.includes('enterprise_edition')) return 'of the paid edition';
  if (!hasPostgis) {
    const setUp = JSON.stringify(
      each.setup.map(({ doc, query, sql }) => [doc === undefined ? null : docs[doc], query, sql]),
    );
    if (/geometry|geography|raster|postgis/i.test(setUp)) return 'needs PostGIS';
  }
  return null;
}
