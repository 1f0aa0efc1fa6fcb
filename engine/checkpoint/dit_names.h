// Names of the diffusion transformer's tensors: the parts of mapDit.
//
// Thread: pure.
#pragma once

#include <string>

#include "engine/checkpoint/name_resolver.h"

namespace longtake {

enum class SelfAttentionLayout : uint8_t {
    Dense,      // q, k, v, norm_q, norm_k
    Separate,   // kv_down, kv_norm, k_up, ...: our own names
    DeepSeek,   // q_a_proj, kv_b_proj, ...: fused, out x in
    Prototype,  // W_q_downsampled, ...: fused, in x out
    Unknown,
};

SelfAttentionLayout selfAttentionLayout(const NameResolver& resolver);

// Fills attention, mla and, where it follows from the shapes, numHeads; false with a reason when the sizes
// contradict each other.
Result<void> inferMla(const NameResolver& resolver, SelfAttentionLayout layout, DitConfig& config);

// Everything below blocks.N.self_attn.
void wantSelfAttention(NameResolver& resolver, SelfAttentionLayout layout, const DitConfig& config, int block);

}  // namespace longtake
