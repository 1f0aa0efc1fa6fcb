// Attention on the device: the plain kernel serves every shape.
#include "kernels/cuda/launch.h"

namespace longtake::cuda {

size_t attentionWorkspaceBytes(const AttentionParams&, const DeviceTraits&) { return 0; }

void launchAttention(const AttentionParams& p, const LaunchContext& context) { launchPlainAttention(p, context); }

}  // namespace longtake::cuda
