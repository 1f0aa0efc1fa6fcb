#include "kernels/cpu/matmul.h"

#include <map>
#include <mutex>
#include <stdexcept>
#include <tuple>
#include <vector>

#include "kernels/cpu/hot_loops.h"
#include "kernels/cpu/onednn.h"
#include "kernels/numbers.h"

namespace longtake::cpu {

namespace {

using dnnl::memory;

// Tiles are fixed by the shape and the type alone. In bf16, 512 columns keep a weight tile of K = 1024 in the second-level
// cache. In F32 oneDNN packs the weight anew in every call, for which narrow tiles are better by a third; and a small model,
// whose chunk is one tile of rows, has work for more than one thread.
constexpr int64_t tileColumns(DType compute) { return compute == DType::F32 ? 128 : 512; }

int64_t tileRows(int64_t rows) {
    if (rows >= 1024) return 256;
    if (rows >= 128) return roundUp((rows + 3) / 4, 16);
    return rows;
}

struct TileKey {
    int64_t rows, xStride, yStride;
    DType yType;
    Activation activation;
    bool operator<(const TileKey& other) const {
        return std::tie(rows, xStride, yStride, yType, activation) <
               std::tie(other.rows, other.xStride, other.yStride, other.yType, other.activation);
    }
};

struct TileProduct {
    dnnl::matmul primitive;
    dnnl::matmul::primitive_desc description;
    size_t scratchBytes = 0;
};

// One block of output columns of the weight, in the layout that oneDNN chose for it.
struct ColumnTile {
    int64_t columns = 0;
    memory weight;
    memory bias;
    std::map<TileKey, TileProduct> products;
};

dnnl::post_ops postOps(Activation activation) {
    dnnl::post_ops ops;
    switch (activation) {
        case Activation::None: break;
        case Activation::Relu: ops.append_eltwise(1.0f, dnnl::algorithm::eltwise_relu, 0.0f, 0.0f); break;
        case Activation::Silu: ops.append_eltwise(1.0f, dnnl::algorithm::eltwise_swish, 1.0f, 0.0f); break;
        case Activation::GeluTanh: ops.append_eltwise(1.0f, dnnl::algorithm::eltwise_gelu_tanh, 0.0f, 0.0f); break;
    }
    return ops;
}

class MatmulWeight final : public PackedWeight {
public:
    MatmulWeight(const void* w, DType dtype, const float* bias, int64_t out, int64_t in, DType compute)
        : out_(out), in_(in), compute_(compute) {
        const int64_t step = tileColumns(compute);
        for (int64_t first = 0; first < out; first += step) tiles_.push_back(makeTile(w, dtype, bias, first, std::min(step, out - first)));
    }

    int64_t out() const { return out_; }
    int64_t in() const { return in_; }
    DType compute() const { return compute_; }
    int64_t tiles() const { return static_cast<int64_t>(tiles_.size()); }
    ColumnTile& tile(int64_t index) { return tiles_[static_cast<size_t>(index)]; }

    size_t bytes() const override {
        size_t total = 0;
        for (const ColumnTile& tile : tiles_)
            total += tile.weight.get_desc().get_size() + (tile.bias ? tile.bias.get_desc().get_size() : 0);
        return total;
    }

    // Called from pool tasks, where OpenMP has one thread: the primitive is sequential for good.
    const TileProduct& product(ColumnTile& tile, const TileKey& key) {
        std::lock_guard lock(mutex_);
        auto found = tile.products.find(key);
        if (found == tile.products.end()) found = tile.products.emplace(key, describe(tile, key, tile.weight.get_desc())).first;
        return found->second;
    }

private:
    TileProduct describe(const ColumnTile& tile, const TileKey& key, const memory::desc& weight) const {
        const memory::desc x({key.rows, in_}, dnnlType(compute_), {key.xStride, 1});
        const memory::desc y({key.rows, tile.columns}, dnnlType(key.yType), {key.yStride, 1});
        const memory::desc bias({1, tile.columns}, memory::data_type::f32, memory::format_tag::ab);
        dnnl::primitive_attr attributes;
        attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
        attributes.set_post_ops(postOps(key.activation));
        const dnnl::matmul::desc operation = tile.bias ? dnnl::matmul::desc(x, weight, bias, y) : dnnl::matmul::desc(x, weight, y);
        TileProduct made;
        made.description = dnnl::matmul::primitive_desc(operation, attributes, dnnlEngine());
        made.primitive = dnnl::matmul(made.description);
        made.scratchBytes = made.description.scratchpad_desc().get_size();
        return made;
    }

