// Writes pictures into memory and behind timelines that were imported from the display's API.
//
// Owner:  whoever shows frames; the CudaBackend must outlive it.
// Thread: the backend's.
#pragma once

#include <memory>

#include "kernels/cuda/launch.h"
#include "kernels/result.h"
#include "kernels/shared_frames.h"

namespace longtake::cuda {

// uuid: of the device that `context` runs on.
Result<std::unique_ptr<SharedFrameWriter>> makeFrameWriter(const SharedFramesOrigin& origin, const std::array<unsigned char, 16>& uuid,
                                                           const LaunchContext& context);

}  // namespace longtake::cuda
