#!/usr/bin/env python3
"""Checkpoints in small pieces, for carrying them between machines.

usage: pack.py pack WORK PIECES [stage ...]      stage: autoencoder, dit-small, dit-full, dit-leap, dit-self, classifier
       pack.py unpack PIECES WORK

Without stages: whatever is in WORK. Weights travel in half precision, optimiser states in bfloat16; the loaders turn
them back. Clips and latents do not travel: the world paints them again.
"""
import io
import shutil
import sys
from pathlib import Path

import torch

PIECE = 15 << 20
STAGES = ["autoencoder", "dit-small", "dit-full", "dit-leap", "dit-self", "classifier"]


def slim(value, key=None):
    if torch.is_tensor(value):
        if not value.is_floating_point() or value.numel() < 64 or key == "normaliser":
            return value.cpu()
        return value.to("cpu", torch.bfloat16 if key in ("optimiser", "critic_optimiser") else torch.float16)
    if isinstance(value, dict):
        return {k: slim(v, key or k) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(slim(v, key) for v in value)
    return value


def pack(work, pieces, stages):
    pieces.mkdir(parents=True, exist_ok=True)
    for old in pieces.glob("checkpoint.*"):
        old.unlink()
    states = {s: slim(torch.load(work / f"{s}.pt", map_location="cpu", weights_only=False))
              for s in stages or STAGES if (work / f"{s}.pt").exists()}
    data = io.BytesIO()
    torch.save(states, data)
    view = data.getbuffer()
    for number, start in enumerate(range(0, len(view), PIECE)):
        (pieces / f"checkpoint.{number:02d}").write_bytes(view[start:start + PIECE])
    shutil.copy(work / "spiece.model", pieces)
    print(f"{', '.join(states)}: {len(view) / 1e6:.1f} MB in {number + 1} pieces")


def unpack(pieces, work):
    work.mkdir(parents=True, exist_ok=True)
    data = b"".join(p.read_bytes() for p in sorted(pieces.glob("checkpoint.*")))
    for stage, state in torch.load(io.BytesIO(data), map_location="cpu", weights_only=False).items():
        torch.save(state, work / f"{stage}.pt")
    shutil.copy(pieces / "spiece.model", work)


if __name__ == "__main__":
    if len(sys.argv) < 4 or sys.argv[1] not in ("pack", "unpack"):
        sys.exit(__doc__)
    first, second = Path(sys.argv[2]), Path(sys.argv[3])
    pack(first, second, sys.argv[4:]) if sys.argv[1] == "pack" else unpack(first, second)
