#!/usr/bin/env python3
"""Writes a model folder for the engine: model.json, the weights, spiece.model.

usage: export.py --work FOLDER OUTPUT [--device cpu|cuda] [--stage small|full|leap|self] [--bf16] [--after MODEL --bits N]

The folder is written beside the target and renamed, so that a reader never sees half a model.

For a repository that keeps every version: weights that are still those of MODEL, the version before, stay byte for byte, and of
the significands of all others only N bits are written.
"""
import argparse
import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

import autoencoder
import common
import flow
import pool


def description(config, vocab, sampler, size):
    d, t = config["dit"], config["text_encoder"]
    known, examples = pool.knowledge()
    width, height, _ = pool.sizes(config, size)
    return {
        "format": "longtake-model", "version": 1, "name": "Tidepool",
        "description": "A small video model of procedurally drawn scenery: places, times of day, weather, cameras",
        "license": "Apache-2.0", "knows": known, "examples": examples,
        "dit": {"weights": "dit.safetensors", "attention": "mla", "dim": d["dim"], "ffn_dim": d["ffn_dim"],
                "num_heads": d["num_heads"], "num_layers": d["num_layers"], "freq_dim": d["freq_dim"],
                "text_dim": t["dim"], "text_len": config["tokenizer"]["text_len"],
                "in_dim": config["autoencoder"]["latent_channels"], "out_dim": config["autoencoder"]["latent_channels"],
                "patch_size": d["patch_size"], "eps": d["eps"], "position_features": d["position_features"],
                "predicts": d["predicts"], "mla": d["mla"]},
        "text_encoder": {"weights": "text_encoder.safetensors", "tokenizer": "spiece.model", "vocab": vocab, **t},
        "video": {"kind": "taehv", "weights": "video.safetensors",
                  "latent_channels": config["autoencoder"]["latent_channels"]},
        "sampler": sampler,
        "rollout": {"chunk_frames": config["rollout"]["chunk_frames"],
                    "window_frames": config["rollout"]["window_frames"],
                    "sink_frames": config["rollout"]["sink_frames"], "positions": "window", "context_noise": 0},
        "defaults": {"width": width, "height": height, "fps": config["video"]["fps"]},
    }


def shortened(x, bits):
    """x with `bits` bits of each significand after the leading one: what is cut off is zero and costs little when packed."""
    significand, exponent = torch.frexp(x.double())
    return torch.ldexp((significand * 2.0 ** (bits + 1)).round(), exponent - bits - 1).to(x.dtype)


def save_weights(module, path, dtype, before=None, bits=None):
    tensors = {name: tensor.to(dtype).contiguous().cpu() for name, tensor in module.state_dict().items()}
    old = load_file(Path(before) / path.name) if before else {}
    for name, tensor in tensors.items():
        if bits and not (name in old and torch.equal(old[name], tensor)):
            tensors[name] = shortened(tensor, bits)
        if not torch.isfinite(tensors[name]).all():
            raise SystemExit(f"{name} does not fit {dtype}")
    save_file(tensors, path, {"format": "pt"})


def export(config, work, output, stage=None, dtype=torch.float16, before=None, bits=None):
    output = Path(output)
    model, tokenizer, stage, step = flow.finished(config, work, stage)
    sampler = config["sampler"]
    if stage in ("leap", "self"):
        sampler = {"kind": "euler", "steps": config["distill"]["steps"], "shift": config["sampler"]["shift"]}
    full = (Path(work) / "dit-full.pt").exists() or config["dit_training"]["spread_positions"]
    part = output.with_name(output.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    save_weights(model.dit, part / "dit.safetensors", dtype, before, bits)
    save_weights(model.text_encoder, part / "text_encoder.safetensors", dtype, before, bits)
    save_weights(autoencoder.finished(config, work), part / "video.safetensors", dtype, before, bits)
    shutil.copy(Path(work) / "spiece.model", part / "spiece.model")
    for file in part.iterdir():
        file.chmod(0o644)
    (part / "model.json").write_text(json.dumps(description(config, len(tokenizer), sampler, "full" if full else "small"), indent=1) + "\n")
    old = output.with_name(output.name + ".old")
    if output.exists():
        shutil.rmtree(old, ignore_errors=True)
        output.rename(old)
    part.rename(output)
    shutil.rmtree(old, ignore_errors=True)
    size = sum(f.stat().st_size for f in output.iterdir()) / 1e6
    print(f"{output}: stage {stage}, step {step}, {size:.1f} MB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output")
    parser.add_argument("--work", required=True)
    parser.add_argument("--config")
    parser.add_argument("--device", default="cpu", help="the one it was trained on: it chooses the model's size")
    parser.add_argument("--set", action="append", default=[], metavar="section.key=value")
    parser.add_argument("--stage", choices=["small", "full", "leap", "self"])
    parser.add_argument("--bf16", action="store_true", help="bfloat16 in place of half precision")
    parser.add_argument("--after", metavar="MODEL")
    parser.add_argument("--bits", type=int, choices=range(1, 11), metavar="N")
    a = parser.parse_args()
    if a.after and not a.bits:
        parser.error("--after MODEL needs --bits N")
    config = common.load_config(a.config)
    common.choose(config, a.device, a.set)
    export(config, a.work, a.output, a.stage, torch.bfloat16 if a.bf16 else torch.float16, a.after, a.bits)
