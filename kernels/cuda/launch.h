// The device's operations as functions that put kernels on a stream: the backend's params, all pointers to device
// memory, and where to run. They return at once; a launch that fails throws (cuda_error.h), parameters that no kernel
// can serve throw std::invalid_argument("[operation] ...").
//
// Thread: any, one at a time for one stream and one workspace.
#pragma once

#include "kernels/cuda/device.h"
#include "kernels/params.h"

namespace longtake::cuda {

// Read once from the device; what kernels are chosen by.
struct DeviceTraits {
    int architecture = 0;  // 90 for 9.0
    int multiprocessors = 1;
    size_t sharedBytesPerBlock = 48 << 10;  // the most a block may ask for
    bool warpgroupAttention = false;        // of 9.0, where it is asked for
    bool f8Attention = false;               // of that, in e4m3
};

struct LaunchContext {
    cudaStream_t stream = nullptr;
    DeviceTraits device;
    void* workspace = nullptr;  // device memory, 256-byte aligned; contents are lost with every launch
    size_t workspaceBytes = 0;  // at least what the operation's ...WorkspaceBytes() asked for
};

// A convolution's weight in device memory, in the layout that packConvWeight() makes.
struct ConvWeight {
    DType dtype = DType::F32;  // F32 or BF16
    int64_t outChannels = 0, inChannels = 0;
    int kt = 1, kh = 1, kw = 1;
    const void* data = nullptr;
    const float* bias = nullptr;  // [outChannels], or absent
};

// Of a convolution's output; strides count numbers.
struct ConvSizes {
    int64_t outFrames, outHeight, outWidth;
    int64_t pixelStride, rowStride, frameStride;
};
// Throws std::invalid_argument when the input is smaller than the kernel.
ConvSizes sizesOf(const ConvParams&, const ConvWeight&);

// ---- attention and convolution: attention*.cu, conv*.cu ----
size_t attentionWorkspaceBytes(const AttentionParams&, const DeviceTraits&);
void launchAttention(const AttentionParams&, const LaunchContext&);

// data and bias of `sizes` are not looked at.
size_t convWeightBytes(const ConvWeight& sizes);
// w: [outChannels, inChannels, kt, kh, kw]; packed: convWeightBytes() of host memory, uploaded as they are.
void packConvWeight(const float* w, const ConvWeight& sizes, void* packed);
size_t convWorkspaceBytes(const ConvParams&, const ConvWeight&, const DeviceTraits&);
void launchConv(const ConvParams&, const ConvWeight&, const LaunchContext&);  // ConvParams::weight is not looked at

// ---- the plain ones: one thread a result, no tiles; the reference of the fast ones ----
void launchPlainAttention(const AttentionParams&, const LaunchContext&);
// w: [outChannels, inChannels, kt, kh, kw], F32 whatever ConvWeight::dtype says
void launchPlainConv(const ConvParams&, const ConvWeight&, const LaunchContext&);
// y = x w^T: x [rows, in] with a stride, w [out, in], both `dtype`; y [rows, out] F32.
void launchPlainProduct(const void* x, int64_t xStride, const void* w, DType dtype, float* y, int64_t rows, int64_t out, int64_t in,
                        const LaunchContext&);

// Whether this build holds kernels that the current device can run.
bool hasKernels();

// ---- rows.cu ----
// Rows as e4m3 without gaps, each by a scale of its own that makes its largest number 448: x = y * scale.
void launchQuantize(Rows x, uint8_t* y, float* scales, const LaunchContext&);
void launchNorm(const NormParams&, const LaunchContext&);
void launchRope(const RopeParams&, const LaunchContext&);
void launchActivate(Rows x, Rows y, Activation, const LaunchContext&);
void launchMultiply(Rows x, Rows y, const LaunchContext&);
// y = act(product + bias), or y += gate * (product + bias): what a matrix product's own epilogue cannot do.
void launchEpilogue(const MatmulParams&, const float* product, const float* bias, const LaunchContext&);

// ---- maps.cu ----
void launchChannelNorm(const ChannelNormParams&, const LaunchContext&);
void launchUpsample2x(const UpsampleParams&, const LaunchContext&);
void launchPlanesToMap(const PlanesParams&, const LaunchContext&);
void launchPictures(const PicturesParams&, const LaunchContext&);
void launchNv12(const Nv12Params&, const LaunchContext&);
void launchCombine(const CombineParams&, const LaunchContext&);
void launchNoise(const NoiseParams&, const LaunchContext&);
void launchPatchify(const PatchParams&, const LaunchContext&);
void launchUnpatchify(const PatchParams&, const LaunchContext&);

}  // namespace longtake::cuda
