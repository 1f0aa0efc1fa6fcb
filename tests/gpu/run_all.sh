#!/bin/bash
# Everything that wants a GPU, in one go: builds what is needed, checks every operation and the golden rollouts against the
# CPU, times the 1.3B model, profiles one chunk, and compares with PyTorch where it is there. Needs nvcc, CMake, Ninja and a
# C++20 compiler; no network. oneDNN and nlohmann-json come from the system, or from what prepare.sh packed into .gpu/.
#
#   tests/gpu/run_all.sh [folder for the reports]     default: $OUT, else build/gpu_reports
#
# summary.txt says what ran and the figures of the table, report.txt holds what every part printed.
#
# Each part has a limit of its own, the most important come first, all end within nine minutes. The last line is the verdict.
set -u
cd "$(dirname "$0")/../.."
reports=${1:-${OUT:-build/gpu_reports}}
build=build/gpu
parts=$build/parts
mkdir -p "$reports" "$build"
rm -rf "$parts" && mkdir -p "$parts"
: >"$reports/report.txt"
started=$SECONDS
limit=${LONGTAKE_GPU_SECONDS:-530}
verdict=0

say() { echo "[$((SECONDS - started)) s] $*" | tee -a "$reports/summary.txt"; }

# part NAME SECONDS COMMAND...: its output goes into NAME.txt; a part that has no time left is said, not run.
part() {
    local name=$1 seconds=$2 left=$((limit - (SECONDS - started)))
    shift 2
    [ "$left" -lt "$seconds" ] && seconds=$left
    if [ "$seconds" -lt 5 ]; then
        say "$name: NOT RUN, no time left"
        return 1
    fi
    timeout "$seconds" "$@" >"$parts/$name.txt" 2>&1
    local status=$?
    { echo "==== $name ($*)" && cat "$parts/$name.txt"; } >>"$reports/report.txt"
    case $status in
        0) say "$name: done" ;;
        124) say "$name: CUT OFF after $seconds s" ; verdict=1 ;;
        *) say "$name: FAILED ($status), see report.txt" ; verdict=1 ;;
    esac
    return $status
}

: >"$reports/summary.txt"
nvidia-smi >>"$reports/report.txt" 2>&1 || say "no nvidia-smi"
if [ -f .gpu/third_party.tar.xz ] && [ ! -d .gpu/usr ]; then tar -C .gpu -xJf .gpu/third_party.tar.xz; fi
prefix=$PWD/.gpu/usr
export LD_LIBRARY_PATH="$prefix/lib/x86_64-linux-gnu:${LD_LIBRARY_PATH:-}"
architecture=$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader 2>/dev/null | head -1 | tr -d .)
[ "$architecture" = 90 ] && architecture=90a
part build 300 bash -c "cmake -G Ninja -S . -B $build -DCMAKE_BUILD_TYPE=Release '-DCMAKE_CXX_FLAGS_RELEASE=-O2 -DNDEBUG' -DLONGTAKE_GPU_CHECKS=ON -DLONGTAKE_CUDA=ON \
    -DLONGTAKE_CUDA_ARCHITECTURES=${architecture:-90a}-real -DCMAKE_PREFIX_PATH=$prefix && cmake --build $build --target gpu_check longtake_cuda" || {
    say "VERDICT: the build failed"
    exit 1
}
check=$build/bin/gpu_check
export LONGTAKE_CUDA_MODULE=$PWD/$build/bin XDG_CACHE_HOME=$PWD/$build/cache

part parity 150 $check parity
part take 100 $check take
part golden 60 $check golden
part kernels 60 $check kernels
part profile 90 $check profile
part dense 100 $check dense
part take_f8 60 $check take --f8
if python3 -c 'import torch; assert torch.cuda.is_available()' 2>/dev/null; then
    part torch 100 python3 tests/gpu/torch_reference.py
else
    say "torch: NOT RUN, PyTorch with CUDA is not there"
fi
if command -v compute-sanitizer >/dev/null; then
    part sanitizer 90 compute-sanitizer --error-exitcode 3 $check golden
else
    say "sanitizer: NOT RUN, compute-sanitizer is not there"
fi
grep -h "WRONG" "$parts"/parity.txt "$parts"/golden.txt 2>/dev/null | head -20 >>"$reports/summary.txt"
grep -h "FPS\|takes fit\|ms per" "$parts"/take.txt "$parts"/take_f8.txt "$parts"/dense.txt "$parts"/torch.txt 2>/dev/null >>"$reports/summary.txt"
cat "$reports/summary.txt"
if [ $verdict = 0 ]; then say "VERDICT: all parts ran and agree"; else say "VERDICT: not everything is as it should be"; fi
exit $verdict
