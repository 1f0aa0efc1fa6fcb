#!/bin/bash
# Packs what the checks of a GPU need from the system into .gpu/ (ignored by git), for a machine that has neither oneDNN nor
# nlohmann-json and cannot fetch them: some MB, unpacked there by run_all.sh.
set -eu
cd "$(dirname "$0")/../.."
mkdir -p .gpu
library=$(readlink -f /usr/lib/x86_64-linux-gnu/libdnnl.so)
tar -C / -cJf .gpu/third_party.tar.xz usr/include/nlohmann usr/share/cmake/nlohmann_json usr/include/oneapi \
    $(cd / && ls usr/include/dnnl*) usr/lib/x86_64-linux-gnu/cmake/dnnl "${library#/}" \
    $(cd / && ls usr/lib/x86_64-linux-gnu/libdnnl.so* usr/lib/x86_64-linux-gnu/libOpenCL.so*)
ls -l .gpu/third_party.tar.xz
