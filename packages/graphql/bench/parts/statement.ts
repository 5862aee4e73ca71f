/** The statements that the engine makes of an operation, for whoever runs the same without it. */
import { runWhole } from '@peakstone/kernel/pace';
import { createPool } from '@peakstone/kernel/pg';
import { loadSourceCatalog } from '../../src/catalog/load.ts';
import { parseConfig } from '../../src/config/settings.ts';
import type { Metadata } from '../../src/definition/metadata.ts';
import { planOperation } from '../../src/engine/planOperation.ts';
import { createSnapshot } from '../../src/engine/snapshot.ts';
import type { PlannedStatement } from '../../src/engine/types.ts';
import { buildModel } from '../../src/model/build.ts';
import { createRoleView } from '../../src/model/permissions.ts';

export async function statementsOf(
  url: string,
  metadata: Metadata,
  query: string,
  variables: Readonly<Record<string, unknown>>,
): Promise<readonly PlannedStatement[]> {
  const config = parseConfig({ HASURA_GRAPHQL_DATABASE_URL: url });
  const pool = createPool({ url, size: 1, sharedSize: 0 });
  try {
    const catalogs = new Map([['default', await loadSourceCatalog(pool, [], { runsPolicies: true })]]);
    const model = buildModel(metadata, catalogs, {
      defaultNamingConvention: 'hasura-default',
      tracksAll: false,
      schemas: null,
    });
    const snapshot = createSnapshot(model, 1, config, (of, role) => createRoleView(of, role, config));
    const { plan } = runWhole(
      planOperation(
        { query, operationName: null, variables },
        await snapshot.role('admin', false, 'standard'),
        snapshot,
        config,
      ),
    );
    return plan.groups.flatMap(({ statements }) => statements);
  } finally {
    await pool.close(0);
  }
}
