/** Compiles a request against a catalog made by hand. */
import type { Catalog } from '@peakstone/kernel/catalog';
import { runWhole } from '@peakstone/kernel/pace';
import type { Sql } from '@peakstone/kernel/pg';
import { type Compiled, compileAction } from '../../src/compile.ts';
import { defaultConfig, type RestConfig } from '../../src/config/types.ts';
import { parseRequest, takesBody, withBody } from '../../src/parse/request.ts';
import { parseTarget } from '../../src/parse/target.ts';

export interface CompileOptions {
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly config?: Partial<RestConfig>;
}

/** @example compile(catalog, 'GET /films?id=eq.1') */
export function compile(catalog: Catalog, line: string, options: CompileOptions = {}): Compiled {
  const [method = '', target = ''] = line.split(' ', 2);
  const [path = '', query = ''] = target.split('?', 2);
  const config: RestConfig = {
    ...defaultConfig,
    dbSchemas: ['api'],
    dbAnonRole: 'web_anon',
    ...options.config,
  };
  const parts = { method, path, query, headers: options.headers ?? {} };
  const read = parseTarget(parts, config);
  const head = parseRequest(parts, read, config);
  const request = takesBody(read)
    ? runWhole(withBody(head, Buffer.from(options.body ?? ''), () => {}))
    : head;
  return runWhole(compileAction(request, catalog, config, () => {}));
}

/** The main statement, with parameters of bytes shown as text. */
export function statementOf(catalog: Catalog, line: string, options: CompileOptions = {}): Sql {
  const [statement] = compile(catalog, line, options).statements;
  if (!statement) throw new Error(`${line} gave no statement`);
  const values = statement.values.map(value =>
    value instanceof Uint8Array ? Buffer.from(value).toString() : value,
  );
  return { text: statement.text, values };
}
