// Prints what the program would say of the GPUs here: one line for each, or why there are none.
#include <cstdio>

#include "kernels/cuda/load_module.h"

int main() {
    const auto devices = longtake::cudaDevices();
    if (!devices) {
        std::printf("%s\n", devices.message().c_str());
        return 1;
    }
    for (const longtake::CudaDevice& device : *devices) std::printf("%d %s %d\n", device.index, device.name.c_str(), device.architecture);
    return 0;
}
