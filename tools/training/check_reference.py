"""Compares the networks with the golden data of the engine's tests: same names, same numbers.

usage: check_reference.py GOLDEN_FOLDER
"""
import json
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file

from dit import CausalDit, LatentCache
from sampler import denoise_chunk, sigma_table, warped
from taehv import Taehv
from umt5 import Umt5Encoder


def load(folder):
    case = json.loads((folder / "case.json").read_text())
    return case, load_file(folder / "weights.safetensors"), load_file(folder / "io.safetensors")


def compare(case, name, got, want, slack=1.0):
    tolerance = case["tolerance"]
    error = ((got - want).abs() - tolerance["rtol"] * slack * want.abs()).max().item()
    good = error <= tolerance["atol"] * slack
    print(f"{'ok  ' if good else 'FAIL'} {case['case']} {name}: largest difference {(got - want).abs().max():.2e}")
    return good


def check_autoencoder(folder):
    case, weights, io = load(folder)
    w = case["config"]["widths"]
    net = Taehv((w["256"], w["128"], w["64"], w["64"]), (w["64"],) * 3, case["config"]["latent_channels"])
    net.load_state_dict(weights)
    with torch.no_grad():
        return [compare(case, "decoded", net.decode(io["in.latent"]).clamp(0, 1), io["out.decoded"]),
                compare(case, "encoded", net.encode(io["in.clip"]), io["out.encoded"])]


def check_text(folder):
    case, weights, io = load(folder)
    c = case["config"]
    net = Umt5Encoder(c["vocab"], c["dim"], c["dim_attn"], c["dim_ffn"], c["num_heads"], c["num_layers"],
                      c["num_buckets"], c["max_distance"])
    net.load_state_dict(weights)
    with torch.no_grad():
        got = net(io["in.ids"] * io["in.mask"])
    buckets = net.blocks[0].pos_embedding.bucket(torch.arange(-511, 512))
    same = bool((buckets == io["out.bucket_of_distance"]).all())
    print("ok  " if same else "FAIL", "buckets")
    return [same, compare(case, "final_zeroed", got, io["out.final_zeroed"])]


def check_transformer(folder):
    case, weights, io = load(folder)
    c = case["config"]
    good = []
    for name, window in case["windows"].items():
        net = CausalDit(c["dim"], c["ffn_dim"], c["num_heads"], c["num_layers"], c["freq_dim"], c["text_dim"],
                        c["text_len"], {**c["mla"], "rope_bands": c["rope_bands"]}, c["frames_per_chunk"],
                        window["sink_frames"], window["cache_frames"], c["in_dim"], c["patch_size"])
        net.load_state_dict(weights)
        cache = LatentCache(c["num_layers"], window["sink_frames"], window["cache_frames"])
        steps, shift = c["denoising_steps"], c["shift"]
        out = []
        with torch.no_grad():
            text = net.text(io["in.context"])
            for chunk in range(c["chunks"]):
                noise = io["in.noise"][:, 3 * chunk:3 * chunk + 3]
                out.append(denoise_chunk(net, text, cache, noise, steps, shift, "consistency",
                                         lambda step, x: io["in.renoise"][chunk, step][None]))
        good.append(compare(case, name + ".latents", torch.cat(out, 1), io[f"out.{name}.latents"]))
        for layer in range(c["num_layers"]):
            got = cache.held[layer][0][0]
            good.append(compare(case, f"{name}.cache_c.block.{layer}", got, io[f"out.{name}.cache_c.block.{layer}"]))
    good.append(bool((1000 * warped(steps, shift) - io["out.timesteps"]).abs().max() < 1e-3))
    return good


def check_training_path():
    """The parallel pass of the training against chunk after chunk with a cache."""
    torch.manual_seed(0)
    mla = dict(d_c=12, d_cq=16, d_nope=12, d_r=12, d_v=16, eps=1e-6, rope_bands="high")
    net = CausalDit(32, 64, 2, 2, 16, 24, 6, mla)
    torch.nn.init.normal_(net.head.head.weight, std=0.2)
    batch, replicas, chunks = 2, 2, 5
    clean = torch.randn(batch, 3 * chunks, 16, 4, 6)
    noisy = torch.randn(replicas, *clean.shape)
    t = torch.rand(replicas, batch, chunks) * 1000
    context = torch.randn(3, 6, 24)
    which = torch.randint(0, 3, (batch, chunks))
    with torch.no_grad():
        together = net.forward_train(clean, noisy, t, net.text(context), which)
        worst = 0.0
        for b in range(batch):
            cache = LatentCache(2, 1, 7)
            for chunk in range(chunks):
                text = net.text(context[which[b, chunk]][None])
                part = slice(3 * chunk, 3 * chunk + 3)
                for r in range(replicas):
                    alone = net.forward_chunk(noisy[r, b, part][None], t[r, b, chunk][None], text, cache, write=False)
                    worst = max(worst, (alone[0] - together[r, b, part]).abs().max().item())
                net.forward_chunk(clean[b, part][None], torch.zeros(1), text, cache, write=True)
    good = worst < 1e-4
    print("ok  " if good else "FAIL", f"training pass against rollout pass: largest difference {worst:.2e}")
    return [good]


if __name__ == "__main__":
    golden = Path(sys.argv[1])
    results = (check_autoencoder(golden / "taehv_decode") + check_text(golden / "umt5_encoder")
               + check_transformer(golden / "mla_dit_rollout") + check_training_path())
    assert sigma_table(5.0)[0] == 1
    sys.exit(0 if all(results) else 1)
