#include "kernels/cpu/conv.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "kernels/cpu/onednn.h"
#include "kernels/cpu/winograd.h"
#include "kernels/numbers.h"

namespace longtake::cpu {

namespace {

using dnnl::memory;

// Multiplications in one tile. Small enough that threads finish together, large enough to hide a primitive's start.
constexpr int64_t tileProducts(DType dtype) { return dtype == DType::F32 ? 8 << 20 : 16 << 20; }

// oneDNN computes output channels by 16. A convolution to colours therefore counts four neighbouring pixels as the
// channels of one, which lie in memory just so: half the work for three channels. With six, two: two thirds of it.
constexpr int64_t kLeastChannels = 16;
constexpr int64_t neighboursFor(int64_t channels) { return 4 * channels <= kLeastChannels ? 4 : 2 * channels <= kLeastChannels ? 2 : 1; }

// What a primitive depends on. Rows are those of one band; the paddings are the band's own.
struct BandKey {
    int64_t inRows, outRows, inWidth, outWidth;
    int padTop, padBottom, padLeft, padRight, rowStride, columnStride;
    DType dtype;
    bool accumulate;
    Activation activation;
    auto fields() const {
        return std::tie(inRows, outRows, inWidth, outWidth, padTop, padBottom, padLeft, padRight, rowStride, columnStride, dtype,
                        accumulate, activation);
    }
    bool operator<(const BandKey& other) const { return fields() < other.fields(); }
};

struct BandConv {
    dnnl::convolution_forward primitive;
    dnnl::convolution_forward::primitive_desc description;
    memory weight;
    size_t scratchBytes = 0;
};

dnnl::primitive_attr attributesOf(const BandKey& key) {
    dnnl::post_ops ops;
    if (key.accumulate) ops.append_sum(1.0f);
    switch (key.activation) {
        case Activation::None: break;
        case Activation::Relu: ops.append_eltwise(1.0f, dnnl::algorithm::eltwise_relu, 0.0f, 0.0f); break;
        case Activation::Silu: ops.append_eltwise(1.0f, dnnl::algorithm::eltwise_swish, 1.0f, 0.0f); break;
        case Activation::GeluTanh: ops.append_eltwise(1.0f, dnnl::algorithm::eltwise_gelu_tanh, 0.0f, 0.0f); break;
    }
    dnnl::primitive_attr attributes;
    attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    attributes.set_post_ops(ops);
    return attributes;
}

class ConvWeight final : public PackedWeight {
public:
    struct Source {
        const void* w;
        DType dtype;
        const float* bias;  // or null
    };

    // Called from a pool task.
    ConvWeight(const Source& source, int64_t outChannels, int64_t inChannels, int kt, int kh, int kw, DType compute)
        : out_(outChannels), in_(inChannels), kt_(kt), kh_(kh), kw_(kw) {
        const memory::dims dims = weightDims();
        const auto plain = kt_ == 1 ? memory::format_tag::oihw : memory::format_tag::oidhw;
        memory values(memory::desc(dims, memory::data_type::f32, plain), dnnlEngine());
        float* to = static_cast<float*>(values.get_data_handle());
        for (int64_t i = 0; i < out_ * in_ * kt_ * kh_ * kw_; ++i) to[i] = numberAt(source.w, source.dtype, i);
        // The layout that a convolution wants depends on its size, so the first one replaces this.
        layouts_.push_back(reordered(values, memory::desc(dims, dnnlType(compute), plain)));
        if (source.bias) {
            bias_ = memory(memory::desc({out_}, memory::data_type::f32, memory::format_tag::a), dnnlEngine());
            std::copy(source.bias, source.bias + out_, static_cast<float*>(bias_.get_data_handle()));
        }
        if (neighboursFor(out_) > 1) neighbours_ = makeNeighbours(to, source.bias, compute);
    }

    // The same convolution for neighboursFor() pixels at once, or null.
    ConvWeight* neighbours() { return neighbours_.get(); }
    // The same convolution by fewer products, or null where it has no such form. The first use replaces the plain weights:
    // a weight serves one stride and one type.
    const WinogradWeight* winograd(const ConvParams& p) {
        if (!winograd_ && bands_.empty() && WinogradWeight::suits(in_, kh_, kw_, p)) {
            winograd_.emplace(static_cast<const float*>(layouts_.front().get_data_handle()),
                              bias_ ? static_cast<const float*>(bias_.get_data_handle()) : nullptr, out_, in_, kt_);
            layouts_.clear();
            neighbours_.reset();
        }
        return winograd_ ? &*winograd_ : nullptr;
    }
    int64_t outChannels() const { return out_; }
    int64_t inChannels() const { return in_; }
    int kt() const { return kt_; }
    int kh() const { return kh_; }
    int kw() const { return kw_; }
    const memory& bias() const { return bias_; }

