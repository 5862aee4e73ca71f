import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { StackExtension } from '@peakstone/kernel/inventory';
import { planSteps } from './steps.ts';

const options = {
  database: 'app',
  schemas: ['public', 'odd"name'],
  supabase: 'roles' as const,
  roleSettings: {},
  extensions: [{ name: 'citext' }],
  grantExisting: [],
  isSuperuser: true,
};

describe('the bootstrap', () => {
  it('quotes every name', () => {
    const statements = planSteps(options).flatMap(step => step.statements);
    assert.ok(statements.includes('create schema if not exists "odd""name"'));
    assert.ok(
      statements.includes(
        'alter default privileges for role "db_migrator" in schema "odd""name" grant select on tables to "web_anon", "read_only"',
      ),
    );
  });

  it('grants on existing tables only where it is told to', () => {
    const grants = (grantExisting: string[]) =>
      planSteps({ ...options, grantExisting })
        .flatMap(step => step.statements)
        .filter(text => /on all tables/.test(text));
    assert.deepEqual(grants([]), []);
    assert.equal(grants(['public']).length, 2);
  });

  it('closes the extensions for administrators to requests, and no others', () => {
    const ofExtension = (extension: StackExtension) =>
      planSteps({ ...options, extensions: [extension] })
        .find(step => step.name === `extension ${extension.name}`)
        ?.statements.join() ?? '';
    assert.match(
      ofExtension({ name: 'hypopg', onlyFor: ['db_migrator'] }),
      /revoke all on %s from public, .*"web_anon".*grant all on %s to "db_migrator"/s,
    );
    assert.match(ofExtension({ name: 'pg_stat_statements', onlyFor: [] }), /revoke all on %s from public/);
    assert.doesNotMatch(ofExtension({ name: 'pg_stat_statements', onlyFor: [] }), /grant all/);
    assert.doesNotMatch(ofExtension({ name: 'citext' }), /revoke/);
  });

  it('makes extensions in their own schema, or in the only one that they can be in', () => {
    const text = JSON.stringify(
      planSteps({
        ...options,
        extensions: [{ name: 'citext' }, { name: 'pg_cron', fixedSchema: 'pg_catalog' }],
      }),
    );
    assert.match(text, /create extension \\"citext\\" schema \\"extensions\\"/);
    assert.match(text, /create extension \\"pg_cron\\" schema pg_catalog/);
    assert.doesNotMatch(text, /alter extension \\"pg_cron\\"/);
  });

  it('asks an ordinary login for nothing that only a superuser may do', () => {
    const text = JSON.stringify(planSteps({ ...options, isSuperuser: false }));
    assert.doesNotMatch(text, /event trigger|nosuperuser|noreplication/);
  });

  it('without Supabase compatibility lets no request become service_role', () => {
    const names = planSteps({ ...options, supabase: 'off' }).map(step => step.name);
    assert.deepEqual(
      names.filter(name => name.includes('member of')),
      [
        'db_authenticator as member of web_anon',
        'hasura as member of web_anon',
        'db_authenticator as member of app_user',
        'hasura as member of app_user',
        'db_migrator as member of read_only',
        'console_viewer as member of pg_read_all_data',
        'console_viewer as member of pg_monitor',
        'console_editor as member of pg_read_all_data',
        'console_editor as member of pg_monitor',
        'console_editor as member of pg_write_all_data',
      ],
    );
  });
});
