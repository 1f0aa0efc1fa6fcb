#include <algorithm>
#include <charconv>

#include "engine/checkpoint/name_resolver.h"

namespace longtake {

namespace {

// Inside one residual block: diffusers' names for Wan's indices.
std::string residualPart(std::string_view rest) {
    return renamed(rest, {{"norm1.", "residual.0."},
                          {"conv1.", "residual.2."},
                          {"norm2.", "residual.3."},
                          {"conv2.", "residual.6."},
                          {"conv_shortcut.", "shortcut."}});
}

// "3.rest" -> 3 and "rest".
bool splitIndex(std::string_view text, int& index, std::string_view& rest) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), index);
    if (error != std::errc() || index < 0 || index > 99 || end == text.data() + text.size() || *end != '.') return false;
    rest = text.substr(static_cast<size_t>(end - text.data()) + 1);
    return true;
}

// engine-spec 6.5: decoder.up_blocks.B.resnets.R and .upsamplers.0 are Wan's upsamples 4B + R and 4B + 3.
std::string upsampleName(std::string_view text) {
    int block = 0, resnet = 0;
    std::string_view rest, inner;
    if (!splitIndex(text, block, rest)) return "up_blocks." + std::string(text);
    if (const auto up = after(rest, "upsamplers.0.")) return "upsamples." + std::to_string(4 * block + 3) + "." + std::string(*up);
    const auto resnets = after(rest, "resnets.");
    if (!resnets || !splitIndex(*resnets, resnet, inner)) return "up_blocks." + std::string(text);
    return "upsamples." + std::to_string(4 * block + resnet) + "." + residualPart(inner);
}

std::string coderPart(std::string_view rest) {
    if (const auto up = after(rest, "up_blocks.")) return upsampleName(*up);
    int index = 0;
    std::string_view inner;
    const auto down = after(rest, "down_blocks.");
    if (down && splitIndex(*down, index, inner)) return "downsamples." + std::to_string(index) + "." + residualPart(inner);
    if (const auto first = after(rest, "mid_block.resnets.0.")) return "middle.0." + residualPart(*first);
    if (const auto second = after(rest, "mid_block.resnets.1.")) return "middle.2." + residualPart(*second);
    return renamed(rest,
                   {{"conv_in.", "conv1."}, {"norm_out.", "head.0."}, {"conv_out.", "head.2."}, {"mid_block.attentions.0.", "middle.1."}});
}

std::string fromDiffusersVae(const std::string& name) {
    if (const auto rest = after(name, "decoder.")) return "decoder." + coderPart(*rest);
    if (const auto rest = after(name, "encoder.")) return "encoder." + coderPart(*rest);
    return renamed(name, {{"quant_conv.", "conv1."}, {"post_quant_conv.", "conv2."}});
}

std::string ourVideoName(const std::string& name, bool isDiffusers) {
    const std::string stripped = renamed(withoutWrappers(name), {{"vae.", ""}, {"first_stage_model.", ""}, {"taehv.", ""}});
    return isDiffusers ? fromDiffusersVae(stripped) : stripped;
}

void wantConv(NameResolver& resolver, const std::string& name) {
    resolver.wantAnyShape(name + ".weight");
    resolver.wantAnyShape(name + ".bias");
}

void wantMemBlock(NameResolver& resolver, const std::string& at, int64_t width) {
    resolver.want(at + ".conv.0.weight", {width, 2 * width, 3, 3});
    resolver.want(at + ".conv.2.weight", {width, width, 3, 3});
    resolver.want(at + ".conv.4.weight", {width, width, 3, 3});
    for (const std::string part : {".conv.0.bias", ".conv.2.bias", ".conv.4.bias"}) resolver.want(at + part, {width});
}

