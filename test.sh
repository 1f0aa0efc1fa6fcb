#!/usr/bin/env bash
# Sets up, builds and tests. Arguments go to ctest: ./test.sh -R golden
set -euo pipefail
cd "$(dirname "$0")"
tools/setup/install.sh
cmake --preset release >/dev/null
cmake --build --preset release
exec ctest --preset release "$@"
