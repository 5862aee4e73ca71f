// Writes an SPDX 2.3 document naming the npm packages in a node_modules folder: node sbom-npm.mjs FOLDER > FILE
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Every package.json one level below the folder, and below its @scopes. */
function* manifests(folder) {
  for (const name of readdirSync(folder).sort()) {
    if (name.startsWith('.')) continue;
    if (name.startsWith('@')) {
      for (const inner of readdirSync(join(folder, name)).sort())
        yield join(folder, name, inner, 'package.json');
    } else yield join(folder, name, 'package.json');
  }
}

const packages = [{ name: 'node', version: process.versions.node, license: 'MIT' }];
for (const path of manifests(process.argv[2])) {
  if (!existsSync(path)) continue;
  const { name, version, license } = JSON.parse(readFileSync(path, 'utf8'));
  packages.push({ name, version, license: typeof license === 'string' ? license : 'NOASSERTION' });
}

process.stdout.write(
  `${JSON.stringify({
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name: 'peakstone',
    documentNamespace: 'https://github.com/peakstone/peakstone/sbom/peakstone',
    creationInfo: { created: new Date().toISOString(), creators: ['Tool: peakstone-sbom'] },
    packages: packages.map(({ name, version, license }) => ({
      SPDXID: `SPDXRef-${name.replace(/[^A-Za-z0-9.-]/g, '-')}`,
      name,
      versionInfo: version,
      downloadLocation: 'NOASSERTION',
      filesAnalyzed: false,
      licenseDeclared: license,
      externalRefs: [
        {
          referenceCategory: 'PACKAGE-MANAGER',
          referenceType: 'purl',
          referenceLocator: `pkg:npm/${name.replace('@', '%40')}@${version}`,
        },
      ],
    })),
  })}\n`,
);