// engine-spec 7.1 and 7.3; widths come from the convolutions between the stages.
void wantTaehv(NameResolver& resolver) {
    const std::string d = "decoder.", e = "encoder.";
    wantConv(resolver, d + "1");
    int64_t width = resolver.size(d + "1.weight", 0);
    for (const int first : {3, 9, 15}) {
        for (int i = first; i < first + 3; ++i) wantMemBlock(resolver, d + std::to_string(i), width);
        resolver.wantAnyShape(d + std::to_string(first + 4) + ".conv.weight");
        const std::string next = d + std::to_string(first + 5) + ".weight";
        resolver.wantAnyShape(next);
        width = resolver.size(next, 0);
    }
    wantConv(resolver, d + "22");
    if (!resolver.has(e + "0.weight")) return resolver.note("there is no encoder, so video cannot be taken in");
    wantConv(resolver, e + "0");
    for (const int pool : {2, 7, 12}) {
        resolver.wantAnyShape(e + std::to_string(pool) + ".conv.weight");
        const std::string down = e + std::to_string(pool + 1) + ".weight";
        resolver.wantAnyShape(down);
        for (int i = pool + 2; i < pool + 5; ++i) wantMemBlock(resolver, e + std::to_string(i), resolver.size(down, 0));
    }
    wantConv(resolver, e + "17");
}

void wantResidual(NameResolver& resolver, const std::string& at) {
    resolver.wantAnyShape(at + ".residual.0.gamma");
    wantConv(resolver, at + ".residual.2");
    resolver.wantAnyShape(at + ".residual.3.gamma");
    wantConv(resolver, at + ".residual.6");
    const int64_t in = resolver.size(at + ".residual.2.weight", 1), out = resolver.size(at + ".residual.2.weight", 0);
    if (in != out) wantConv(resolver, at + ".shortcut");
}

void wantResample(NameResolver& resolver, const std::string& at) {
    wantConv(resolver, at + ".resample.1");
    resolver.wantIfThere(at + ".time_conv.weight");  // only temporal stages have one
    resolver.wantIfThere(at + ".time_conv.bias");
}

void wantCoder(NameResolver& resolver, const std::string& coder, const std::string& stages, int count,
               std::initializer_list<int> resamples) {
    wantConv(resolver, coder + "conv1");
    wantResidual(resolver, coder + "middle.0");
    resolver.wantAnyShape(coder + "middle.1.norm.gamma");
    wantConv(resolver, coder + "middle.1.to_qkv");
    wantConv(resolver, coder + "middle.1.proj");
    wantResidual(resolver, coder + "middle.2");
    for (int i = 0; i < count; ++i) {
        const std::string at = coder + stages + std::to_string(i);
        const bool isResample = std::find(resamples.begin(), resamples.end(), i) != resamples.end();
        isResample ? wantResample(resolver, at) : wantResidual(resolver, at);
    }
    resolver.wantAnyShape(coder + "head.0.gamma");
    wantConv(resolver, coder + "head.2");
}

// engine-spec 6.3, 6.4.
void wantWanVae(NameResolver& resolver) {
    wantConv(resolver, "conv2");
    wantCoder(resolver, "decoder.", "upsamples.", 15, {3, 7, 11});
    if (!resolver.has("encoder.conv1.weight")) return resolver.note("there is no encoder, so video cannot be taken in");
    wantConv(resolver, "conv1");
    wantCoder(resolver, "encoder.", "downsamples.", 11, {2, 5, 8});
}

}  // namespace

Result<VideoMap> mapVideo(const Checkpoint& checkpoint) {
    bool isDiffusers = false;
    for (const std::string& name : checkpoint.names()) isDiffusers = isDiffusers || name.ends_with("post_quant_conv.weight");
    NameResolver resolver(checkpoint, [&](const std::string& name) { return ourVideoName(name, isDiffusers); });
    VideoMap map;
    if (resolver.has("decoder.22.weight") && resolver.has("decoder.1.weight")) {
        map.config.kind = VideoKind::Taehv;
        map.config.latentChannels = static_cast<int>(resolver.size("decoder.1.weight", 1));
        wantTaehv(resolver);
        map.names = resolver.finish("tiny autoencoder");
    } else if (resolver.has("decoder.conv1.weight") && resolver.has("conv2.weight")) {
        map.config.kind = VideoKind::WanVae;
        map.config.latentChannels = static_cast<int>(resolver.size("conv2.weight", 0));
        wantWanVae(resolver);
        map.names = resolver.finish(isDiffusers ? "Wan video autoencoder, diffusers names" : "Wan video autoencoder");
    } else {
        return Error{checkpoint.path() + ": holds neither a Wan video autoencoder nor a tiny one (TAEHV)"};
    }
    return map;
}

}  // namespace longtake
