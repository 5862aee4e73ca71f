// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the text is in Compose's and Dokploy's interpolation syntax.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { renderDokploy } from '../src/render/index.ts';
import { resolveStack } from '../src/resolve.ts';
import { variables } from '../src/variables.ts';

interface ComposeFile {
  readonly services: Record<string, Record<string, unknown>>;
  readonly networks?: object;
}

describe('the Dokploy template', () => {
  const { compose, template, meta } = renderDokploy(resolveStack(), '1.2.3');
  const file = parse(compose) as ComposeFile;

  it('has no host ports or container names, one network that is its own, and hosts named after the app', () => {
    assert.deepEqual(file.networks, { default: {} });
    for (const [name, service] of Object.entries(file.services)) {
      assert.equal(service.ports, undefined, name);
      assert.equal(service.container_name, undefined, name);
      const { default: own, ...others } = service.networks as Record<string, { readonly aliases: string[] }>;
      assert.ok(own?.aliases.includes(`\${COMPOSE_PROJECT_NAME}-${name}`), name);
      assert.deepEqual(others, {}, name);
    }
  });

  it('asks for nothing by a name that another app may have on the shared network', () => {
    const names = Object.keys(file.services).join('|');
    for (const [, host] of compose.matchAll(
      new RegExp(`(?:://|@|HOST: |^\\s*servers = \\[\\["|"Host": ")(${names})\\b`, 'gm'),
    ))
      assert.fail(`it asks for ${host}`);
  });

  it('generates each secret once and hands it on', () => {
    for (const variable of variables.filter(({ generate, dokploy }) => generate && dokploy !== false)) {
      assert.match(template, new RegExp(`^${variable.name.toLowerCase()} = "\\$\\{hash:\\d+\\}"$`, 'm'));
      assert.ok(template.includes(`"${variable.name}=\${${variable.name.toLowerCase()}}"`), variable.name);
    }
    assert.match(template, /imgproxy_key_hex = "\$\{hash:64\}"/);
  });

  it('gives every public service a domain with its container’s port', () => {
    assert.match(
      template,
      /\[\[config\.domains\]\]\nserviceName = "rest"\nport = 3000\nhost = "\$\{rest_host\}"/,
    );
    for (const [, service] of template.matchAll(/serviceName = "([^"]+)"/g))
      assert.ok((service ?? '') in file.services);
    assert.equal((JSON.parse(meta) as { version: string }).version, '1.2.3');
  });
});
