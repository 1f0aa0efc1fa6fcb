// What the parts of gpu_check share: what they run on, what they say, and a clock.
//
// Thread: one.
#pragma once

#include <chrono>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>

#include "kernels/devices.h"

namespace longtake {

// 832 x 480 and the whole model, unless the program itself is what is tried.
struct GpuSetup {
    std::string device = "cuda";
    bool f8Products = false;
    int64_t latentHeight = 60, latentWidth = 104;
    int layers = 30, textLayers = 24, timedChunks = 8, mostTakes = 400, mostTogether = 8;

    void makeSmall() {
        latentHeight = 4;
        latentWidth = 6;
        layers = textLayers = timedChunks = 1;
        mostTakes = 3;
        mostTogether = 2;
    }
};
inline GpuSetup& setup() {
    static GpuSetup one;
    return one;
}

struct NoDevice : std::runtime_error {
    using std::runtime_error::runtime_error;
};
constexpr int kSkipped = 77;

inline std::unique_ptr<Backend> gpu(Precision precision) {
    auto made = makeBackend({.device = setup().device, .precision = precision, .f8Products = setup().f8Products});
    if (!made) throw NoDevice(made.message());
    return std::move(*made);
}

inline double now() { return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

// Printed at once: a part may be cut off.
[[gnu::format(printf, 1, 2)]] inline void say(const char* format, ...) {
    std::va_list arguments;
    va_start(arguments, format);
    std::vprintf(format, arguments);
    va_end(arguments);
    std::fflush(stdout);
}

enum class Wanted { AtLeast, Below };

inline void figure(const char* name, double value, const char* unit, Wanted wanted, double bound) {
    const bool reached = wanted == Wanted::AtLeast ? value >= bound : value < bound;
    say("FIGURE %-62s %8.2f %-4s %s %g: %s\n", name, value, unit, wanted == Wanted::AtLeast ? "wanted at least" : "wanted below", bound,
        reached ? "reached" : "NOT REACHED");
}

// 0 when all is as it should be.
int take();
int dense();
int fit();
int prompt();
int idle();
int profile();

}  // namespace longtake