    ColumnTile makeTile(const void* w, DType dtype, const float* bias, int64_t first, int64_t columns) {
        ColumnTile tile;
        tile.columns = columns;
        if (bias) {
            tile.bias = memory(memory::desc({1, columns}, memory::data_type::f32, memory::format_tag::ab), dnnlEngine());
            std::copy(bias + first, bias + first + columns, static_cast<float*>(tile.bias.get_data_handle()));
        }
        // Plain [K, N] view of w[first ... first + columns, :], then oneDNN's own layout for a typical row tile.
        memory plain(memory::desc({in_, columns}, memory::data_type::f32, memory::format_tag::ba), dnnlEngine());
        float* values = static_cast<float*>(plain.get_data_handle());
        for (int64_t i = 0; i < columns * in_; ++i) values[i] = numberAt(w, dtype, first * in_ + i);

        const memory::desc any({in_, columns}, dnnlType(compute_), memory::format_tag::any);
        const TileKey typical{128, in_, out_, DType::F32, Activation::None};
        const memory::desc chosen = describe(tile, typical, any).description.weights_desc();
        tile.weight = memory(chosen, dnnlEngine());
        dnnl::reorder(plain, tile.weight).execute(dnnlStream(), plain, tile.weight);
        dnnlStream().wait();
        return tile;
    }

    int64_t out_, in_;
    DType compute_;
    std::vector<ColumnTile> tiles_;
    std::mutex mutex_;
};

void runTile(MatmulWeight& weight, ColumnTile& tile, const TileKey& key, const void* x, void* y) {
    const TileProduct& product = weight.product(tile, key);
    const dnnl::engine& engine = dnnlEngine();
    std::unordered_map<int, memory> arguments{{DNNL_ARG_SRC, memory(product.description.src_desc(), engine, const_cast<void*>(x))},
                                              {DNNL_ARG_WEIGHTS, tile.weight},
                                              {DNNL_ARG_DST, memory(product.description.dst_desc(), engine, y)},
                                              {DNNL_ARG_SCRATCHPAD, memory(product.description.scratchpad_desc(), engine,
                                                                           threadScratch(Scratch::Library, product.scratchBytes))}};
    if (tile.bias) arguments.emplace(DNNL_ARG_BIAS, tile.bias);
    product.primitive.execute(dnnlStream(), arguments);
    dnnlStream().wait();
}

// With AVX2 oneDNN's own exponential takes longer than the product: 4.8 ms for 432x1024x256 with it, 1.6 ms with this.
void activateRows(float* y, int64_t rows, int64_t columns, int64_t stride, Activation activation) {
    if (activation == Activation::None) return;
    for (int64_t r = 0; r < rows; ++r, y += stride) hotLoops().activateRow(y, false, y, false, columns, static_cast<int>(activation));
}

void require(bool condition, const char* what) {
    if (!condition) throw std::invalid_argument(std::string("[matmul] ") + what);
}

}  // namespace

std::unique_ptr<PackedWeight> packMatmul(const void* w, DType dtype, const float* bias, int64_t out, int64_t in, DType compute,
                                         ThreadPool& pool) {
    std::unique_ptr<PackedWeight> packed;
    pool.run(1, [&](int64_t) { packed = std::make_unique<MatmulWeight>(w, dtype, bias, out, in, compute); });
    return packed;
}

void matmul(const MatmulParams& p, ThreadPool& pool) {
    auto& weight = const_cast<MatmulWeight&>(dynamic_cast<const MatmulWeight&>(*p.weight));
    require(p.x.cols == weight.in() && p.y.cols == weight.out() && p.x.rows == p.y.rows, "shapes do not match the weight");
    require(p.x.dtype == weight.compute(), "x must have the type of the packed weight");
    require(!p.accumulate || (p.y.dtype == DType::F32 && p.activation == Activation::None), "accumulates into F32 and without activation");

    const int64_t step = tileRows(p.x.rows);
    const int64_t rowTiles = (p.x.rows + step - 1) / step;
    pool.run(rowTiles * weight.tiles(), [&](int64_t task) {
        const int64_t columnTile = task / rowTiles;
        const int64_t firstRow = (task % rowTiles) * step, rows = std::min(step, p.x.rows - firstRow);
        ColumnTile& tile = weight.tile(columnTile);
        const int64_t firstColumn = columnTile * tileColumns(weight.compute());
        const char* x = static_cast<const char*>(p.x.data) + static_cast<size_t>(firstRow * p.x.stride) * sizeOf(p.x.dtype);
        char* y = static_cast<char*>(p.y.data) + static_cast<size_t>(firstRow * p.y.stride + firstColumn) * sizeOf(p.y.dtype);
        if (!p.accumulate) {
            const bool inFloats = p.y.dtype == DType::F32;
            runTile(weight, tile, {rows, p.x.stride, p.y.stride, p.y.dtype, inFloats ? Activation::None : p.activation}, x, y);
            if (inFloats) activateRows(reinterpret_cast<float*>(y), rows, tile.columns, p.y.stride, p.activation);
            return;
        }
        float* product = static_cast<float*>(threadScratch(Scratch::Tile, static_cast<size_t>(rows * tile.columns) * sizeof(float)));
        runTile(weight, tile, {rows, p.x.stride, tile.columns, DType::F32, Activation::None}, x, product);
        for (int64_t r = 0; r < rows; ++r) {
            const float* gate = p.gate.data ? p.gate.data + (firstRow + r) / p.gate.rowsPerGroup * p.gate.stride + firstColumn : nullptr;
            hotLoops().addGatedRow(product + r * tile.columns, gate, reinterpret_cast<float*>(y) + r * p.y.stride, tile.columns);
        }
    });
}

}  // namespace longtake::cpu
