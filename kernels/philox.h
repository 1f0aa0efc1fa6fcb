// Counter-based random numbers: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011)
// and standard normals from it. Every operation is an integer one, or a float one that IEEE 754 defines exactly
// (+ - * fma sqrt), so all backends give the same bits.
//
// Thread: pure functions.
#pragma once

#include <cmath>
#include <cstdint>

#if defined(__CUDACC__)
#define LONGTAKE_HOST_DEVICE __host__ __device__
#else
#define LONGTAKE_HOST_DEVICE
#endif

namespace longtake {

struct Philox4 {
    uint32_t x[4];
};

LONGTAKE_HOST_DEVICE inline Philox4 philox(uint64_t key, Philox4 counter) {
    uint32_t k0 = static_cast<uint32_t>(key), k1 = static_cast<uint32_t>(key >> 32);
    Philox4 c = counter;
    for (int round = 0; round < 10; ++round) {
        const uint64_t a = 0xD2511F53ull * c.x[0];
        const uint64_t b = 0xCD9E8D57ull * c.x[2];
        c = Philox4{{static_cast<uint32_t>(b >> 32) ^ c.x[1] ^ k0, static_cast<uint32_t>(b), static_cast<uint32_t>(a >> 32) ^ c.x[3] ^ k1,
                     static_cast<uint32_t>(a)}};
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    return c;
}

namespace philox_detail {

// ln(u) for u in (0, 1]: exponent plus the series of atanh((m - 1) / (m + 1)), m in [sqrt(1/2), sqrt(2)).
LONGTAKE_HOST_DEVICE inline float lnExact(float u) {
    union {
        float f;
        uint32_t i;
    } bits = {u};
    int exponent = static_cast<int>(bits.i >> 23) - 127;
    bits.i = (bits.i & 0x007fffffu) | 0x3f800000u;
    float m = bits.f;
    if (m > 1.41421356f) {
        m *= 0.5f;
        exponent += 1;
    }
    const float s = (m - 1.0f) / (m + 1.0f);
    const float z = s * s;
    float p = fmaf(z, 0.11111111f, 0.14285715f);
    p = fmaf(p, z, 0.2f);
    p = fmaf(p, z, 0.33333334f);
    p = fmaf(p, z, 1.0f);
    return fmaf(static_cast<float>(exponent), 0.69314718f, 2.0f * s * p);
}

// sin and cos of 2 pi u, u in [0, 1): octant reduction and Taylor polynomials on [-pi/4, pi/4].
LONGTAKE_HOST_DEVICE inline void sinCosTurn(float u, float& sine, float& cosine) {
    const int quarter = static_cast<int>(fmaf(u, 4.0f, 0.5f));
    const float x = (u - 0.25f * static_cast<float>(quarter)) * 6.28318531f;
    const float z = x * x;
    float s = fmaf(z, 2.7557319e-6f, -1.9841270e-4f);
    s = fmaf(s, z, 8.3333333e-3f);
    s = fmaf(s, z, -1.6666667e-1f);
    s = fmaf(s * z, x, x);
    float c = fmaf(z, 2.4801587e-5f, -1.3888889e-3f);
    c = fmaf(c, z, 4.1666668e-2f);
    c = fmaf(c, z, -0.5f);
    c = fmaf(c, z, 1.0f);
    switch (quarter & 3) {
        case 0:
            sine = s;
            cosine = c;
            break;
        case 1:
            sine = c;
            cosine = -s;
            break;
        case 2:
            sine = -s;
            cosine = -c;
            break;
        default:
            sine = -c;
            cosine = s;
            break;
    }
}

}  // namespace philox_detail

// Four standard normals: elements 4 block ... 4 block + 3 of the noise of (seed, chunk, step). Box-Muller.
LONGTAKE_HOST_DEVICE inline void normalBlock(uint64_t seed, uint32_t chunk, uint32_t step, uint64_t block, float out[4]) {
    const Philox4 bits = philox(seed, Philox4{{static_cast<uint32_t>(block), static_cast<uint32_t>(block >> 32), chunk, step}});
    for (int pair = 0; pair < 2; ++pair) {
        const float u = static_cast<float>((bits.x[2 * pair] >> 8) + 1u) * 0x1p-24f;  // (0, 1]
        const float v = static_cast<float>(bits.x[2 * pair + 1] >> 8) * 0x1p-24f;     // [0, 1)
        const float radius = sqrtf(-2.0f * philox_detail::lnExact(u));
        float sine, cosine;
        philox_detail::sinCosTurn(v, sine, cosine);
        out[2 * pair] = radius * cosine;
        out[2 * pair + 1] = radius * sine;
    }
}

}  // namespace longtake
