// Everything one frame of the painted world depends on, besides its seed: a flat list of floats.
//
// Owner:  the caller (world.py fills it by name, using longtakeWorldParamNames()).
// Thread: a plain value.
//
// Lengths are in units of the picture's height, positions are measured from its upper left corner,
// colours are display values 0..1, weights run from 0 (absent) to 1 (fully there). A change in the
// middle of a clip is a straight interpolation between two of these lists.
#pragma once

namespace longtake::world {

#define LONGTAKE_WORLD_RGB(X, name) X(name##R) X(name##G) X(name##B)

// clang-format off
#define LONGTAKE_WORLD_PARAMS(X)                                                              \
    X(place) X(seconds) X(clipSeconds) X(cameraX) X(cameraY) X(cameraZ) X(horizonShift)                      \
    LONGTAKE_WORLD_RGB(X, zenith) LONGTAKE_WORLD_RGB(X, middle) LONGTAKE_WORLD_RGB(X, horizon) \
    LONGTAKE_WORLD_RGB(X, glow) LONGTAKE_WORLD_RGB(X, haze)                                   \
    LONGTAKE_WORLD_RGB(X, key) LONGTAKE_WORLD_RGB(X, ambient)                                 \
    LONGTAKE_WORLD_RGB(X, cloudLit) LONGTAKE_WORLD_RGB(X, cloudShade)                         \
    X(sunX) X(lowSunY) X(highSunY) X(moonY) X(lowSun) X(highSun) X(moon) X(lightX)            \
    X(glowAmount) X(rays) X(stars) X(aurora) X(cover) X(overcast) X(wind)                     \
    X(hazeAmount) X(mist) X(rain) X(snow) X(storm) X(wet) X(snowCover)                        \
    X(spring) X(autumn) X(nightLights)                                                        \
    X(balloon) X(birds) X(sailboat) X(lighthouse) X(campfire) X(leaves) X(lanterns) X(train)  \
    X(kite) X(fireworks)                                                                      \
    X(thingX) X(thingY) X(thingPhase) X(thingSide) LONGTAKE_WORLD_RGB(X, thing)
// clang-format on

struct Params {
#define LONGTAKE_WORLD_FIELD(name) float name;
    LONGTAKE_WORLD_PARAMS(LONGTAKE_WORLD_FIELD)
#undef LONGTAKE_WORLD_FIELD
};

inline constexpr const char* kParamNames =
#define LONGTAKE_WORLD_NAME(name) #name " "
    LONGTAKE_WORLD_PARAMS(LONGTAKE_WORLD_NAME)
#undef LONGTAKE_WORLD_NAME
    ;

enum class Place { Ocean, Desert, Mountains, Hills, Forest, Canyon, City, Lake };

}  // namespace longtake::world
