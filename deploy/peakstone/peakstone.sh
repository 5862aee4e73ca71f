#!/bin/sh
# Becomes Node, so that signals reach the service itself.
exec /usr/local/bin/node --disable-warning=ExperimentalWarning /opt/peakstone/packages/cli/src/main.ts "$@"
