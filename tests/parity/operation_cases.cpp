#include "tests/parity/operation_cases.h"

#include <algorithm>

#include "tests/parity/conv_cases.h"
#include "tests/parity/device_values.h"

namespace longtake {

namespace {

using Cases = std::vector<OperationCase>;
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
// One rounding to bf16, and a little for where it falls.
constexpr double kBf16 = 1.0 / 128;

void append(std::vector<float>& to, const std::vector<float>& values) { to.insert(to.end(), values.begin(), values.end()); }

std::string text(int64_t value) { return std::to_string(value); }

const char* nameOf(Activation activation) {
    constexpr const char* kNames[] = {"", " relu", " silu", " gelu"};
    return kNames[static_cast<int>(activation)];
}

void addMatmul(Cases& out, int64_t m, int64_t n, int64_t k, bool bias, Activation activation, bool gaps = true) {
    OperationCase c;
    c.name = "matmul " + text(m) + "x" + text(n) + "x" + text(k) + (bias ? " bias" : "") + nameOf(activation);
    c.run = [=](Backend& b, DType type) {
        const int64_t xStride = k + (gaps ? 3 : 0), yStride = n + (gaps ? 5 : 0);
        const DeviceValues x(b, type, randomValues(m * xStride, 1));
        const std::vector<float> w = randomValues(n * k, 2, 1.0f / std::sqrt(static_cast<float>(k))), add = randomValues(n, 3);
        const auto weight = b.packMatmulAs(type, w.data(), DType::F32, bias ? add.data() : nullptr, n, k);
        std::vector<float> all;
        for (DType outType : {DType::F32, type}) {
            const DeviceValues y = DeviceValues::poisoned(b, outType, m * yStride);
            b.matmul({.x = x.rows(m, k, xStride), .weight = weight.get(), .y = y.rows(m, n, yStride), .activation = activation});
            append(all, y.read());
        }
        return all;
    };
    c.fp32 = {2e-5, 2e-5};
    c.bf16 = {2e-3, kBf16};
    out.push_back(std::move(c));
}

// groups 0: no gate.
void addGatedMatmul(Cases& out, int64_t m, int64_t n, int64_t k, int64_t groups, bool bias) {
    OperationCase c;
    c.name = "matmul " + text(m) + "x" + text(n) + "x" + text(k) + " added, " + text(groups) + " gates" + (bias ? ", bias" : "");
    c.run = [=](Backend& b, DType type) {
        const DeviceValues x(b, type, randomValues(m * k, 1)), y(b, DType::F32, randomValues(m * n, 4)),
            gate(b, DType::F32, randomValues(std::max<int64_t>(groups, 1) * n, 5));
        const std::vector<float> w = randomValues(n * k, 2, 1.0f / std::sqrt(static_cast<float>(k))), add = randomValues(n, 3);
        const auto weight = b.packMatmulAs(type, w.data(), DType::F32, bias ? add.data() : nullptr, n, k);
        MatmulParams p{.x = x.rows(m, k, k), .weight = weight.get(), .y = y.rows(m, n, n), .accumulate = true};
        if (groups) p.gate = {gate.floats(), n, (m + groups - 1) / groups};
        b.matmul(p);
        return y.read();
    };
    c.fp32 = c.bf16 = {2e-5, 2e-5};
    out.push_back(std::move(c));
}

void addNorm(Cases& out, NormKind kind, int64_t m, int64_t d, bool affine, bool modulated, int64_t gap) {
    OperationCase c;
    c.name = std::string(kind == NormKind::Layer ? "layer norm " : "rms norm ") + text(m) + "x" + text(d) + (affine ? " affine" : "") +
             (modulated ? " modulated" : "");
    c.run = [=](Backend& b, DType type) {
        const int64_t stride = d + gap, group = (m + 1) / 2;
        std::vector<float> values = randomValues(m * stride, 1, 3);
        if (m > 2) values[static_cast<size_t>(stride + d / 2)] = kNan;  // of one row alone
        const DeviceValues x(b, type, values), gain(b, DType::F32, randomValues(d, 2)), bias(b, DType::F32, randomValues(d, 3)),
            scale(b, DType::F32, randomValues(2 * d, 4)), shift(b, DType::F32, randomValues(2 * d, 5));
        std::vector<float> all;
        for (DType outType : {type, DType::F32}) {
            const DeviceValues y = DeviceValues::poisoned(b, outType, m * stride);
            NormParams p{.kind = kind, .x = x.rows(m, d, stride), .y = y.rows(m, d, stride)};
            if (affine) {
                p.gain = gain.floats();
                if (kind == NormKind::Layer) p.bias = bias.floats();
            }
            if (modulated) {
                p.scale = {scale.floats(), d, group};
                p.shift = {shift.floats(), d, group};
            }
            b.norm(p);
            append(all, y.read());
        }
        return all;
    };
    c.fp32 = {2e-5, 2e-5};
    c.bf16 = {1e-4, kBf16};
    out.push_back(std::move(c));
}

void addRope(Cases& out, int64_t rows, int64_t heads, int64_t pairs, bool inPlace) {
    OperationCase c;
    c.name = "rope " + text(rows) + " rows, " + text(heads) + " heads, " + text(pairs) + " pairs" + (inPlace ? ", in place" : "");
    c.run = [=](Backend& b, DType type) {
        const int64_t width = 2 * pairs + 6, stride = heads * width + 1;
        const DeviceValues x(b, type, randomValues(rows * stride, 1)), y = DeviceValues::poisoned(b, type, rows * stride);
        std::vector<float> cosines(static_cast<size_t>(rows * pairs)), sines(cosines.size());
        for (size_t i = 0; i < cosines.size(); ++i) {
            cosines[i] = std::cos(0.37f * static_cast<float>(i));
            sines[i] = std::sin(0.37f * static_cast<float>(i));
        }
        const DeviceValues cosine(b, DType::F32, cosines), sine(b, DType::F32, sines);
        const DeviceValues& to = inPlace ? x : y;
        b.rope({.x = x.at(3),
                .xDtype = type,
                .xRowStride = stride,
                .xHeadStride = width,
                .y = to.at(3),
                .yDtype = type,
                .yRowStride = stride,
                .yHeadStride = width,
                .rows = rows,
                .heads = heads,
                .pairs = pairs,
                .cosines = cosine.floats(),
                .sines = sine.floats()});
        return to.read();
    };
    c.fp32 = {2e-6, 2e-6};
    c.bf16 = {1e-5, kBf16};
    out.push_back(std::move(c));
}

struct AttentionCase {
    int64_t queries, keys, heads, qkDim, vDim;
    bool shared = false;  // keys and values of all heads are the same rows, values the first columns of keys
    bool bias = false;
    float lastKeyBias = 0.0f;
    float size = 1.0f;  // of queries: large ones make a softmax that is nearly one-hot
    int64_t gap = 0;    // between rows
    bool nan = false;   // in one query
};

void addAttention(Cases& out, const AttentionCase& a) {
    OperationCase c;
    c.name = "attention " + text(a.queries) + " queries, " + text(a.keys) + " keys, " + text(a.heads) + " heads, " + text(a.qkDim) +
             " and " + text(a.vDim) + " wide" + (a.shared ? ", shared" : "") + (a.bias ? ", bias" : "") +
             (a.lastKeyBias != 0 ? ", last key heavy" : "") + (a.size != 1 ? ", sharp" : "") + (a.nan ? ", NaN" : "");
    c.run = [a](Backend& b, DType type) {
        const int64_t kvHeads = a.shared ? 1 : a.heads, qStride = a.heads * a.qkDim + a.gap, kStride = kvHeads * a.qkDim + a.gap;
        const int64_t vStride = a.shared ? kStride : a.heads * a.vDim + a.gap, outStride = a.heads * a.vDim + a.gap;
        std::vector<float> queries = randomValues(a.queries * qStride, 1, a.size);
        if (a.nan) queries[static_cast<size_t>((a.queries / 2) * qStride + 1)] = kNan;
        const DeviceValues q(b, type, queries), k(b, type, randomValues(a.keys * kStride, 2)),
            v(b, type, randomValues(a.keys * vStride, 3)),
            bias(b, DType::F32, randomValues(a.bias ? a.heads * a.queries * a.keys : 1, 4, 2)),
            y = DeviceValues::poisoned(b, type, a.queries * outStride);
        b.attention({.dtype = type,
                     .q = q.data(),
                     .k = k.data(),
                     .v = a.shared ? k.data() : v.data(),
                     .out = y.data(),
                     .qRowStride = qStride,
                     .qHeadStride = a.qkDim,
                     .kRowStride = kStride,
                     .kHeadStride = a.shared ? 0 : a.qkDim,
                     .vRowStride = vStride,
                     .vHeadStride = a.shared ? 0 : a.vDim,
                     .outRowStride = outStride,
                     .outHeadStride = a.vDim,
                     .queries = a.queries,
                     .keys = a.keys,
                     .heads = a.heads,
                     .qkDim = a.qkDim,
                     .vDim = a.vDim,
                     .scale = 1.0f / std::sqrt(static_cast<float>(a.qkDim)),
                     .bias = a.bias ? bias.floats() : nullptr,
                     .lastKeyBias = a.lastKeyBias});
        return y.read();
    };
    c.fp32 = {2e-5, 2e-5};
    c.bf16 = {6e-3, kBf16};  // probabilities are rounded to bf16 before they weigh the values
    out.push_back(std::move(c));
}

// interleaved: into every other pixel of a map of twice the size.
void addConv(Cases& out, ConvCase shape, bool interleaved = false) {
    OperationCase c;
    c.name =
        "conv " + shape.name() + nameOf(shape.activation) + (shape.accumulate ? " added" : "") + (interleaved ? " between pixels" : "");
    c.run = [=](Backend& b, DType type) {
        const float reach = 1.0f / std::sqrt(static_cast<float>(shape.in * shape.kt * shape.kh * shape.kw));
        const std::vector<float> w = randomValues(shape.out * shape.in * shape.kt * shape.kh * shape.kw, 2, reach),
                                 bias = randomValues(shape.out, 3);
        const auto weight =
            b.packConv(w.data(), DType::F32, shape.bias ? bias.data() : nullptr, shape.out, shape.in, shape.kt, shape.kh, shape.kw);
        const DeviceValues x(b, type, randomValues(shape.frames * shape.height * shape.width * shape.in, 1));
        const int64_t room = shape.outCount() * (interleaved ? 4 : 1), guard = 64;
        std::vector<float> before(static_cast<size_t>(room + 2 * guard), kNan);
        if (shape.accumulate) std::ranges::copy(randomValues(shape.outCount(), 4), before.begin() + guard);
        const DeviceValues y(b, type, before);
        ConvParams p = shape.params(x.data(), y.at(guard), type, weight.get());
        if (interleaved) {
            p.yPixelStride = 2 * shape.out;
            p.yRowStride = 4 * shape.outWidth() * shape.out;
            p.yFrameStride = shape.outHeight() * p.yRowStride;
        }
        b.conv(p);
        return y.read();
    };
    c.fp32 = {3e-5, 3e-5};
    c.bf16 = {4e-3, kBf16};
    out.push_back(std::move(c));
}

void addMaps(Cases& out) {
    for (int64_t channels : {3, 16, 37, 96, 192, 384}) {
        out.push_back({"upsample2x " + text(channels) + " channels",
                       [=](Backend& b, DType type) {
                           const DeviceValues x(b, type, randomValues(2 * 5 * 7 * channels, 1)),
                               y = DeviceValues::poisoned(b, type, 4 * 2 * 5 * 7 * channels + 8);
                           b.upsample2x(
                               {.x = x.data(), .y = y.data(), .dtype = type, .frames = 2, .height = 5, .width = 7, .channels = channels});
                           return y.read();
                       },
                       {},
                       {}});
        for (Activation activation : {Activation::None, Activation::Silu})
            out.push_back({"channel norm " + text(channels) + " channels" + nameOf(activation),
                           [=](Backend& b, DType type) {
                               std::vector<float> values = randomValues(23 * channels, 1, 2);
                               std::fill_n(values.begin() + 2 * channels, channels, 0.0f);  // nothing to divide by
                               values[static_cast<size_t>(5 * channels)] = kNan;
                               const DeviceValues x(b, type, values), gain(b, DType::F32, randomValues(channels, 2)),
                                   y = DeviceValues::poisoned(b, type, 23 * channels + 8);
                               b.channelNorm({.x = x.data(),
                                              .y = y.data(),
                                              .dtype = type,
                                              .pixels = 23,
                                              .channels = channels,
                                              .gain = gain.floats(),
                                              .activation = activation});
                               return y.read();
                           },
                           {2e-5, 2e-5},
                           {1e-4, kBf16}});
    }
}

void addPictures(Cases& out) {
    for (int64_t channels : {3, 16})
        for (bool bent : {false, true})
            out.push_back(
                {std::string("planes to map, ") + text(channels) + (bent ? " channels, bent" : " channels, scaled"),
                 [=](Backend& b, DType type) {
                     const int64_t count = 2 * channels * 5 * 7;
                     const DeviceValues x(b, DType::F32, randomValues(count, 1, 6)), scale(b, DType::F32, randomValues(channels, 2)),
                         offset(b, DType::F32, randomValues(channels, 3)), y = DeviceValues::poisoned(b, type, count + 5);
                     PlanesParams p{
                         .x = x.floats(), .y = y.data(), .dtype = type, .frames = 2, .channels = channels, .height = 5, .width = 7};
                     if (bent) p.limit = 3.0f;
                     else p.scale = scale.floats(), p.offset = offset.floats();
                     b.planesToMap(p);
                     return y.read();
                 },
                 {2e-6, 2e-6},
                 {1e-5, kBf16}});
    for (int bytesPerPixel : {3, 4})
        out.push_back({"pictures of " + text(bytesPerPixel) + " bytes a pixel, the same bits",
                       [=](Backend& b, DType type) {
                           constexpr int64_t kPixels = 4500;
                           std::vector<float> values = randomValues(3 * kPixels, 1, 0.7f);
                           values[3] = kNan;
                           values[4] = INFINITY;
                           values[5] = -INFINITY;
                           const DeviceValues x(b, type, values);
                           std::vector<uint8_t> bytes(static_cast<size_t>(bytesPerPixel * kPixels + 9), 7);
                           const std::shared_ptr<void> y = b.allocate(bytes.size());
                           b.upload(y.get(), bytes.data(), bytes.size());
                           b.pictures({.x = x.data(),
                                       .dtype = type,
                                       .y = static_cast<uint8_t*>(y.get()),
                                       .pixels = kPixels,
                                       .bytesPerPixel = bytesPerPixel,
                                       .scale = 1.0f,
                                       .offset = 0.5f});
                           b.download(bytes.data(), y.get(), bytes.size());
                           return std::vector<float>(bytes.begin(), bytes.end());
                       },
                       {},
                       {}});
    for (const auto& [width, height] : {std::pair{2, 2}, {62, 34}, {256, 6}})
        out.push_back({"NV12 of " + text(width) + " x " + text(height),
                       [width = width, height = height](Backend& b, DType type) {
                           std::vector<float> values = randomValues(3 * width * height, 1, 0.7f);
                           values[3] = kNan;
                           values[4] = INFINITY;
                           values[5] = -INFINITY;
                           const DeviceValues x(b, type, values);
                           std::vector<uint8_t> bytes(static_cast<size_t>(width * height * 3 / 2 + 9), 7);
                           const std::shared_ptr<void> y = b.allocate(bytes.size());
                           b.upload(y.get(), bytes.data(), bytes.size());
                           b.nv12({.x = x.data(),
                                   .dtype = type,
                                   .y = static_cast<uint8_t*>(y.get()),
                                   .width = width,
                                   .height = height,
                                   .scale = 1.0f,
                                   .offset = 0.5f});
                           b.download(bytes.data(), y.get(), bytes.size());
                           return std::vector<float>(bytes.begin(), bytes.end());
                       },
                       {1, 0},
                       {1, 0}});
}

void addElementwise(Cases& out) {
    for (Activation activation : {Activation::None, Activation::Relu, Activation::Silu, Activation::GeluTanh})
        for (int64_t cols : {1, 30, 64})
            out.push_back({"activate " + text(cols) + " columns" + nameOf(activation),
                           [=](Backend& b, DType type) {
                               std::vector<float> all, values = randomValues(7 * (cols + 3), 1, 8);
                               values[0] = kNan;
                               values[1] = -90.0f;
                               const DeviceValues x(b, type, values);
                               for (DType outType : {DType::F32, type}) {
                                   const DeviceValues y = DeviceValues::poisoned(b, outType, 7 * (cols + 3));
                                   b.activate(x.rows(7, cols, cols + 3), y.rows(7, cols, cols + 3), activation);
                                   append(all, y.read());
                               }
                               return all;
                           },
                           {2e-6, 2e-6},
                           {1e-5, kBf16}});
    out.push_back({"multiply",
                   [](Backend& b, DType type) {
                       const DeviceValues x(b, type, randomValues(9 * 40, 1)), y(b, type, randomValues(9 * 40, 2));
                       b.multiply(x.rows(9, 37, 40), y.rows(9, 37, 40));
                       return y.read();
                   },
                   {},
                   {0, kBf16}});
    for (bool both : {false, true})
        out.push_back({both ? "combine two" : "combine one",
                       [both](Backend& b, DType) {
                           const DeviceValues x(b, DType::F32, randomValues(1001, 1)), z(b, DType::F32, randomValues(1001, 2)),
                               y = DeviceValues::poisoned(b, DType::F32, 1010);
                           b.combine(
                               {.x = x.floats(), .z = both ? z.floats() : nullptr, .y = y.floats(), .count = 1001, .a = 0.7f, .b = -1.3f});
                           return y.read();
                       },
                       {2e-7, 2e-7},
                       {2e-7, 2e-7}});
    out.push_back({"noise, the same bits",
                   [](Backend& b, DType) {
                       const DeviceValues y = DeviceValues::poisoned(b, DType::F32, 4099);
                       b.noise({.y = y.floats(), .count = 4097, .seed = 0x123456789abcdefull, .chunk = 7, .step = 2});
                       return y.read();
                   },
                   {},
                   {}});
    for (bool in : {true, false})
        out.push_back({in ? "patchify" : "unpatchify",
                       [in](Backend& b, DType type) {
                           const DType tokenType = in ? type : DType::F32;
                           const int64_t tokens = 2 * 3 * 5, values = 5 * 2 * 2, stride = values + 3;
                           const DeviceValues latents = in ? DeviceValues(b, DType::F32, randomValues(2 * 5 * 6 * 10, 1))
                                                           : DeviceValues::poisoned(b, DType::F32, 2 * 5 * 6 * 10 + 4);
                           const DeviceValues rows = in ? DeviceValues::poisoned(b, tokenType, tokens * stride)
                                                        : DeviceValues(b, tokenType, randomValues(tokens * stride, 1));
                           const PatchParams p{.latents = latents.floats(),
                                               .tokens = rows.rows(tokens, values, stride),
                                               .frames = 2,
                                               .channels = 5,
                                               .height = 6,
                                               .width = 10};
                           in ? b.patchify(p) : b.unpatchify(p);
                           return in ? rows.read() : latents.read();
                       },
                       {},
                       {}});
}

void addSmall(Cases& out) {
    for (auto [m, n, k] : {std::array<int64_t, 3>{1, 7, 5}, {37, 29, 41}, {130, 70, 64}, {16, 128, 96}})
        for (Activation activation : {Activation::None, Activation::Relu, Activation::Silu, Activation::GeluTanh})
            addMatmul(out, m, n, k, activation != Activation::Relu, activation);
    for (int64_t groups : {0, 1, 3})
        for (bool bias : {false, true}) addGatedMatmul(out, 45, 70, 33, groups, bias);
    for (NormKind kind : {NormKind::Layer, NormKind::Rms})
        for (auto [m, d, gap] : {std::array<int64_t, 3>{1, 1, 0}, {5, 83, 2}, {9, 64, 4}, {6, 192, 0}, {11, 768, 0}, {3, 1536, 8}, {3, 2001, 1}})
            for (int parts = 0; parts < 4; ++parts) addNorm(out, kind, m, d, parts & 1, parts & 2, gap);
    addRope(out, 7, 1, 4, false);
    addRope(out, 33, 12, 16, true);
    addRope(out, 5, 3, 64, false);
    for (const AttentionCase& a : {AttentionCase{1, 1, 1, 16, 16},
                                   {3, 5, 2, 16, 16},
                                   {7, 5, 3, 40, 24},
                                   {18, 54, 2, 16, 16},
                                   {70, 200, 2, 128, 128},
                                   {65, 129, 1, 64, 64},
                                   {64, 64, 1, 128, 128},
                                   {33, 131, 2, 224, 192, true},
                                   {20, 40, 3, 24, 16, true},
                                   {50, 50, 2, 64, 64, false, true},
                                   {40, 17, 2, 128, 128, false, false, 6.1f},
                                   {21, 70, 2, 96, 32, false, true, 1.5f},
                                   {40, 80, 1, 384, 384},
                                   {66, 150, 1, 128, 128, false, false, 0, 80.0f},
                                   {30, 70, 2, 128, 128, false, false, 0, 1, 8},
                                   {30, 70, 2, 64, 64, false, false, 0, 1, 3},
                                   {20, 40, 1, 128, 128, false, false, 0, 1, 0, true},
                                   {12, 300, 1, 33, 17}})
        addAttention(out, a);
    for (ConvCase c : kConvCases) {
        c.height = std::min<int64_t>(c.height, 11);
        c.width = std::min<int64_t>(c.width, 13);
        addConv(out, c);
    }
    addConv(out, {2, 9, 7, 16, 40, 1, 2, 2, 1, 0, 0, 1, 1, 1, true, false, Activation::Relu}, true);
    addConv(out, {2, 6, 5, 48, 3, 1, 2, 2, 0, 1, 1, 0}, true);
    addConv(out, {1, 20, 23, 72, 130, 1, 3, 3, 1, 1, 1, 1, 1, 1, true, true, Activation::Relu});
    addMaps(out);
    addPictures(out);
    addElementwise(out);
}

// What fills the largest tiles.
void addTiles(Cases& out) {
    for (const AttentionCase& a : {AttentionCase{300, 700, 3, 128, 128},
                                   {129, 257, 1, 96, 128, false, false, 6.1f, 1, 8},
                                   {128, 384, 2, 128, 80, false, false, 0, 80.0f},
                                   {200, 300, 1, 128, 128, false, false, 0, 1, 0, true}})
        addAttention(out, a);
}

// The 1.3B model's own shapes where the CPU can follow in seconds.
void addReal(Cases& out) {
    addMatmul(out, 1560, 1536, 1536, true, Activation::None, false);
    addMatmul(out, 1560, 8960, 1536, true, Activation::GeluTanh, false);
    addMatmul(out, 1560, 2688, 192, false, Activation::None, false);
    addGatedMatmul(out, 1560, 1536, 8960, 1, true);
    addGatedMatmul(out, 1560, 1536, 1536, 3, true);
    addNorm(out, NormKind::Layer, 4680, 1536, false, true, 0);
    addNorm(out, NormKind::Rms, 4680, 1536, true, false, 0);
    addRope(out, 4680, 12, 16, true);
    for (const AttentionCase& a : {AttentionCase{1560, 3120, 2, 128, 128},
                                   {200, 9360, 2, 128, 128},
                                   {300, 3120, 2, 224, 192, true},
                                   {1560, 60, 12, 128, 128, false, false, 6.0f},
                                   {512, 512, 8, 64, 64, false, true},
                                   {1560, 1560, 1, 384, 384}})
        addAttention(out, a);
    for (const ConvCase& c : kConvCases) addConv(out, c);
    addConv(out, {2, 60, 104, 256, 256, 2, 3, 3, 1, 1, 1, 1, 1, 1, true, false, Activation::Relu});
    addConv(out, {3, 60, 104, 384, 384, 3, 3, 3, 1, 1, 1, 1});
}

}  // namespace

std::vector<OperationCase> operationCases(Sizes sizes) {
    Cases out;
    addSmall(out);
    if (sizes >= Sizes::Tiles) addTiles(out);
    if (sizes >= Sizes::Real) addReal(out);
    return out;
}

Comparison checkOperation(const OperationCase& c, Backend& cpu, Backend& tested, DType type) {
    return compare(c.run(cpu, DType::F32), c.run(tested, type), type == DType::F32 ? c.fp32 : c.bf16);
}

}  // namespace longtake
