// How fast our tiled convolution is beside oneDNN alone with its own threads, at the shapes of the video decoders.
//   bench_conv [threads]
#include <omp.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <oneapi/dnnl/dnnl.hpp>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/tensor.h"

using namespace longtake;

namespace {

struct Sizes {
    const char* where;
    int64_t frames, height, width, in, out;
    int kt, k;
};

const Sizes kSizes[] = {
    {"TAEHV 256x144 stage 1, joined", 3, 18, 32, 96, 96, 2, 3},    {"TAEHV 256x144 stage 1", 3, 18, 32, 96, 96, 1, 3},
    {"TAEHV 256x144 stage 2, joined", 3, 36, 64, 64, 64, 2, 3},    {"TAEHV 256x144 stage 2", 3, 36, 64, 64, 64, 1, 3},
    {"TAEHV 256x144 stage 3, joined", 6, 72, 128, 48, 48, 2, 3},   {"TAEHV 256x144 stage 3", 6, 72, 128, 48, 48, 1, 3},
    {"TAEHV 256x144 last stage", 12, 144, 256, 48, 32, 1, 3},      {"TAEHV 256x144 pictures", 12, 144, 256, 32, 3, 1, 3},
    {"TAEHV 832x480 stage 1, joined", 3, 60, 104, 256, 256, 2, 3}, {"TAEHV 832x480 stage 2", 3, 120, 208, 128, 128, 1, 3},
    {"TAEHV 832x480 stage 3", 6, 240, 416, 64, 64, 1, 3},          {"TAEHV 832x480 last stage", 12, 480, 832, 64, 64, 1, 3},
    {"Wan VAE 832x480 middle", 1, 60, 104, 384, 384, 3, 3},        {"Wan VAE 832x480 stage 3", 4, 240, 416, 192, 192, 3, 3},
    {"Wan VAE 832x480 stage 4", 4, 480, 832, 96, 96, 3, 3},
};

double seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

// Something to time, ready to run again.
using Body = std::function<void()>;

// The best of several runs each, taking turns, so that a busy moment of the machine hits both.
std::pair<double, double> fastest(double work, const Body& first, const Body& second) {
    std::pair<double, double> best(1e9, 1e9);
    first();  // makes primitives and touches memory
    second();
    const int runs = work > 5e10 ? 2 : 10;
    for (int i = 0; i < runs; ++i) {
        const double start = seconds();
        first();
        const double middle = seconds();
        second();
        best = {std::min(best.first, middle - start), std::min(best.second, seconds() - middle)};
    }
    return best;
}

Body bare(const Sizes& s, DType dtype) {
    using namespace dnnl;
    const engine cpu(engine::kind::cpu, 0);
    const auto type = dtype == DType::BF16 ? memory::data_type::bf16 : memory::data_type::f32;
    const memory::dims xDims =
        s.kt == 1 ? memory::dims{s.frames, s.in, s.height, s.width} : memory::dims{1, s.in, s.frames + s.kt - 1, s.height, s.width};
    const memory::dims yDims =
        s.kt == 1 ? memory::dims{s.frames, s.out, s.height, s.width} : memory::dims{1, s.out, s.frames, s.height, s.width};
    const memory::dims wDims = s.kt == 1 ? memory::dims{s.out, s.in, s.k, s.k} : memory::dims{s.out, s.in, s.kt, s.k, s.k};
    const memory::dims pad = s.kt == 1 ? memory::dims{s.k / 2, s.k / 2} : memory::dims{0, s.k / 2, s.k / 2};
    const memory::dims ones(s.kt == 1 ? 2 : 3, 1);
    const auto tag = s.kt == 1 ? memory::format_tag::nhwc : memory::format_tag::ndhwc;
    const convolution_forward::desc operation(prop_kind::forward_inference, algorithm::convolution_direct, {xDims, type, tag},
                                              {wDims, type, memory::format_tag::any},
                                              {{s.out}, memory::data_type::f32, memory::format_tag::a}, {yDims, type, tag}, ones, pad, pad);
    const convolution_forward::primitive_desc description(operation, cpu);
    const convolution_forward primitive(description);
    std::unordered_map<int, memory> arguments{{DNNL_ARG_SRC, memory(description.src_desc(), cpu)},
                                              {DNNL_ARG_WEIGHTS, memory(description.weights_desc(), cpu)},
                                              {DNNL_ARG_BIAS, memory(description.bias_desc(), cpu)},
                                              {DNNL_ARG_DST, memory(description.dst_desc(), cpu)}};
    for (auto& [index, argument] : arguments) std::memset(argument.get_data_handle(), 0, argument.get_desc().get_size());
    return [primitive, arguments, queue = stream(cpu)]() mutable {
        primitive.execute(queue, arguments);
        queue.wait();
    };
}

Body ours(const Sizes& s, Backend& backend) {
    const DType dtype = backend.computeType();
    const Tensor w = Tensor::host(DType::F32, {s.out, s.in, s.kt, s.k, s.k}), bias = Tensor::host(DType::F32, {s.out});
    const std::shared_ptr<PackedWeight> weight = backend.packConv(w.data(), DType::F32, bias.as<float>(), s.out, s.in, s.kt, s.k, s.k);
    const Tensor x = Tensor::host(dtype, {s.frames + s.kt - 1, s.height, s.width, s.in});
    Tensor y = Tensor::host(dtype, {s.frames, s.height, s.width, s.out});
    const int pad = s.k / 2;
    const ConvParams params{.x = x.data(),
                            .y = y.data(),
                            .dtype = dtype,
                            .frames = s.frames + s.kt - 1,
                            .height = s.height,
                            .width = s.width,
                            .padTop = pad,
                            .padBottom = pad,
                            .padLeft = pad,
                            .padRight = pad,
                            .weight = weight.get()};
    return [&backend, params, weight, x, y] { backend.conv(params); };
}

}  // namespace

int main(int argc, char** argv) {
    const auto backend = makeCpuBackend({.threads = argc > 1 ? std::atoi(argv[1]) : 0, .precision = Precision::Bf16});
    omp_set_num_threads(backend->threads());
    std::printf("%s\n%-32s %10s %10s %10s %6s\n", backend->description().c_str(), "convolution", "bare ms", "ours ms", "GFLOP/s", "ours");
    for (const Sizes& s : kSizes) {
        const double work = 2.0 * static_cast<double>(s.frames * s.height * s.width * s.in * s.out * s.kt * s.k * s.k);
        const auto [theirs, mine] = fastest(work, bare(s, backend->computeType()), ours(s, *backend));
        std::printf("%-32s %10.2f %10.2f %10.0f %5.0f%%\n", s.where, theirs * 1e3, mine * 1e3, work / mine / 1e9, 100 * theirs / mine);
        std::fflush(stdout);
    }
    return 0;
}
