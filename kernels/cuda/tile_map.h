// A tensor of bf16 or e4m3 numbers in device memory as Hopper's bulk copies see it: boxes of it come into shared memory with one
// instruction, zeros where the box reaches beyond it, 16-byte pieces of a row exchanged as warpgroup products want them.
//
// Thread: any.
#pragma once

#include "kernels/cuda/device.h"

#if !defined(LONGTAKE_EMULATED_DEVICE)
#include <cuda.h>
#endif

namespace longtake::cuda {

constexpr int kBoxRowBytes = 128;  // of a box: the widest row whose pieces are exchanged

struct TileMapShape {
    const void* data = nullptr;  // 16-byte aligned
    int64_t columns = 0, rows = 0, heads = 1;
    int64_t rowStride = 0, headStride = 0;  // in numbers; multiples of 16 bytes
    int boxRows = 0;                        // up to 256
    int numberBytes = 2;                    // 2: bf16, 1: e4m3
};

#if defined(LONGTAKE_EMULATED_DEVICE)
using TileMap = TileMapShape;
inline TileMap makeTileMap(const TileMapShape& shape) { return shape; }
#else
using TileMap = CUtensorMap;
// Throws CudaError where the driver has no bulk copies or declines the shape.
TileMap makeTileMap(const TileMapShape& shape);
#endif

}  // namespace longtake::cuda
