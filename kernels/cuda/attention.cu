// Attention on the device: which kernel serves which shape.
#include <algorithm>
#include <stdexcept>
#include <type_traits>

#include "kernels/cuda/attention_f32.cuh"
#include "kernels/cuda/attention_f8.cuh"
#include "kernels/cuda/flash_attention.cuh"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/warpgroup_attention.cuh"

namespace longtake::cuda {

namespace {

bool aligned(const void* data, int64_t rowStride, int64_t headStride) {
    return reinterpret_cast<uintptr_t>(data) % 16 == 0 && rowStride % 8 == 0 && headStride % 8 == 0;
}

// Whether the one-pass kernels can read it: 16 bytes at a time, heads of up to 384 numbers.
bool suitsTensorCores(const AttentionParams& p, const DeviceTraits& device) {
    return p.dtype == DType::BF16 && device.architecture >= 80 && p.qkDim % 8 == 0 && p.vDim % 8 == 0 && p.qkDim <= 384 && p.scale > 0.0f &&
           aligned(p.q, p.qRowStride, p.qHeadStride) && aligned(p.k, p.kRowStride, p.kHeadStride) &&
           aligned(p.v, p.vRowStride, p.vHeadStride) && reinterpret_cast<uintptr_t>(p.out) % 4 == 0 && p.outRowStride % 2 == 0 &&
           p.outHeadStride % 2 == 0;
}

// Whether the one-pass kernel in fp32 can read it: 16 bytes at a time.
bool suitsF32(const AttentionParams& p) {
    const auto fours = [](const void* data, int64_t rowStride, int64_t headStride) {
        return reinterpret_cast<uintptr_t>(data) % 16 == 0 && rowStride % 4 == 0 && headStride % 4 == 0;
    };
    return p.dtype == DType::F32 && p.qkDim % 4 == 0 && p.vDim % 4 == 0 && fours(p.q, p.qRowStride, p.qHeadStride) &&
           fours(p.k, p.kRowStride, p.kHeadStride) && fours(p.v, p.vRowStride, p.vHeadStride) &&
           fours(p.out, p.outRowStride, p.outHeadStride);
}

bool keysAreShared(const AttentionParams& p) { return p.heads > 1 && p.kHeadStride == 0 && p.vHeadStride == 0 && !p.bias; }

// A block for each tile of rows, head and share of the values' columns.
void launchTiles(void (*kernel)(FlashParams), const AttentionParams& p, int rows, int columns, int threads, size_t sharedBytes,
                 const LaunchContext& context) {
    const bool shared = keysAreShared(p);
    const FlashParams f{p, shared ? p.queries * p.heads : p.queries, shared ? p.heads : 1};
    const auto count = [](int64_t whole, int64_t part) { return static_cast<unsigned>((whole + part - 1) / part); };
    launch("attention", kernel, dim3(count(f.rows, rows), static_cast<unsigned>(shared ? 1 : p.heads), count(p.vDim, columns)),
           dim3(threads), sharedBytes, context.stream, f);
}

template <typename Tile>
bool launchFlash(const AttentionParams& p, const LaunchContext& context) {
    if (Tile::kSharedBytes > context.device.sharedBytesPerBlock) return false;
    launchTiles(flashAttention<Tile>, p, Tile::kRows, Tile::kV, kFlashThreads, Tile::kSharedBytes, context);
    return true;
}

// Whether Hopper's kernel can read it, and has enough to do.
bool suitsWarpgroups(const AttentionParams& p, const DeviceTraits& device) {
    using Tile = WarpgroupTile<false>;
    const bool ownHeads = p.heads == 1 || (p.qHeadStride > 0 && p.kHeadStride > 0 && p.vHeadStride > 0);
    return device.warpgroupAttention && device.sharedBytesPerBlock >= Tile::kSharedBytes && suitsTensorCores(p, device) && !p.bias &&
           ownHeads && p.qkDim <= Tile::kWidth && p.vDim <= Tile::kWidth && p.qkDim + p.vDim > 128 && p.queries >= Tile::kRows &&
           p.keys >= 2 * Tile::kKeys && p.keys < (int64_t{1} << 30) && p.queries < (int64_t{1} << 30);
}

// What is left after all multiprocessors had as many tiles of rows is cut where that saves time: into parts so that the last
// turn is short, and no smaller than it pays to join.
WarpgroupWork shareWork(const AttentionParams& p, const DeviceTraits& device) {
    using Tile = WarpgroupTile<false>;
    constexpr int kMostParts = 8;
    constexpr double kJoining = 0.03;  // of a whole tile's time, for each part
    const int64_t items = (p.queries + Tile::kRows - 1) / Tile::kRows * p.heads, rest = items % device.multiprocessors;
    const int64_t keyTiles = (p.keys + Tile::kKeys - 1) / Tile::kKeys;
    WarpgroupWork best{items, 0, 1};
    double shortest = rest ? 1.0 : 0.0;
    for (int parts = 2; parts <= std::min<int64_t>(kMostParts, keyTiles) && rest; ++parts) {
        const int64_t turns = (rest * parts + device.multiprocessors - 1) / device.multiprocessors;
        const double time = static_cast<double>(turns) / parts + kJoining * parts;
        if (time < shortest) {
            shortest = time;
            best = {items - rest, rest, parts};
        }
    }
    return best;
}

// The workspace of one launch, piece after piece.
struct WarpgroupWorkspace {
    float* sums = nullptr;
    float2* stats = nullptr;
    F8Params f8;
    size_t bytes = 0;

