#!/usr/bin/env bash
# Prints every bench's table: tests/bench/run.sh BUILD
set -euo pipefail
build=${1:?usage: tests/bench/run.sh BUILD}
cd "$(dirname "$0")/../.."
# The canvas needs a screen; without one a virtual one serves.
screen=()
[ -n "${DISPLAY-}${WAYLAND_DISPLAY-}" ] || screen=(xvfb-run -a -s "-screen 0 1280x1024x24 -nolisten tcp")
title() { printf '\n== %s\n' "$1"; }
title "matrix products";      "$build/bench/bench_matmul"
title "convolutions";         "$build/bench/bench_conv"
title "video decoders";       "$build/bench/bench_video"
title "the embedded model";   "$build/bench/bench_take" resources/models/tidepool 2 30
title "panels";               QT_QPA_PLATFORM=offscreen "$build/bench/bench_panels"
title "canvas";               "${screen[@]}" "$build/bench/bench_canvas"
title "studio";               "$build/bench/bench_studio"
