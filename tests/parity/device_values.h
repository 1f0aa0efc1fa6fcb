// Numbers in a backend's memory, made from and read back as floats.
//
// Owner:  the test. The Backend must outlive it. Thread: one.
#pragma once

#include <cmath>
#include <memory>
#include <random>
#include <vector>

#include "kernels/backend.h"

namespace longtake {

class DeviceValues {
public:
    DeviceValues(Backend& backend, DType dtype, const std::vector<float>& values)
        : backend_(backend), dtype_(dtype), count_(values.size()) {
        memory_ = backend.allocate(std::max<size_t>(count_, 1) * sizeOf(dtype));
        if (dtype == DType::F32) {
            backend.upload(memory_.get(), values.data(), count_ * sizeof(float));
            return;
        }
        std::vector<uint16_t> halves(count_);
        for (size_t i = 0; i < count_; ++i) halves[i] = bf16FromFloat(values[i]);
        backend.upload(memory_.get(), halves.data(), count_ * sizeof(uint16_t));
    }
    static DeviceValues poisoned(Backend& backend, DType dtype, int64_t count) {
        return {backend, dtype, std::vector<float>(static_cast<size_t>(count), std::nanf(""))};
    }

    void* data() const { return memory_.get(); }
    void* at(int64_t index) const { return static_cast<char*>(memory_.get()) + static_cast<size_t>(index) * sizeOf(dtype_); }
    float* floats() const { return static_cast<float*>(memory_.get()); }
    DType dtype() const { return dtype_; }
    Rows rows(int64_t rows, int64_t cols, int64_t stride) const { return {memory_.get(), dtype_, rows, cols, stride}; }

    std::vector<float> read() const {
        backend_.synchronize();
        std::vector<float> values(count_);
        if (dtype_ == DType::F32) {
            backend_.download(values.data(), memory_.get(), count_ * sizeof(float));
            return values;
        }
        std::vector<uint16_t> halves(count_);
        backend_.download(halves.data(), memory_.get(), count_ * sizeof(uint16_t));
        for (size_t i = 0; i < count_; ++i) values[i] = floatFromBf16(halves[i]);
        return values;
    }

private:
    Backend& backend_;
    DType dtype_;
    size_t count_;
    std::shared_ptr<void> memory_;
};

// Uniform in [-scale, scale], rounded to what bf16 can hold.
inline std::vector<float> randomValues(int64_t count, uint32_t seed, float scale = 1.0f) {
    std::mt19937 generator(seed);
    std::vector<float> values(static_cast<size_t>(count));
    for (float& value : values) {
        const float uniform = static_cast<float>(generator() >> 8) * 0x1p-23f - 1.0f;
        value = floatFromBf16(bf16FromFloat(uniform * scale));
    }
    return values;
}

}  // namespace longtake
