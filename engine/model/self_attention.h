// Self-attention of one block over the cached window: writes the chunk's rows into the cache, attends to all live
// slots, and adds the gated result to the residual stream. Chunks of several takes lie one after the other: what is the
// same for all rows is done once for all, and each take attends to its own cache.
//
// Owner:  CausalDit. Const after load; all state is the caller's (cache, scratch, rope table).
// Thread: one pass at a time.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>

#include "engine/model/kv_cache.h"
#include "engine/model/rope_table.h"
#include "engine/rows.h"
#include "engine/scratch.h"
#include "engine/weight_reader.h"

namespace longtake {

// Sees the intermediate numbers of a pass, for tests: a name as in the golden data, and the rows.
using PassObserver = std::function<void(const std::string& name, int layer, const Rows& rows)>;

struct SelfAttentionPass {
    Rows u;                            // [takes * tokens, dim], compute type: the normalised, modulated input
    Rows x;                            // [takes * tokens, dim], F32: the residual stream, added to
    PerGroup gate;                     // of the result
    std::span<KvCache* const> caches;  // one a take, equally full
    int layer = 0;
    int64_t firstSlot = 0;   // slot of the pass's first frame
    int64_t liveSlots = 0;   // slots attended to
    bool onlyWrite = false;  // stop once the cache is written
    const RopeTable* rope = nullptr;
    Scratch* scratch = nullptr;
    const PassObserver* observer = nullptr;

    int64_t takeTokens() const { return u.rows / static_cast<int64_t>(caches.size()); }
    Rows ofTake(const Rows& all, size_t take) const { return share(all, take, caches.size()); }
    // Of a take's cache: the rows of this pass, and those that are attended to.
    Rows written(size_t take) const { return rowsOf(caches[take]->rows(layer), firstSlot * caches[take]->tokensPerFrame(), takeTokens()); }
    Rows live(size_t take) const { return rowsOf(caches[take]->rows(layer), 0, liveSlots * caches[take]->tokensPerFrame()); }
};

class SelfAttention {
public:
    virtual ~SelfAttention() = default;
    virtual void run(const SelfAttentionPass&) const = 0;
    virtual size_t weightBytes() const = 0;
};

// How MLA is computed; the numbers agree to rounding (videomla.md, "Two exact ways").
enum class MlaForm : uint8_t {
    Automatic,     // whichever needs fewer multiplications in attention
    Materialised,  // decode keys and values of the window into scratch
    Absorbed,      // fold the up-projections into queries and output, attend to the latents themselves
};

// Weights are read under `prefix`, e.g. "blocks.0.self_attn.".
std::unique_ptr<SelfAttention> makeMlaAttention(const DitConfig&, MlaForm, WeightReader&, const std::string& prefix, Backend&);
// Dense: with Positions::Window the cache holds unrotated keys, with Positions::Absolute rotated ones.
std::unique_ptr<SelfAttention> makeDenseAttention(const DitConfig&, Positions, WeightReader&, const std::string& prefix, Backend&);

// The form that Automatic stands for.
MlaForm chooseMlaForm(const MlaConfig& config);

// Scratch slots of the two implementations; the blocks use those from kSelfAttentionSlots on.
constexpr size_t kSelfAttentionSlots = 8;

}  // namespace longtake
