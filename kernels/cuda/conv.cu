// Convolution on the device: the plain kernel serves every shape, with the weight as it comes.
#include <cstring>

#include "kernels/cuda/launch.h"

namespace longtake::cuda {

namespace {

int64_t numbers(const ConvWeight& w) { return w.outChannels * w.inChannels * w.kt * w.kh * w.kw; }

}  // namespace

size_t convWeightBytes(const ConvWeight& sizes) { return static_cast<size_t>(numbers(sizes)) * sizeof(float); }

void packConvWeight(const float* w, const ConvWeight& sizes, void* packed) { std::memcpy(packed, w, convWeightBytes(sizes)); }

size_t convWorkspaceBytes(const ConvParams&, const ConvWeight&, const DeviceTraits&) { return 0; }

void launchConv(const ConvParams& p, const ConvWeight& w, const LaunchContext& context) { launchPlainConv(p, w, context); }

}  // namespace longtake::cuda
