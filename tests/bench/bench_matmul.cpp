// The transformer's products: ours against a bare oneDNN matmul of the same shape and threads (OpenMP inside oneDNN).
//   bench_matmul [threads]
#include <omp.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <oneapi/dnnl/dnnl.hpp>
#include <vector>

#include "kernels/backend.h"

using namespace longtake;

namespace {

// The best of several runs: on a shared machine the others measure somebody else's work. Before them the work runs for a
// while, until the system has given every thread a core of its own.
double bestMs(const std::function<void()>& work) {
    const auto begin = std::chrono::steady_clock::now();
    do work();
    while (std::chrono::steady_clock::now() - begin < std::chrono::milliseconds(50));
    double best = 1e9;
    for (int i = 0; i < 15; ++i) {
        const auto start = std::chrono::steady_clock::now();
        work();
        best = std::min(best, std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
    }
    return best;
}

struct Product {
    const char* name;
    int64_t m, n, k;
    Activation activation;
};

double bareMs(const Product& p, DType type, int threads) {
    using dnnl::memory;
    omp_set_num_threads(threads);
    const auto number = type == DType::BF16 ? memory::data_type::bf16 : memory::data_type::f32;
    const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
    dnnl::stream stream(engine);
    const memory::desc x({p.m, p.k}, number, memory::format_tag::ab), w({p.k, p.n}, number, memory::format_tag::any);
    const memory::desc b({1, p.n}, memory::data_type::f32, memory::format_tag::ab), y({p.m, p.n}, number, memory::format_tag::ab);
    dnnl::primitive_attr attributes;
    dnnl::post_ops ops;
    if (p.activation == Activation::GeluTanh) ops.append_eltwise(1.0f, dnnl::algorithm::eltwise_gelu_tanh, 0, 0);
    attributes.set_post_ops(ops);
    const dnnl::matmul::primitive_desc description(dnnl::matmul::desc(x, w, b, y), attributes, engine);
    dnnl::matmul matmul(description);
    memory mx(x, engine), mw(description.weights_desc(), engine), mb(b, engine), my(y, engine);
    for (memory* m : {&mx, &mw, &mb, &my}) std::fill_n(static_cast<char*>(m->get_data_handle()), m->get_desc().get_size(), '\0');
    return bestMs([&] {
        matmul.execute(stream, {{DNNL_ARG_SRC, mx}, {DNNL_ARG_WEIGHTS, mw}, {DNNL_ARG_BIAS, mb}, {DNNL_ARG_DST, my}});
        stream.wait();
    });
}

double oursMs(const Product& p, Backend& backend) {
    const DType type = backend.computeType();
    const std::vector<float> w(static_cast<size_t>(p.n * p.k), 0.01f), b(static_cast<size_t>(p.n), 0.5f);
    const auto weight = backend.packMatmul(w.data(), DType::F32, b.data(), p.n, p.k);
    const auto x = backend.allocate(static_cast<size_t>(p.m * p.k) * sizeOf(type)),
               y = backend.allocate(static_cast<size_t>(p.m * p.n) * sizeOf(type));
    std::fill_n(static_cast<char*>(x.get()), static_cast<size_t>(p.m * p.k) * sizeOf(type), '\0');
    return bestMs([&] {
        backend.matmul(
            {.x = {x.get(), type, p.m, p.k, p.k}, .weight = weight.get(), .y = {y.get(), type, p.m, p.n, p.n}, .activation = p.activation});
    });
}

}  // namespace

int main(int argc, char** argv) {
    const int threads = argc > 1 ? std::atoi(argv[1]) : 2;
    const auto backend = makeCpuBackend({.threads = threads, .precision = Precision::Bf16});
    std::printf("%s\n\n%-34s %6s %6s %6s %10s %10s %8s %8s\n", backend->description().c_str(), "product", "M", "N", "K", "ours ms",
                "bare ms", "GFLOP/s", "of bare");
    const std::vector<Product> products = {{"embedded: down projections", 432, 176, 256, Activation::None},
                                           {"embedded: attention out", 432, 256, 256, Activation::None},
                                           {"embedded: ffn up, GELU", 432, 1024, 256, Activation::GeluTanh},
                                           {"embedded: ffn down", 432, 256, 1024, Activation::None},
                                           {"1.3B: attention out", 4680, 1536, 1536, Activation::None},
                                           {"1.3B: ffn up, GELU", 4680, 8960, 1536, Activation::GeluTanh},
                                           {"1.3B: ffn down", 4680, 1536, 8960, Activation::None}};
    // All of ours first: OpenMP's threads go on spinning after a bare product and would hold a core that ours needs.
    std::vector<double> ours;
    for (const Product& p : products) ours.push_back(oursMs(p, *backend));
    for (size_t i = 0; i < products.size(); ++i) {
        const Product& p = products[i];
        const double bare = bareMs(p, backend->computeType(), threads);
        const double flop = 2.0 * static_cast<double>(p.m) * static_cast<double>(p.n) * static_cast<double>(p.k);
        std::printf("%-34s %6ld %6ld %6ld %10.3f %10.3f %8.0f %7.0f%%\n", p.name, static_cast<long>(p.m), static_cast<long>(p.n),
                    static_cast<long>(p.k), ours[i], bare, flop / ours[i] / 1e6, 100.0 * bare / ours[i]);
    }
    return 0;
}
