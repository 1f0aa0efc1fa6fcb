// The matrix library of the emulated machine: the same interface, plain loops.
#include <cmath>
#include <cstring>

#include "kernels/cuda/emulation/machine.h"
#include "kernels/cuda/gemm.h"
#include "kernels/numbers.h"

namespace longtake::cuda {

namespace {

float activated(float x, Activation activation) {
    switch (activation) {
        case Activation::Relu: return x > 0.0f ? x : 0.0f;
        case Activation::GeluTanh: return 0.5f * x * (1.0f + std::tanh(0.7978845608028654f * (x + 0.044715f * x * x * x)));
        default: return x;
    }
}

std::vector<float> floats(const void* data, DType dtype, int64_t rows, int64_t cols, int64_t stride) {
    std::vector<float> out(static_cast<size_t>(rows * cols));
    for (int64_t r = 0; r < rows; ++r)
        for (int64_t c = 0; c < cols; ++c) out[static_cast<size_t>(r * cols + c)] = numberAt(data, dtype, r * stride + c);
    return out;
}

void multiply(const GemmCall& c) {
    const std::vector<float> x = floats(c.x, c.inType, c.rows, c.in, c.xStride), w = floats(c.w, c.inType, c.out, c.in, c.in);
    for (int64_t r = 0; r < c.rows; ++r)
        for (int64_t o = 0; o < c.out; ++o) {
            const float *a = &x[static_cast<size_t>(r * c.in)], *b = &w[static_cast<size_t>(o * c.in)];
            float sum = 0.0f;
            for (int64_t i = 0; i < c.in; ++i) sum += a[i] * b[i];
            if (c.xScale) sum *= c.xScale[r] * c.wScale[o];
            if (c.alpha) sum *= c.alpha[o];
            if (c.bias) sum += numberAt(c.bias, c.biasType, o);
            if (c.add) sum += static_cast<const float*>(c.y)[r * c.yStride + o];
            const float value = activated(sum, c.activation);
            if (c.outType == DType::BF16) static_cast<uint16_t*>(c.y)[r * c.yStride + o] = bf16FromFloat(value);
            else static_cast<float*>(c.y)[r * c.yStride + o] = value;
        }
}

int64_t declined = 0;

// As the library's table of supported types has it.
bool isSupported(const GemmCall& c) {
    const bool eight = c.inType == DType::F8E4M3;
    if (eight != (c.xScale && c.wScale) || (eight && c.alpha)) return false;
    return !c.bias || c.biasType == (eight ? DType::BF16 : c.outType);
}

class EmulatedGemm final : public Gemm {
public:
    bool run(const GemmCall& call, const GemmResources& resources) override {
        if (!emulation::machine().libraryHasProducts || !isSupported(call)) {
            ++declined;
            return false;
        }
        return emulation::enqueue(resources.stream, [call] { multiply(call); }) == cudaSuccess;
    }
    float measuredMicroseconds(const GemmCall&) const override { return 0.0f; }
    std::string library() const override { return "emulated products"; }
};

}  // namespace

std::unique_ptr<Gemm> makeGemm(const GemmOptions&) { return std::make_unique<EmulatedGemm>(); }

}  // namespace longtake::cuda

int64_t longtake::emulation::declinedProducts() { return cuda::declined; }
