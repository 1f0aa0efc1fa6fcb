#!/bin/bash
# Everything that wants a GPU, in one go: checks every operation and the golden rollouts against the CPU, times the 1.3B model
# and compares with PyTorch where it is there. Needs no network.
#
#   tests/gpu/run_all.sh [folder for the reports]     default: $OUT, else build/gpu_reports
#
# Runs what prepare.sh packed into .gpu/; where that is not there or does not start, it is built first, which needs nvcc, CMake,
# Ninja and a C++20 compiler, and takes minutes. Each part has a limit of its own, the most important come first, all end within
# LONGTAKE_GPU_SECONDS (530). Reports are written as they come: summary.txt says what ran and what it found, table.txt every
# figure that is asked for, with "not measured" where there is none, report.txt all that was printed. The last line is the verdict.
# LONGTAKE_GPU_CHECK="--small --device cpu" tries the script itself where there is no GPU.
#
# LONGTAKE_GPU_PARTS="kernels profile" runs those parts alone. Where time on a GPU is short, a first visit tells what is wrong,
#
#   LONGTAKE_GPU_SECONDS=240 LONGTAKE_GPU_PARTS="parity golden attention take kernels" tests/gpu/run_all.sh
#
# and, once that is repaired, a second one measures: LONGTAKE_CUDA_WARPGROUPS=1 where `attention` was right, and the other parts.
set -u
cd "$(dirname "$0")/../.."
reports=${1:-${OUT:-build/gpu_reports}}
build=build/gpu
parts=$build/parts
options=${LONGTAKE_GPU_CHECK:-}
mkdir -p "$reports" "$build"
rm -rf "$parts" && mkdir -p "$parts"
: >"$reports/report.txt"
: >"$reports/summary.txt"
started=$SECONDS
limit=${LONGTAKE_GPU_SECONDS:-530}
wanted=" ${LONGTAKE_GPU_PARTS:-} "
verdict=0

say() { echo "[$((SECONDS - started)) s] $*" | tee -a "$reports/summary.txt"; }

# What is asked for, in order: the name that gpu_check gives it.
asked=(
    "operations that differ from the CPU backend"
    "golden rollouts, decoders, text encoder that differ"
    "denoise only, window 6"
    "end to end with TAEHV, preview and host copy included"
    "end to end with the Wan VAE, preview and host copy included"
    "against PyTorch, compiled, bf16, SDPA, the same pass"
    "attention, 4680 x 9360, bf16, against the best of PyTorch's"
    "latent against dense cache, window 21, one take"
    "latent against dense cache, all takes together at their best"
    "takes that fit, latent against dense cache, window 21"
    "preview's share of a chunk (display itself not included)"
    "prompt to its first frame, given at a chunk's boundary"
    "prompt to its first frame, given just after a chunk began"
    "time of a steady chunk that is not its passes"
)
table() {
    for name in "${asked[@]}"; do
        grep -hF "FIGURE $name " "$parts"/{parity,golden,take,ratios,dense,fit,prompt,idle}.txt 2>/dev/null | tail -1 | grep . || printf 'FIGURE %-62s not measured\n' "$name"
    done | sed 's/^FIGURE //' >"$reports/table.txt"
}

# ratio NAME BOUND A B: the figure A / B, where both are known.
ratio() {
    [ -n "$3" ] && [ -n "$4" ] || return 0
    awk -v name="$1" -v bound="$2" -v a="$3" -v b="$4" 'BEGIN { r = a / b
        printf "FIGURE %-62s %8.2f x    wanted at least %g: %s\n", name, r, bound, r >= bound ? "reached" : "NOT REACHED" }' | tee -a "$parts/ratios.txt" >>"$reports/report.txt"
    table
}

wants() { [ "$wanted" = "  " ] || [[ "$wanted" == *" $1 "* ]]; }

# part NAME SECONDS COMMAND...: its output goes into the report; a part that has no time left is said, not run.
part() {
    local name=$1 seconds=$2 left=$((limit - (SECONDS - started)))
    shift 2
    wants "$name" || [ "$name" = build ] || return 0
    [ "$left" -lt "$seconds" ] && seconds=$left
    if [ "$seconds" -lt 5 ]; then
        say "$name: NOT RUN, no time left"
        verdict=1
        return 1
    fi
    echo "==== $name ($*)" >>"$reports/report.txt"
    timeout --kill-after=5 "$seconds" "$@" 2>&1 | tee "$parts/$name.txt" >>"$reports/report.txt"
    local status=${PIPESTATUS[0]}
    table
    case $status in
        0) say "$name: done" ;;
        77) say "$name: SKIPPED: $(tail -1 "$parts/$name.txt")" && verdict=1 ;;
        124 | 137) say "$name: CUT OFF after $seconds s" && verdict=1 ;;
        *) say "$name: FAILED ($status): $(tail -1 "$parts/$name.txt")" && verdict=1 ;;
    esac
    return $status
}

nvidia-smi >>"$reports/report.txt" 2>&1 || say "no nvidia-smi"
if [ -f .gpu/third_party.tar.xz ] && [ ! -d .gpu/usr ]; then
    tar -C .gpu -xJf .gpu/third_party.tar.xz 2>/dev/null ||
        python3 -c 'import tarfile; tarfile.open(".gpu/third_party.tar.xz").extractall(".gpu")' || say "third_party.tar.xz was not unpacked"
