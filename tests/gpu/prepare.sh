#!/bin/bash
# Packs what the checks of a GPU need into .gpu/ (ignored by git), for a machine that cannot fetch anything: what they need of the
# system, and the checks themselves, built here, so that no time there goes into building: .gpu/third_party.tar.xz and .gpu/bin, some
# 11 MB, which are to be carried by name (run_all.sh unpacks more beside them).
#
#   tests/gpu/prepare.sh [architectures]      default: 90a-real
set -eu
cd "$(dirname "$0")/../.."
mkdir -p .gpu/bin
library=$(readlink -f /usr/lib/x86_64-linux-gnu/libdnnl.so)
tar -C / -cJf .gpu/third_party.tar.xz usr/include/nlohmann usr/share/cmake/nlohmann_json usr/include/oneapi \
    $(cd / && ls usr/include/dnnl*) usr/lib/x86_64-linux-gnu/cmake/dnnl "${library#/}" \
    $(cd / && ls usr/lib/x86_64-linux-gnu/libdnnl.so* usr/lib/x86_64-linux-gnu/libOpenCL.so* usr/lib/x86_64-linux-gnu/libgomp.so.1*)
build=build/gpu_prepared
cmake -G Ninja -S . -B $build -DCMAKE_BUILD_TYPE=Release '-DCMAKE_CXX_FLAGS_RELEASE=-O2 -DNDEBUG' -DLONGTAKE_GPU_CHECKS=ON -DLONGTAKE_CUDA=ON \
    -DLONGTAKE_CUDA_ARCHITECTURES="${1:-90a-real}" >/dev/null
cmake --build $build --target gpu_check longtake_cuda
cp $build/bin/liblongtake_cuda.so .gpu/bin/
cp "$(find $build -name gpu_check -type f -perm -u+x | head -1)" .gpu/bin/
strip .gpu/bin/*
du -sch .gpu/third_party.tar.xz .gpu/bin/*
