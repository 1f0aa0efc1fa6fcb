// Reads a picture file with a reader that shares no code with our writers.
#pragma once

#define STB_IMAGE_STATIC
#define STB_IMAGE_IMPLEMENTATION
#include <stb/stb_image.h>

#include <array>
#include <string>
#include <vector>

struct ReadPicture {
    int width = 0;
    int height = 0;
    std::vector<unsigned char> rgb;

    explicit ReadPicture(const std::string& path) {
        int channels = 0;
        unsigned char* pixels = stbi_load(path.c_str(), &width, &height, &channels, 3);
        if (pixels == nullptr) return;
        rgb.assign(pixels, pixels + static_cast<size_t>(width) * static_cast<size_t>(height) * 3);
        stbi_image_free(pixels);
    }
    std::array<int, 3> at(int x, int y) const {
        const size_t i = (static_cast<size_t>(y) * static_cast<size_t>(width) + static_cast<size_t>(x)) * 3;
        return i + 2 < rgb.size() ? std::array<int, 3>{rgb[i], rgb[i + 1], rgb[i + 2]} : std::array<int, 3>{-1, -1, -1};
    }
};