    size_t bytes() const override {
        size_t total = bias_ ? bias_.get_desc().get_size() : 0;
        for (const memory& layout : layouts_) total += layout.get_desc().get_size();
        return total + (neighbours_ ? neighbours_->bytes() : 0) + (winograd_ ? winograd_->bytes() : 0);
    }

    // Called from pool tasks, where OpenMP has one thread: the primitive is sequential for good.
    const BandConv& band(const BandKey& key) {
        std::lock_guard lock(mutex_);
        auto found = bands_.find(key);
        if (found == bands_.end()) found = bands_.emplace(key, make(key)).first;
        return found->second;
    }

private:
    memory::dims weightDims() const { return kt_ == 1 ? memory::dims{out_, in_, kh_, kw_} : memory::dims{out_, in_, kt_, kh_, kw_}; }

    std::unique_ptr<ConvWeight> makeNeighbours(const float* w, const float* bias, DType compute) const {
        const int64_t pixels = neighboursFor(out_), wide = kw_ + pixels - 1, rows = in_ * kt_ * kh_;
        std::vector<float> values(static_cast<size_t>(pixels * out_ * rows * wide)), biases;
        for (int64_t pixel = 0; pixel < pixels; ++pixel)
            for (int64_t row = 0; row < out_ * rows; ++row)
                std::copy(w + row * kw_, w + (row + 1) * kw_, values.begin() + (pixel * out_ * rows + row) * wide + pixel);
        for (int64_t pixel = 0; bias && pixel < pixels; ++pixel) biases.insert(biases.end(), bias, bias + out_);
        const Source source{values.data(), DType::F32, bias ? biases.data() : nullptr};
        return std::make_unique<ConvWeight>(source, pixels * out_, in_, kt_, kh_, static_cast<int>(wide), compute);
    }

    static memory reordered(memory& from, const memory::desc& layout) {
        memory to(layout, dnnlEngine());
        dnnl::reorder(from, to).execute(dnnlStream(), from, to);
        dnnlStream().wait();
        return to;
    }

    memory weightIn(const memory::desc& layout) {
        for (const memory& existing : layouts_) {
            if (existing.get_desc() == layout) return existing;
        }
        memory made = reordered(layouts_.front(), layout);
        const bool sameType = layout.data.data_type == layouts_.front().get_desc().data.data_type;
        if (bands_.empty() && sameType) layouts_.clear();
        layouts_.push_back(made);
        return made;
    }

    BandConv make(const BandKey& key) {
        const auto type = dnnlType(key.dtype);
        const bool flat = kt_ == 1;
        const auto channelsLast = flat ? memory::format_tag::nhwc : memory::format_tag::ndhwc;
        using Dims = memory::dims;
        const memory::desc x(flat ? Dims{1, in_, key.inRows, key.inWidth} : Dims{1, in_, kt_, key.inRows, key.inWidth}, type, channelsLast);
        const memory::desc y(flat ? Dims{1, out_, key.outRows, key.outWidth} : Dims{1, out_, 1, key.outRows, key.outWidth}, type,
                             channelsLast);
        const memory::desc w(weightDims(), type, memory::format_tag::any);
        const Dims strides = flat ? Dims{key.rowStride, key.columnStride} : Dims{1, key.rowStride, key.columnStride};
        const Dims before = flat ? Dims{key.padTop, key.padLeft} : Dims{0, key.padTop, key.padLeft};
        const Dims after = flat ? Dims{key.padBottom, key.padRight} : Dims{0, key.padBottom, key.padRight};
        using Conv = dnnl::convolution_forward;
        constexpr auto kKind = dnnl::prop_kind::forward_inference;
        constexpr auto kHow = dnnl::algorithm::convolution_direct;
        const Conv::desc operation = bias_ ? Conv::desc(kKind, kHow, x, w, bias_.get_desc(), y, strides, before, after)
                                           : Conv::desc(kKind, kHow, x, w, y, strides, before, after);
        BandConv made;
        made.description = Conv::primitive_desc(operation, attributesOf(key), dnnlEngine());
        made.primitive = Conv(made.description);
        made.weight = weightIn(made.description.weights_desc());
        made.scratchBytes = made.description.scratchpad_desc().get_size();
        return made;
    }

