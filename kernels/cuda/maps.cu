// Operations on latents and pictures: sums, noise, patches, doubling. All bound by bytes / bandwidth.
#include <stdexcept>

#include "kernels/cuda/launch.h"
#include "kernels/cuda/numbers.cuh"
#include "kernels/nv12.h"
#include "kernels/philox.h"

namespace longtake::cuda {

namespace {

constexpr int kThreads = 256;

dim3 blocksFor(int64_t count) { return dim3(static_cast<unsigned>((count + kThreads - 1) / kThreads)); }

__device__ __forceinline__ int64_t threadIndex() { return int64_t{blockIdx.x} * blockDim.x + threadIdx.x; }

__global__ void combineAll(CombineParams p) {
    const int64_t i = threadIndex();
    if (i >= p.count) return;
    p.y[i] = p.z ? p.a * p.x[i] + p.b * p.z[i] : p.a * p.x[i];
}

__global__ void noiseAll(NoiseParams p) {
    const int64_t block = threadIndex(), first = 4 * block;
    if (first >= p.count) return;
    float four[4];
    normalBlock(p.seed, p.chunk, p.step, static_cast<uint64_t>(block), four);
    for (int i = 0; i < 4; ++i)
        if (first + i < p.count) p.y[first + i] = four[i];
}

// One thread a latent value. Going in a token's values are ordered (channel, i, j), coming out (i, j, channel).
template <typename Number, bool kIn>
__global__ void patches(PatchParams p, int64_t count) {
    const int64_t index = threadIndex();
    if (index >= count) return;
    const int64_t x = index % p.width, y = index / p.width % p.height, c = index / (p.width * p.height) % p.channels;
    const int64_t frame = index / (p.width * p.height * p.channels);
    const int64_t row = (frame * (p.height / p.patchH) + y / p.patchH) * (p.width / p.patchW) + x / p.patchW;
    const int64_t inside = y % p.patchH * p.patchW + x % p.patchW;
    typename Number::Type* tokens = static_cast<typename Number::Type*>(p.tokens.data) + row * p.tokens.stride;
    if constexpr (kIn) Number::store(tokens + c * p.patchH * p.patchW + inside, p.latents[index]);
    else p.latents[index] = Number::load(tokens + inside * p.channels + c);
}

// A thread copies one unit of a pixel to its four places.
template <typename Unit>
__global__ void doubleMap(const Unit* x, Unit* y, int64_t width, int64_t units, int64_t count) {
    const int64_t index = threadIndex();
    if (index >= count) return;
    const int64_t unit = index % units, column = index / units % width, row = index / (units * width);
    const Unit value = x[index];
    Unit* to = y + (row * 2 * 2 * width + 2 * column) * units + unit;
    to[0] = to[units] = value;
    to[2 * width * units] = to[(2 * width + 1) * units] = value;
}

template <typename Unit>
void launchDouble(const UpsampleParams& p, int64_t units, const LaunchContext& context) {
    const int64_t count = p.frames * p.height * p.width * units;
    if (count == 0) return;
    launch("upsample2x", doubleMap<Unit>, blocksFor(count), dim3(kThreads), 0, context.stream, static_cast<const Unit*>(p.x),
           static_cast<Unit*>(p.y), p.width, units, count);
}

// One thread a number of the map: it is written in order, and read in lines of a plane.
template <typename Number>
__global__ void mapFromPlanes(PlanesParams p, int64_t count) {
    const int64_t index = threadIndex();
    if (index >= count) return;
    const int64_t channel = index % p.channels, pixel = index / p.channels, pixels = p.height * p.width;
    const float x = p.x[(pixel / pixels * p.channels + channel) * pixels + pixel % pixels];
    const float value = p.limit > 0.0f ? p.limit * tanhf(x / p.limit) : x;
    Number::store(static_cast<typename Number::Type*>(p.y) + index,
                  value * (p.scale ? p.scale[channel] : 1.0f) + (p.offset ? p.offset[channel] : 0.0f));
}

// One thread a pixel. The same bits as on the CPU: product and sum are rounded each on its own.
template <typename Number>
__global__ void picturesOf(PicturesParams p) {
    const int64_t pixel = threadIndex();
    if (pixel >= p.pixels) return;
    const typename Number::Type* x = static_cast<const typename Number::Type*>(p.x) + 3 * pixel;
    uint8_t* y = p.y + pixel * p.bytesPerPixel;
    uint32_t all = 0xff000000u;
    for (int c = 0; c < 3; ++c) {
        const float scaled = __fmul_rn(__fadd_rn(__fmul_rn(Number::load(x + c), p.scale), p.offset), 255.0f);
        const float inside = scaled > 0.0f ? fminf(scaled, 255.0f) : 0.0f;
        all |= static_cast<uint32_t>(__float2int_rn(inside)) << (8 * c);
    }
    if (p.bytesPerPixel == 4) {
        *reinterpret_cast<uint32_t*>(y) = all;
        return;
    }
    for (int c = 0; c < 3; ++c) y[c] = static_cast<uint8_t>(all >> (8 * c));
}

// One thread four pixels, two of each of two lines.
template <typename Number>
__global__ void nv12Of(Nv12Params p) {
    const int64_t block = threadIndex(), columns = p.width / 2;
    if (block >= columns * (p.height / 2)) return;
    const int64_t pair = block / columns, x = 2 * (block % columns);
    Rgb around[2][3];
    for (int row = 0; row < 2; ++row) {
        uint8_t* luma = p.y + (2 * pair + row) * p.width + x;
        for (int column = 0; column < 3; ++column) {
            const int64_t at = (2 * pair + row) * p.width + (x + column > 0 ? x + column - 1 : 0);
            const typename Number::Type* from = static_cast<const typename Number::Type*>(p.x) + 3 * at;
            around[row][column] = {shownPart(Number::load(from), p.scale, p.offset), shownPart(Number::load(from + 1), p.scale, p.offset),
                                   shownPart(Number::load(from + 2), p.scale, p.offset)};
        }
        for (int column = 0; column < 2; ++column) luma[column] = static_cast<uint8_t>(__float2int_rn(lumaLevel(around[row][1 + column])));
    }
    const Rgb sample = chromaSample(around);
    uint8_t* differences = p.y + (p.height + pair) * p.width + x;
    differences[0] = static_cast<uint8_t>(__float2int_rn(blueLevel(sample)));
    differences[1] = static_cast<uint8_t>(__float2int_rn(redLevel(sample)));
}

void requirePatches(const PatchParams& p, const char* operation) {
    if (p.height % p.patchH || p.width % p.patchW)
        throw std::invalid_argument(std::string("[") + operation + "] the latents cannot be cut into patches");
}

}  // namespace

void launchCombine(const CombineParams& p, const LaunchContext& context) {
    if (p.count > 0) launch("combine", combineAll, blocksFor(p.count), dim3(kThreads), 0, context.stream, p);
}

void launchNoise(const NoiseParams& p, const LaunchContext& context) {
    if (p.count > 0) launch("noise", noiseAll, blocksFor((p.count + 3) / 4), dim3(kThreads), 0, context.stream, p);
}

void launchPatchify(const PatchParams& p, const LaunchContext& context) {
    requirePatches(p, "patchify");
    const int64_t count = p.frames * p.channels * p.height * p.width;
    byType(p.tokens.dtype, [&](auto number) {
        launch("patchify", patches<decltype(number), true>, blocksFor(count), dim3(kThreads), 0, context.stream, p, count);
    });
}

void launchUnpatchify(const PatchParams& p, const LaunchContext& context) {
    requirePatches(p, "unpatchify");
    if (p.tokens.dtype != DType::F32) throw std::invalid_argument("[unpatchify] tokens must be F32");
    const int64_t count = p.frames * p.channels * p.height * p.width;
    launch("unpatchify", patches<F32Number, false>, blocksFor(count), dim3(kThreads), 0, context.stream, p, count);
}

void launchPlanesToMap(const PlanesParams& p, const LaunchContext& context) {
    const int64_t count = p.frames * p.channels * p.height * p.width;
    if (count == 0) return;
    byType(p.dtype, [&](auto number) {
        launch("planesToMap", mapFromPlanes<decltype(number)>, blocksFor(count), dim3(kThreads), 0, context.stream, p, count);
    });
}

void launchPictures(const PicturesParams& p, const LaunchContext& context) {
    if (p.bytesPerPixel != 3 && (p.bytesPerPixel != 4 || reinterpret_cast<uintptr_t>(p.y) % 4 != 0))
        throw std::invalid_argument("[pictures] a pixel has 3 bytes, or 4 at an address that 4 divides");
    if (p.pixels == 0) return;
    byType(p.dtype, [&](auto number) {
        launch("pictures", picturesOf<decltype(number)>, blocksFor(p.pixels), dim3(kThreads), 0, context.stream, p);
    });
}

void launchNv12(const Nv12Params& p, const LaunchContext& context) {
    if (p.width % 2 || p.height % 2) throw std::invalid_argument("[nv12] both sides must be even");
    const int64_t blocks = p.width / 2 * (p.height / 2);
    if (blocks == 0) return;
    byType(p.dtype,
           [&](auto number) { launch("nv12", nv12Of<decltype(number)>, blocksFor(blocks), dim3(kThreads), 0, context.stream, p); });
}

void launchUpsample2x(const UpsampleParams& p, const LaunchContext& context) {
    const size_t pixelBytes = static_cast<size_t>(p.channels) * sizeOf(p.dtype);
    const bool wide = pixelBytes % 16 == 0 && reinterpret_cast<uintptr_t>(p.x) % 16 == 0 && reinterpret_cast<uintptr_t>(p.y) % 16 == 0;
    if (wide) launchDouble<uint4>(p, static_cast<int64_t>(pixelBytes / 16), context);
    else if (p.dtype == DType::BF16) launchDouble<uint16_t>(p, p.channels, context);
    else launchDouble<uint32_t>(p, p.channels, context);
}

}  // namespace longtake::cuda
