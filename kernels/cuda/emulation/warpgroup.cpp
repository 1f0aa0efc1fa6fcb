#include "kernels/cuda/warpgroup.cuh"

#include <algorithm>
#include <deque>
#include <limits>
#include <map>
#include <vector>

#include "kernels/cuda/emulation/tensor_core.h"

namespace longtake::emulation {

namespace {

constexpr int kColumns = 128;  // of a product's sum

struct Box {
    unsigned char* to;
    cuda::TileMap from;
    int column, row, head;
};

struct Barrier {
    int arrivals = 0, missing = 0;
    int64_t missingBytes = 0;
    uint32_t passes = 0;
    std::vector<Box> boxes;

    void settle() {
        if (missing > 0 || missingBytes > 0) return;
        ++passes;
        missing = arrivals;
    }
};

struct ProductsOfThread {
    std::vector<WarpgroupProduct> open;
    std::deque<std::vector<WarpgroupProduct>> groups;

    bool underWay(const float* sums) const {
        auto uses = [&](const std::vector<WarpgroupProduct>& group) {
            return std::any_of(group.begin(), group.end(), [&](const WarpgroupProduct& p) { return p.sums == sums; });
        };
        return uses(open) || std::any_of(groups.begin(), groups.end(), uses);
    }
};

struct Turn {
    int arrived = 0;
    uint32_t passes = 0;
};

struct WarpgroupState {
    std::map<const void*, Barrier> barriers;
    std::map<int, Turn> turns;
    std::map<int, ProductsOfThread> products;           // by thread
    std::map<const float*, std::vector<float>> hidden;  // sums from before the products that are under way
};
WarpgroupState& state() { return blockState<WarpgroupState>(); }

Barrier& barrierAt(void* address) {
    const auto found = state().barriers.find(address);
    if (found == state().barriers.end()) throw std::logic_error("[emulation] a barrier is used that was never made");
    return found->second;
}

// 16-byte pieces change places within 1024 bytes, by the address alone.
uint32_t exchanged(uint32_t offset) { return offset ^ (offset >> 7 & 7) << 4; }

unsigned char* sharedBytes() { return static_cast<unsigned char*>(sharedMemory()); }

float numberAt(uint32_t offset) {
    uint16_t bits;
    std::memcpy(&bits, sharedBytes() + exchanged(offset), sizeof(bits));
    return floatFromBf16(bits);
}

struct Operand {
    uint32_t start, leading, stride;
    bool f8;
    Operand(uint64_t bits, bool inF8)
        : start((bits & 0x3fff) << 4), leading((bits >> 16 & 0x3fff) << 4), stride((bits >> 32 & 0x3fff) << 4), f8(inF8) {
        if (bits >> 62 != 1) throw std::logic_error("[emulation] only operands in 128-byte pieces are known");
    }
    // Row r of an operand whose numbers of depth lie side by side.
    float row(int r, int depth) const {
        const uint32_t offset = start + static_cast<uint32_t>(r / 8) * stride + static_cast<uint32_t>(r % 8 * 128 + depth * (f8 ? 1 : 2));
        return f8 ? floatFromF8E4M3(sharedBytes()[exchanged(offset)]) : numberAt(offset);
    }
    // Column c of an operand whose rows of 64 columns lie side by side.
    float column(int c, int depth) const {
        return numberAt(start + static_cast<uint32_t>(c / 64) * leading + static_cast<uint32_t>(depth / 8) * stride +
                        static_cast<uint32_t>(depth % 8 * 128 + c % 64 * 2));
    }
};

// One product for the 16 rows of a warp.
void multiply(const WarpgroupProduct* (&lanes)[kLanes], int warp) {
    const WarpgroupProduct& any = *lanes[0];
    const int depth = any.f8 ? 32 : 16;
    std::vector<float> a(static_cast<size_t>(16 * depth)), b(static_cast<size_t>(depth * kColumns));
    for (int lane = 0; lane < kLanes; ++lane) {
        const WarpgroupProduct& p = *lanes[lane];
        if (p.operandA != any.operandA || p.operandB != any.operandB || p.add != any.add || p.f8 != any.f8 || !p.a != !any.a)
            throw std::logic_error("[emulation] lanes of a warpgroup disagree about a product");
        const int numbers = any.f8 ? 4 : 2;  // of a register
        for (int i = 0; i < 4 && p.a; ++i)
            for (int j = 0; j < numbers; ++j) {
                const int row = lane / 4 + 8 * (i % 2), k = numbers * (lane % 4 + 4 * (i / 2)) + j;
                a[static_cast<size_t>(row * depth + k)] = any.f8 ? floatFromF8E4M3(static_cast<uint8_t>(p.a[i] >> 8 * j))
                                                          : j    ? highHalf(p.a[i])
                                                                 : lowHalf(p.a[i]);
            }
    }
    if (!any.a)
        for (int r = 0; r < 16; ++r)
            for (int k = 0; k < depth; ++k) a[static_cast<size_t>(r * depth + k)] = Operand(any.operandA, any.f8).row(warp % 4 * 16 + r, k);
    const Operand from(any.operandB, any.f8);
    for (int k = 0; k < depth; ++k)
        for (int c = 0; c < kColumns; ++c) b[static_cast<size_t>(k * kColumns + c)] = any.columns ? from.column(c, k) : from.row(c, k);
    for (int lane = 0; lane < kLanes; ++lane) {
        float* sums = lanes[lane]->sums;
        if (const auto held = state().hidden.find(sums); held != state().hidden.end()) {
            std::copy(held->second.begin(), held->second.end(), sums);
            state().hidden.erase(held);
        }
        for (int i = 0; i < cuda::kSumsOfThread; ++i) {
            const int row = lane / 4 + i / 2 % 2 * 8, column = i / 4 * 8 + lane % 4 * 2 + i % 2;
            float sum = any.add ? sums[i] : 0.0f;
            for (int k = 0; k < depth; ++k) sum += a[static_cast<size_t>(row * depth + k)] * b[static_cast<size_t>(k * kColumns + column)];
            sums[i] = sum;
        }
    }
}

void bring(const Box& box) {
    const cuda::TileMap& from = box.from;
    const int columns = cuda::kBoxRowBytes / from.numberBytes;
    for (int r = 0; r < from.boxRows; ++r)
        for (int c = 0; c < columns; ++c) {
            const int64_t row = box.row + r, column = box.column + c;
            const uint32_t offset = sharedOffset(box.to) + static_cast<uint32_t>(r * cuda::kBoxRowBytes + c * from.numberBytes);
            unsigned char* const to = sharedBytes() + exchanged(offset);
            if (row < from.rows && column < from.columns && box.head < from.heads)
                std::memcpy(to,
                            static_cast<const unsigned char*>(from.data) +
                                (row * from.rowStride + box.head * from.headStride + column) * from.numberBytes,
                            static_cast<size_t>(from.numberBytes));
            else std::memset(to, 0, static_cast<size_t>(from.numberBytes));
        }
}

}  // namespace

uint32_t sharedOffset(const void* shared) { return static_cast<uint32_t>(static_cast<const unsigned char*>(shared) - sharedBytes()); }

void initBarrier(void* barrier, int arrivals) { state().barriers[barrier] = {.arrivals = arrivals, .missing = arrivals, .boxes = {}}; }

void arriveAt(void* address, int64_t expectedBytes) {
    Barrier& barrier = barrierAt(address);
    if (barrier.missing == 0) throw std::logic_error("[emulation] more arrive at a barrier than it waits for");
    barrier.missingBytes += expectedBytes;
    --barrier.missing;
    barrier.settle();
}

void waitForPass(void* address, uint32_t parity) {
    barrierAt(address);
    waitUntil("a barrier of tiles", [address, parity] {
        Barrier& barrier = barrierAt(address);
        if (!barrier.boxes.empty()) {
            for (const Box& box : barrier.boxes) {
                bring(box);
                barrier.missingBytes -= int64_t{box.from.boxRows} * cuda::kBoxRowBytes;
            }
            barrier.boxes.clear();
            barrier.settle();
        }
        return (barrier.passes & 1) != parity;
    });
}

void copyBox(void* shared, const cuda::TileMap& map, int column, int row, int head, void* barrier) {
    if (sharedOffset(shared) % 1024 != 0 || reinterpret_cast<uintptr_t>(map.data) % 16 != 0 || map.rowStride * map.numberBytes % 16 != 0 ||
        (map.heads > 1 && map.headStride * map.numberBytes % 16 != 0))
        throw std::logic_error("[emulation] a box is not aligned");
    barrierAt(barrier).boxes.push_back({static_cast<unsigned char*>(shared), map, column, row, head});
}

void passTurn(int index, int threads) {
    Turn& turn = state().turns[index];
    if (++turn.arrived < threads) return;
    turn.arrived = 0;
    ++turn.passes;
}

void waitForTurn(int index, int threads) {
    const uint32_t before = state().turns[index].passes;
    passTurn(index, threads);
    if (state().turns[index].passes == before) waitUntil("a turn", [index, before] { return state().turns[index].passes != before; });
}

void beginProduct(const WarpgroupProduct& product) {
    ProductsOfThread& mine = state().products[threadIndex()];
    if (!mine.underWay(product.sums)) {
        state().hidden[product.sums].assign(product.sums, product.sums + cuda::kSumsOfThread);
        std::fill_n(product.sums, cuda::kSumsOfThread, std::numeric_limits<float>::quiet_NaN());
    }
    mine.open.push_back(product);
}

void commitProducts() {
    ProductsOfThread& mine = state().products[threadIndex()];
    mine.groups.push_back(std::move(mine.open));
    mine.open.clear();
}

// The last lane to come makes the products of the whole warp.
void waitForProducts(int groupsLeft) {
    struct Waiting {
        ProductsOfThread* products;
        int groupsLeft, thread;
    } mine{&state().products[threadIndex()], groupsLeft, threadIndex()};
    warpOperation("wgmma.wait_group", &mine, [](void* const lanes[kLanes]) {
        const Waiting& first = *static_cast<Waiting*>(lanes[0]);
        while (first.products->groups.size() > static_cast<size_t>(first.groupsLeft)) {
            for (size_t i = 0; i < first.products->groups.front().size(); ++i) {
                const WarpgroupProduct* same[kLanes];
                for (int lane = 0; lane < kLanes; ++lane) same[lane] = &static_cast<Waiting*>(lanes[lane])->products->groups.front().at(i);
                multiply(same, first.thread / kLanes);
            }
            for (int lane = 0; lane < kLanes; ++lane) static_cast<Waiting*>(lanes[lane])->products->groups.pop_front();
        }
    });
}

}  // namespace longtake::emulation
