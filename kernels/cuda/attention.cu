// Attention on the device: which kernel serves which shape.
#include <stdexcept>

#include "kernels/cuda/flash_attention.cuh"
#include "kernels/cuda/launch.h"

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

bool keysAreShared(const AttentionParams& p) { return p.heads > 1 && p.kHeadStride == 0 && p.vHeadStride == 0 && !p.bias; }

template <typename Tile>
bool launchFlash(const AttentionParams& p, const LaunchContext& context) {
    if (Tile::kSharedBytes > context.device.sharedBytesPerBlock) return false;
    const bool shared = keysAreShared(p);
    const FlashParams f{p, shared ? p.queries * p.heads : p.queries, shared ? p.heads : 1};
    const dim3 grid(static_cast<unsigned>((f.rows + Tile::kRows - 1) / Tile::kRows), static_cast<unsigned>(shared ? 1 : p.heads),
                    static_cast<unsigned>((p.vDim + Tile::kV - 1) / Tile::kV));
    launch("attention", flashAttention<Tile>, grid, dim3(kFlashThreads), Tile::kSharedBytes, context.stream, f);
    return true;
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

size_t attentionWorkspaceBytes(const AttentionParams&, const DeviceTraits&) { return 0; }

void launchAttention(const AttentionParams& p, const LaunchContext& context) {
    if (p.keys <= 0) throw std::invalid_argument("[attention] needs at least one key");
    if (p.queries == 0) return;
    if (suitsTensorCores(p, context.device) && launchTensorCores(p, context)) return;
    launchPlainAttention(p, context);
}

}  // namespace longtake::cuda
