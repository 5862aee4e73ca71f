#!/bin/sh
# Writes an SPDX 2.3 document naming Debian packages: sbom-debian.sh NAME PACKAGE... > FILE
# A package that is not installed here is left out: it is then none of the image's contents either.
set -eu
name=$1
shift
printf '{"spdxVersion":"SPDX-2.3","dataLicense":"CC0-1.0","SPDXID":"SPDXRef-DOCUMENT","name":"%s","documentNamespace":"https://github.com/peakstone/peakstone/sbom/%s","creationInfo":{"created":"%s","creators":["Tool: peakstone-sbom"]},"packages":[' \
  "$name" "$name" "$(date -u +%Y-%m-%dT%H:%M:%SZ)"
dpkg-query -W -f '${db:Status-Status} ${Package} ${Version} ${Architecture}\n' "$@" 2>/dev/null |
  awk '$1 == "installed" {
    if (n++) printf ",";
    id = $2; gsub(/[^A-Za-z0-9.-]/, "-", id);
    printf "{\"SPDXID\":\"SPDXRef-%s\",\"name\":\"%s\",\"versionInfo\":\"%s\",\"downloadLocation\":\"NOASSERTION\",\"filesAnalyzed\":false,\"externalRefs\":[{\"referenceCategory\":\"PACKAGE-MANAGER\",\"referenceType\":\"purl\",\"referenceLocator\":\"pkg:deb/debian/%s@%s?arch=%s\"}]}", id, $2, $3, $2, $3, $4
  }'
printf ']}\n'
