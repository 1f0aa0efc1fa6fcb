// The devices that a program can compute on, by the names that users give them: "cpu", "cuda" (the first GPU), "cuda:1".
//
// Thread: any.
#pragma once

#include <string>
#include <vector>

#include "kernels/backend.h"
#include "kernels/result.h"

namespace longtake {

struct DeviceInfo {
    std::string id;    // "cpu", "cuda:0"
    std::string name;  // "CPU", "NVIDIA H200"
    bool usesThreads = false;
    std::vector<Precision> precisions;  // what it runs best first
};

struct DeviceList {
    std::vector<DeviceInfo> devices;  // the CPU always, and first
    std::string whyNoGpu;             // empty when there is one
};
DeviceList listDevices();

struct BackendChoice {
    std::string device = "cpu";
    int threads = 0;  // of the CPU; 0: as many as the process may use
    Precision precision = Precision::Bf16;
    bool f8Products = false;  // of GPUs that have them, with Bf16
};
// Never another device than the one asked for: what cannot be used is said, with what to do.
Result<std::unique_ptr<Backend>> makeBackend(const BackendChoice& choice);

// -1 for the CPU, the GPU's number, or an error that names what is understood.
Result<int> parseDevice(const std::string& id);

}  // namespace longtake
