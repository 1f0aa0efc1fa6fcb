#include "kernels/cuda/tile_map.h"

#include <cudaTypedefs.h>

namespace longtake::cuda {

namespace {

// The driver is asked by name: the module is linked to no driver library.
PFN_cuTensorMapEncodeTiled_v12000 encoder() {
    void* found = nullptr;
    cudaDriverEntryPointQueryResult result = cudaDriverEntryPointSymbolNotFound;
    check(cudaGetDriverEntryPointByVersion("cuTensorMapEncodeTiled", &found, 12000, cudaEnableDefault, &result), "attention");
    if (result != cudaDriverEntryPointSuccess || !found) throw CudaError("attention", "this driver knows no bulk copies of tensors");
    return reinterpret_cast<PFN_cuTensorMapEncodeTiled_v12000>(found);
}

}  // namespace

TileMap makeTileMap(const TileMapShape& s) {
    static const PFN_cuTensorMapEncodeTiled_v12000 encode = encoder();
    const auto count = [](int64_t n) { return static_cast<cuuint64_t>(n); };
    const auto bytes = [&](int64_t numbers) { return count(numbers * s.numberBytes); };
    const cuuint64_t sizes[3] = {count(s.columns), count(s.rows), count(s.heads)};
    // One head's stride is never used, but it must be a valid one.
    const cuuint64_t strides[2] = {bytes(s.rowStride), bytes(s.heads > 1 ? s.headStride : s.rowStride)};
    const cuuint32_t box[3] = {static_cast<cuuint32_t>(kBoxRowBytes / s.numberBytes), static_cast<cuuint32_t>(s.boxRows), 1},
                     steps[3] = {1, 1, 1};
    TileMap map;
    const CUresult status = encode(&map, s.numberBytes == 2 ? CU_TENSOR_MAP_DATA_TYPE_BFLOAT16 : CU_TENSOR_MAP_DATA_TYPE_UINT8, 3,
                                   const_cast<void*>(s.data), sizes, strides, box, steps, CU_TENSOR_MAP_INTERLEAVE_NONE,
                                   CU_TENSOR_MAP_SWIZZLE_128B, CU_TENSOR_MAP_L2_PROMOTION_L2_256B, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
    if (status != CUDA_SUCCESS) throw CudaError("attention", "the driver declines the shape of a tensor for bulk copies");
    return map;
}

}  // namespace longtake::cuda
