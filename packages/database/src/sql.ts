import pg from 'pg';

/** One administrative connection: text in, text out. */
export interface SqlClient {
  /** One statement with parameters; rows as text. */
  query(text: string, values?: readonly (string | null)[]): Promise<(string | null)[][]>;
  /** Many statements, in one transaction unless they say otherwise. */
  script(text: string): Promise<void>;
  close(): Promise<void>;
}

export async function connect(url: string): Promise<SqlClient> {
  const types = { getTypeParser: () => (value: string) => value };
  const client = new pg.Client({ connectionString: url, types } as pg.ClientConfig);
  client.on('error', () => {});
  await client.connect();
  return {
    async query(text, values = []) {
      const result = await client.query({ text, values: [...values], rowMode: 'array' });
      return result.rows as (string | null)[][];
    },
    async script(text) {
      await client.query(text);
    },
    close: () => client.end(),
  };
}
