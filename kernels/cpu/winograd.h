// 3x3 convolutions of F32 maps with 16 products where plain ones need 36: Winograd's F(2x2, 3x3) (Lavin and Gray,
// arXiv 1509.09308). A tile of 4x4 pixels gives 2x2; with t = B^T d B of the tile and u = G g G^T of the kernel, both summed
// over channels product by product, the pixels are A^T (u t) A.
//
// Owner:  the weight belongs to the convolution's packed weight.
// Thread: const after construction; run() itself runs on the pool.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/cpu/thread_pool.h"
#include "kernels/params.h"

namespace longtake::cpu {

class WinogradWeight {
public:
    static bool suits(int64_t inChannels, int kh, int kw, const ConvParams& params);

    // w: [out, in, kt, 3, 3]; bias: [out] or null.
    WinogradWeight(const float* w, const float* bias, int64_t out, int64_t in, int kt);

    void run(const ConvParams& params, ThreadPool& pool) const;
    size_t bytes() const { return (kernels_.size() + bias_.size()) * sizeof(float); }

private:
    int64_t out_, in_, columns_;  // columns_: out_, filled up to whole registers
    int kt_;
    std::vector<float> kernels_;  // [kt, 16, in, columns]
    std::vector<float> bias_;     // [columns]
};

}  // namespace longtake::cpu