    int64_t out_, in_;
    int kt_, kh_, kw_;
    memory bias_;
    std::vector<memory> layouts_;
    std::map<BandKey, BandConv> bands_;
    std::unique_ptr<ConvWeight> neighbours_;
    std::optional<WinogradWeight> winograd_;
    std::mutex mutex_;
};

void require(bool condition, const char* what) {
    if (!condition) throw std::invalid_argument(std::string("[conv] ") + what);
}

// How the output of one call is cut, and where it goes.
struct Plan {
    int64_t outFrames = 0, outHeight = 0, outWidth = 0;
    int64_t bandRows = 0, bands = 0;
    int columnStride = 1;
    int64_t pixelStride = 0, rowStride = 0, frameStride = 0;
    bool gaps = false;  // between the pixels or rows of a band
};

Plan planOf(const ConvParams& p, const ConvWeight& weight, int columnStride) {
    Plan plan;
    require(p.stride >= 1 && p.strideT >= 1, "strides start at 1");
    require(p.frames >= weight.kt(), "fewer frames than the kernel is long");
    require(std::max(p.padTop, p.padBottom) < weight.kh() && std::max(p.padLeft, p.padRight) < weight.kw(),
            "padding must be smaller than the kernel");  // so every output row sees a row of the picture
    plan.outFrames = (p.frames - weight.kt()) / p.strideT + 1;
    const int64_t spareRows = p.height + p.padTop + p.padBottom - weight.kh();
    const int64_t spareColumns = p.width + p.padLeft + p.padRight - weight.kw();
    require(spareRows >= 0 && spareColumns >= 0, "the kernel is larger than the padded picture");
    plan.outHeight = spareRows / p.stride + 1;
    plan.outWidth = spareColumns / columnStride + 1;
    plan.columnStride = columnStride;
    const int64_t perRow =
        plan.outWidth * std::max(weight.outChannels(), kLeastChannels) * weight.inChannels() * weight.kt() * weight.kh() * weight.kw();
    const int64_t rows = std::clamp<int64_t>(tileProducts(p.dtype) / std::max<int64_t>(perRow, 1), 1, plan.outHeight);
    plan.bands = (plan.outHeight + rows - 1) / rows;
    plan.bandRows = (plan.outHeight + plan.bands - 1) / plan.bands;
    plan.bands = (plan.outHeight + plan.bandRows - 1) / plan.bandRows;
    plan.pixelStride = p.yPixelStride ? p.yPixelStride : weight.outChannels();
    plan.rowStride = p.yRowStride ? p.yRowStride : plan.outWidth * plan.pixelStride;
    plan.frameStride = p.yFrameStride ? p.yFrameStride : plan.outHeight * plan.rowStride;
    plan.gaps = plan.pixelStride != weight.outChannels() || plan.rowStride != plan.outWidth * plan.pixelStride;
    require(!plan.gaps || !p.accumulate, "cannot accumulate into an output with gaps");
    return plan;
}

struct Band {
    int64_t firstIn = 0, firstOut = 0;
    BandKey key{};
};

Band bandOf(const ConvParams& p, const ConvWeight& weight, const Plan& plan, int64_t index) {
    Band band;
    band.firstOut = index * plan.bandRows;
    const int64_t outRows = std::min(plan.bandRows, plan.outHeight - band.firstOut);
    const int64_t first = band.firstOut * p.stride - p.padTop;  // input rows [first, end), some of them padding
    const int64_t end = first + (outRows - 1) * p.stride + weight.kh();
    band.firstIn = std::max<int64_t>(first, 0);
    const int64_t lastIn = std::min(end, p.height) - 1;
    band.key = {lastIn - band.firstIn + 1,
                outRows,
                p.width,
                plan.outWidth,
                static_cast<int>(band.firstIn - first),
                static_cast<int>(end - 1 - lastIn),
                p.padLeft,
                p.padRight,
                p.stride,
                plan.columnStride,
                p.dtype,
                p.accumulate,
                p.activation};
    return band;
}

// The band's rows of all the frames under the kernel, one frame after the other: oneDNN knows no gap between frames.
const char* gathered(const char* x, int64_t frames, size_t frameBytes, size_t bandBytes) {
    if (frames == 1 || bandBytes == frameBytes) return x;
    char* out = static_cast<char*>(threadScratch(Scratch::Tile, static_cast<size_t>(frames) * bandBytes));
    for (int64_t f = 0; f < frames; ++f)
        std::memcpy(out + static_cast<size_t>(f) * bandBytes, x + static_cast<size_t>(f) * frameBytes, bandBytes);
    return out;
}

// Rows of pixels without gaps to their places in the output.
void spread(const char* from, char* to, int64_t rows, int64_t columns, size_t pixelBytes, size_t pixelStep, size_t rowStep) {
    for (int64_t r = 0; r < rows; ++r) {
        char* pixel = to + static_cast<size_t>(r) * rowStep;
        for (int64_t c = 0; c < columns; ++c, from += pixelBytes, pixel += pixelStep) {
            size_t at = 0;
            for (; at + 32 <= pixelBytes; at += 32) std::memcpy(pixel + at, from + at, 32);
            if (at < pixelBytes) std::memcpy(pixel + at, from + at, pixelBytes - at);
        }
    }
}

void runBand(const ConvWeight& weight, const BandConv& band, const char* x, char* y) {
    const dnnl::engine& engine = dnnlEngine();
    std::unordered_map<int, memory> arguments{
        {DNNL_ARG_SRC, memory(band.description.src_desc(), engine, const_cast<char*>(x))},
        {DNNL_ARG_WEIGHTS, band.weight},
        {DNNL_ARG_DST, memory(band.description.dst_desc(), engine, y)},
        {DNNL_ARG_SCRATCHPAD, memory(band.description.scratchpad_desc(), engine, threadScratch(Scratch::Library, band.scratchBytes))}};
    if (weight.bias()) arguments.emplace(DNNL_ARG_BIAS, weight.bias());
    band.primitive.execute(dnnlStream(), arguments);
    dnnlStream().wait();
}

void convWith(const ConvParams& p, ConvWeight& weight, const Plan& plan, ThreadPool& pool) {
    const size_t size = sizeOf(p.dtype);
    const size_t inRowBytes = static_cast<size_t>(p.width * weight.inChannels()) * size;
    const size_t inFrameBytes = inRowBytes * static_cast<size_t>(p.height);
    const size_t pixelBytes = static_cast<size_t>(weight.outChannels()) * size;
    pool.run(plan.outFrames * plan.bands, [&](int64_t task) {
        const int64_t frame = task / plan.bands;
        const Band band = bandOf(p, weight, plan, task % plan.bands);
        const char* x = static_cast<const char*>(p.x) + static_cast<size_t>(frame * p.strideT) * inFrameBytes +
                        static_cast<size_t>(band.firstIn) * inRowBytes;
        char* y = static_cast<char*>(p.y) + static_cast<size_t>(frame * plan.frameStride + band.firstOut * plan.rowStride) * size;
        const BandConv& made = weight.band(band.key);
        const char* from = gathered(x, weight.kt(), inFrameBytes, static_cast<size_t>(band.key.inRows) * inRowBytes);
        if (!plan.gaps) {
            runBand(weight, made, from, y);
            return;
        }
        const int64_t rows = band.key.outRows;
        char* dense = static_cast<char*>(threadScratch(Scratch::Output, static_cast<size_t>(rows * plan.outWidth) * pixelBytes));
        runBand(weight, made, from, dense);
        spread(dense, y, rows, plan.outWidth, pixelBytes, static_cast<size_t>(plan.pixelStride) * size,
               static_cast<size_t>(plan.rowStride) * size);
    });
}

}  // namespace

std::unique_ptr<PackedWeight> packConv(const void* w, DType dtype, const float* bias, int64_t outChannels, int64_t inChannels, int kt,
                                       int kh, int kw, DType compute, ThreadPool& pool) {
    std::unique_ptr<PackedWeight> packed;
    pool.run(1, [&](int64_t) {
        packed = std::make_unique<ConvWeight>(ConvWeight::Source{w, dtype, bias}, outChannels, inChannels, kt, kh, kw, compute);
    });
    return packed;
}

void conv(const ConvParams& p, ThreadPool& pool) {
    auto& weight = const_cast<ConvWeight&>(dynamic_cast<const ConvWeight&>(*p.weight));
    const Plan plan = planOf(p, weight, p.stride);
    const auto pixels = static_cast<int>(neighboursFor(weight.outChannels()));
    if (const WinogradWeight* fewer = weight.winograd(p)) {
        require(p.stride == 1 && p.dtype == DType::F32, "a weight serves one stride and one type");
        fewer->run(p, pool);
    } else if (weight.neighbours() && p.stride == 1 && plan.outWidth % pixels == 0 && !p.yPixelStride)
        convWith(p, *weight.neighbours(), planOf(p, *weight.neighbours(), pixels), pool);
    else convWith(p, weight, plan, pool);
}

}  // namespace longtake::cpu