fi
chmod +x .gpu/bin/* 2>/dev/null
export LD_LIBRARY_PATH="$PWD/.gpu/usr/lib/x86_64-linux-gnu:${LD_LIBRARY_PATH:-}" XDG_CACHE_HOME=$PWD/$build/cache LONGTAKE_GOLDEN=$PWD/tests/data/golden
export LONGTAKE_CUDA_PRODUCTS=1 PYTHONUNBUFFERED=1
# cuBLASLt of a Python package serves as well as the toolkit's.
if ! ldconfig -p | grep -q libcublasLt.so.13 && [ -z "${LONGTAKE_CUBLASLT:-}" ] && [ ! -e /usr/local/cuda/lib64/libcublasLt.so.13 ]; then
    LONGTAKE_CUBLASLT=$(python3 -c 'import glob, sys; print(next((f for p in sys.path for f in glob.glob(p + "/nvidia/*/lib/libcublasLt.so.13")), ""))' 2>/dev/null)
    export LONGTAKE_CUBLASLT
    say "cuBLASLt: ${LONGTAKE_CUBLASLT:-not found}"
fi
where=$PWD/.gpu/bin
if [ -x "$where/gpu_check" ] && "$where/gpu_check" starts >>"$reports/report.txt" 2>&1; then
    say "as packed by prepare.sh"
else
    where=$PWD/$build/bin
    architecture=$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader 2>/dev/null | head -1 | tr -d .)
    [ "$architecture" = 90 ] && architecture=90a
    part build 300 bash -c "cmake -G Ninja -S . -B $build -DCMAKE_BUILD_TYPE=Release '-DCMAKE_CXX_FLAGS_RELEASE=-O2 -DNDEBUG' -DLONGTAKE_GPU_CHECKS=ON \
        -DLONGTAKE_CUDA=ON -DLONGTAKE_CUDA_ARCHITECTURES=${architecture:-90a}-real -DCMAKE_PREFIX_PATH=$PWD/.gpu/usr && cmake --build $build --target gpu_check longtake_cuda" || {
        say "VERDICT: the build failed"
        exit 1
    }
fi
export LONGTAKE_CUDA_MODULE=$where
check() { part "$1" "$2" "$where/gpu_check" "$1" $options; }

check parity 120
if [ $? = 77 ]; then
    say "VERDICT: no GPU that could be checked"
    exit 77
fi
check golden 60
# Hopper's attention, off by itself until it has been seen to work: what follows uses it where it is right here.
if check attention 60 && [ -f "$parts/attention.txt" ]; then export LONGTAKE_CUDA_WARPGROUPS=1; fi
check take 90
# PyTorch's best against ours at the same window: five passes a chunk.
if wants torch && python3 -c 'import torch; assert torch.cuda.is_available()' 2>/dev/null; then
    part torch 70 python3 tests/gpu/torch_reference.py
    ours=$(sed -n 's/^FIGURE denoise only, window 6 *\([0-9.]*\).*/\1/p' "$parts/take.txt" 2>/dev/null)
    theirs=$(sed -n 's/.*latent cache, window 6.* \([0-9.]*\) FPS of five passes.*/\1/p' "$parts/torch.txt" 2>/dev/null | sort -n | tail -1)
    ratio "against PyTorch, compiled, bf16, SDPA, the same pass" 1.5 "$ours" "$theirs"
elif wants torch; then
    say "torch: NOT RUN, PyTorch with CUDA is not there"
fi
check dense 90
check fit 40
check prompt 50
check idle 30
check kernels 45
ours=$(sed -n 's|^attention 4680 x 9360, 12 heads, 128 / 128 .* \([0-9.]*\) TFLOP/s.*|\1|p' "$parts/kernels.txt" 2>/dev/null | head -1)
theirs=$(sed -n 's|^PyTorch attention .* \([0-9.]*\) TFLOP/s|\1|p' "$parts/torch.txt" 2>/dev/null | sort -n | tail -1)
ratio "attention, 4680 x 9360, bf16, against the best of PyTorch's" 0.7 "$ours" "$theirs"
check profile 60
# Attention in 8 bits only where it was right.
if grep -q "WRONG attention by wgmma in e4m3" "$parts/attention.txt" 2>/dev/null; then export LONGTAKE_CUDA_WARPGROUPS=0; fi
part f8 50 "$where/gpu_check" take $options --f8
if wants sanitizer && command -v compute-sanitizer >/dev/null; then
    part sanitizer 90 compute-sanitizer --error-exitcode 3 "$where/gpu_check" golden $options
elif wants sanitizer; then
    say "sanitizer: NOT RUN, compute-sanitizer is not there"
fi
[ -f "$parts/f8.txt" ] && sed -n 's/^FIGURE/with --f8:/p' "$parts/f8.txt" >>"$reports/summary.txt"
grep -h "WRONG" "$parts"/parity.txt "$parts"/golden.txt 2>/dev/null | head -20 >>"$reports/summary.txt"
grep -q "NOT REACHED\|not measured" "$reports/table.txt" && verdict=1
cat "$reports/summary.txt" "$reports/table.txt"
if [ $verdict = 0 ]; then say "VERDICT: everything was measured and reached"; else say "VERDICT: not everything is as it should be"; fi
exit $verdict
