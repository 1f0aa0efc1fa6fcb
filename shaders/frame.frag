#version 450
// The picture at any size. Values are display-referred on both sides, so they are filtered and written as they are.

layout(set = 0, binding = 0) uniform sampler2D picture;

// How to sample: the numbers of SampleMode in frame_pipeline.h. A constant of the pipeline, not of the draw: software
// devices run every side of a branch.
layout(constant_id = 0) const int kMode = 1;

layout(push_constant) uniform Placement {
    vec2 origin;           // target pixels: where the picture's top left corner lies
    vec2 size;             // texels
    float texelsPerPixel;  // 1 / zoom
    int taps;              // kArea: taps per axis
} placement;

layout(location = 0) out vec4 color;

const int kNearest = 0;
const int kLinear = 1;
const int kBicubic = 2;
const int kArea = 3;

vec3 nearest(vec2 at) {
    return texelFetch(picture, clamp(ivec2(floor(at)), ivec2(0), ivec2(placement.size) - 1), 0).rgb;
}

vec3 linear(vec2 at) {
    return textureLod(picture, at / placement.size, 0.0).rgb;
}

// Catmull-Rom (a = -1/2) over 4x4 texels. The two middle weights of an axis have one sign and are read with one
// linear fetch between them, which makes 9 fetches of 16.
vec3 bicubic(vec2 at) {
    vec2 middle = floor(at - 0.5) + 0.5;
    vec2 f = at - middle;
    vec2 w0 = f * (-0.5 + f * (1.0 - 0.5 * f));
    vec2 w1 = 1.0 + f * f * (1.5 * f - 2.5);
    vec2 w2 = f * (0.5 + f * (2.0 - 1.5 * f));
    vec2 w3 = f * f * (0.5 * f - 0.5);
    vec2 w12 = w1 + w2;

    vec2 texel = 1.0 / placement.size;
    vec2 at0 = (middle - 1.0) * texel;
    vec2 at12 = (middle + w2 / w12) * texel;
    vec2 at3 = (middle + 2.0) * texel;

    vec3 top = textureLod(picture, vec2(at0.x, at0.y), 0.0).rgb * w0.x +
               textureLod(picture, vec2(at12.x, at0.y), 0.0).rgb * w12.x +
               textureLod(picture, vec2(at3.x, at0.y), 0.0).rgb * w3.x;
    vec3 centre = textureLod(picture, vec2(at0.x, at12.y), 0.0).rgb * w0.x +
                  textureLod(picture, vec2(at12.x, at12.y), 0.0).rgb * w12.x +
                  textureLod(picture, vec2(at3.x, at12.y), 0.0).rgb * w3.x;
    vec3 bottom = textureLod(picture, vec2(at0.x, at3.y), 0.0).rgb * w0.x +
                  textureLod(picture, vec2(at12.x, at3.y), 0.0).rgb * w12.x +
                  textureLod(picture, vec2(at3.x, at3.y), 0.0).rgb * w3.x;
    return top * w0.y + centre * w12.y + bottom * w3.y;
}

// Making smaller: the mean over the texels under this pixel.
vec3 area(vec2 at) {
    vec3 sum = vec3(0.0);
    for (int y = 0; y < placement.taps; ++y) {
        for (int x = 0; x < placement.taps; ++x) {
            vec2 part = (vec2(x, y) + 0.5) / float(placement.taps) - 0.5;
            sum += linear(at + part * placement.texelsPerPixel);
        }
    }
    return sum / float(placement.taps * placement.taps);
}

// An 8x8 Bayer matrix, 0 ... 1 without its ends: rounded after it, a gradient between two values has no edges, and a value
// that is whole stays.
float dither(ivec2 at) {
    int y = at.y, v = at.x ^ at.y;
    int rank = ((v & 1) << 5) | ((y & 1) << 4) | ((v & 2) << 2) | ((y & 2) << 1) | ((v & 4) >> 1) | ((y & 4) >> 2);
    return (float(rank) + 0.5) / 64.0;
}

void main() {
    vec2 at = (gl_FragCoord.xy - placement.origin) * placement.texelsPerPixel;
    vec3 rgb;
    if (kMode == kNearest) {
        rgb = nearest(at);
    } else if (kMode == kBicubic) {
        rgb = bicubic(at) + (dither(ivec2(gl_FragCoord.xy)) - 0.5) / 255.0;
    } else if (kMode == kArea) {
        rgb = area(at);
    } else {
        rgb = linear(at);
    }
    color = vec4(rgb, 1.0);
}