    WarpgroupWorkspace(const AttentionParams& p, const DeviceTraits& device, const WarpgroupWork& work, void* at) {
        using Tile = WarpgroupTile<true>;
        const auto take = [&](auto*& piece, int64_t count) {
            piece = reinterpret_cast<std::remove_reference_t<decltype(piece)>>(static_cast<char*>(at) + bytes);
            bytes += (static_cast<size_t>(count) * sizeof(*piece) + 255) / 256 * 256;
        };
        take(sums, work.cut * work.parts * Tile::kRows * Tile::kWidth);
        take(stats, work.cut * work.parts * Tile::kRows);
        f8.p = p;
        f8.paddedKeys = (p.keys + Tile::kKeys - 1) / Tile::kKeys * Tile::kKeys;
        if (!device.f8Attention) return;
        take(f8.q, p.heads * p.queries * kF8Width);
        take(f8.k, p.heads * p.keys * kF8Width);
        take(f8.v, p.heads * kF8Width * f8.paddedKeys);
        take(f8.largest, 3 * p.heads * kWarp);
        take(f8.scales, 3 * p.heads);
    }
};

void launchF8(const F8Params& f, const LaunchContext& context) {
    const auto count = [](int64_t n) { return static_cast<unsigned>(n); };
    const unsigned heads = count(f.p.heads);
    launch("attention", largestOfHeads, dim3(kWarp, heads, 3), dim3(kF8Threads), 0, context.stream, f);
    launch("attention", rowsToF8, dim3(count((std::max(f.p.queries, f.p.keys) + kF8Warps - 1) / kF8Warps), heads, 2), dim3(kF8Threads), 0,
           context.stream, f);
    launch("attention", columnsToF8, dim3(count(f.paddedKeys / WarpgroupTile<true>::kKeys), heads), dim3(kF8Threads), 0, context.stream, f);
}

template <bool kF8>
void launchWarpgroups(const AttentionParams& p, const LaunchContext& context) {
    using Tile = WarpgroupTile<kF8>;
    static_assert(Tile::kRows == 128 && Tile::kKeys == 128 && Tile::kWidth == kF8Width, "a box serves queries, keys and values");
    const WarpgroupWork work = shareWork(p, context.device);
    const WarpgroupWorkspace space(p, context.device, work, context.workspace);
    const F8Params& f8 = space.f8;
    WarpgroupParams f{.out = p.out,
                      .scales = f8.scales,
                      .sums = space.sums,
                      .stats = space.stats,
                      .outRowStride = p.outRowStride,
                      .outHeadStride = p.outHeadStride,
                      .queries = p.queries,
                      .keys = p.keys,
                      .rowTiles = (p.queries + Tile::kRows - 1) / Tile::kRows,
                      .heads = static_cast<int>(p.heads),
                      .vDim = static_cast<int>(p.vDim),
                      .factor = p.scale * kBitsOfE,
                      .lastKeyBits = p.lastKeyBias * kBitsOfE,
                      .work = work};
    const auto map = [&](const void* data, int64_t columns, int64_t rows, int64_t rowStride, int64_t headStride) {
        return makeTileMap({data, columns, rows, p.heads, rowStride, headStride, Tile::kRows, kF8 ? 1 : 2});
    };
    if constexpr (kF8) {
        launchF8(f8, context);
        f.q = map(f8.q, kF8Width, p.queries, kF8Width, p.queries * kF8Width);
        f.k = map(f8.k, kF8Width, p.keys, kF8Width, p.keys * kF8Width);
        f.v = map(f8.v, f8.paddedKeys, kF8Width, f8.paddedKeys, kF8Width * f8.paddedKeys);
    } else {
        f.q = map(p.q, p.qkDim, p.queries, p.qRowStride, p.qHeadStride);
        f.k = map(p.k, p.qkDim, p.keys, p.kRowStride, p.kHeadStride);
        f.v = map(p.v, p.vDim, p.keys, p.vRowStride, p.vHeadStride);
    }
    launch("attention", warpgroupAttention<Tile>, dim3(static_cast<unsigned>(work.blocks())), dim3(Tile::kThreads), Tile::kSharedBytes,
           context.stream, f);
    if (!work.cut) return;
    constexpr int kRowsOfBlock = 8;
    launch("attention", joinParts, dim3(static_cast<unsigned>(work.cut * Tile::kRows / kRowsOfBlock)), dim3(kRowsOfBlock * kWarp), 0,
           context.stream, f);
}

// Tiles from the fastest to the one that fits the least shared memory.
bool launchTensorCores(const AttentionParams& p, const LaunchContext& context) {
    if (p.qkDim <= 64 && p.vDim <= 64) return launchFlash<FlashTile<64, 64, 16, 64, false>>(p, context);
    if (p.qkDim <= 128 && p.vDim <= 128) {
        // Large tiles read each key half as often; few queries need small ones to keep every multiprocessor busy.
        const bool many = (p.queries + 127) / 128 * p.heads >= 2 * context.device.multiprocessors;
        return (many && launchFlash<FlashTile<128, 128, 32, 64, false>>(p, context)) ||
               launchFlash<FlashTile<128, 128, 16, 64, false>>(p, context);
    }
    const bool same = p.k == p.v && p.kRowStride == p.vRowStride && p.kHeadStride == p.vHeadStride && p.vDim <= 192;
    if (p.qkDim <= 256 && same)
        return launchFlash<FlashTile<256, 192, 16, 64, true>>(p, context) || launchFlash<FlashTile<256, 192, 16, 32, true>>(p, context);
    return launchFlash<FlashTile<384, 192, 16, 64, false>>(p, context) || launchFlash<FlashTile<384, 192, 16, 16, false>>(p, context);
}

}  // namespace

size_t attentionWorkspaceBytes(const AttentionParams& p, const DeviceTraits& device) {
    return suitsWarpgroups(p, device) ? WarpgroupWorkspace(p, device, shareWork(p, device), nullptr).bytes : 0;
}

void launchAttention(const AttentionParams& p, const LaunchContext& context) {
    if (p.keys <= 0) throw std::invalid_argument("[attention] needs at least one key");
    if (p.queries == 0) return;
    if (suitsWarpgroups(p, context.device))
        return context.device.f8Attention ? launchWarpgroups<true>(p, context) : launchWarpgroups<false>(p, context);
    if (suitsTensorCores(p, context.device) && launchTensorCores(p, context)) return;
    if (suitsF32(p))
        return launchTiles(flashAttentionF32, p, F32Tile::kRows, F32Tile::kColumns, F32Tile::kThreads, F32Tile::kSharedBytes, context);
    launchPlainAttention(p, context);
}

}  // namespace longtake::cuda
