/** A throw-away PostgreSQL with PostgREST's test fixtures. */

export interface Fixtures {
  /** As the authenticator role. */
  readonly url: string;
  stop(): Promise<void>;
}

export async function loadFixtures(_postgrest: string): Promise<Fixtures> {
  throw new Error('not yet');
}
