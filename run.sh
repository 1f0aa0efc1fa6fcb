#!/usr/bin/env bash
# Sets up, builds and runs.
#   ./run.sh             the studio; without a display, renders longtake-demo.mp4 and a contact sheet of it
#   ./run.sh cli ARGS    longtake-cli ARGS
#   ./run.sh bench       the bench tables
set -euo pipefail
caller=$PWD
cd "$(dirname "$0")"
tools/setup/install.sh
[ -f build/release/build.ninja ] || cmake --preset release >/dev/null
build() { cmake --build --preset release --target "$@" | grep -v -e '^\[' -e 'no work to do' || [ "${PIPESTATUS[0]}" -eq 0 ]; }
bin=$PWD/build/release/bin

case "${1-}" in
cli)
  shift
  build longtake-cli
  cd "$caller" && exec "$bin/longtake-cli" "$@"
  ;;
bench)
  build longtake-cli benches
  exec tests/bench/run.sh "$PWD/build/release"
  ;;
"")
  if [ -n "${DISPLAY-}${WAYLAND_DISPLAY-}" ]; then
    build longtake
    cd "$caller" && exec "$bin/longtake"
  fi
  build longtake-cli
  cd "$caller"
  exec "$bin/longtake-cli" render -o longtake-demo.mp4 --seconds 18 --seed 7 --contact-sheet longtake-demo.png \
    --prompt "The ocean at noon" \
    --at 6 "The desert at sunset" \
    --at 12 "A city skyline at night"
  ;;
*)
  echo "run.sh: unknown command '$1'; use ./run.sh, ./run.sh cli ARGS, or ./run.sh bench" >&2
  exit 2
  ;;
esac
