#!/usr/bin/env python3
"""After more training: the distilled student of the transformer before, moved by what the transformer has learned since.

usage: move_student.py TEACHER_BEFORE.pt --work FOLDER [--stage leap|self] [--step N]

TEACHER_BEFORE.pt is the dit-small.pt that the student was distilled from. The moved student is nearly one of the new
transformer, so its pass needs few steps more; it goes on at step N of its schedule. A critic moves along.
"""
import argparse
from pathlib import Path

import torch

from common import load_checkpoint, save_checkpoint

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before")
    parser.add_argument("--work", required=True)
    parser.add_argument("--stage", choices=["leap", "self"], default="leap")
    parser.add_argument("--step", type=int, default=0)
    a = parser.parse_args()
    work, device = Path(a.work), torch.device("cpu")
    path = work / f"dit-{a.stage}.pt"
    before, now, student = states = [load_checkpoint(p, device) for p in (Path(a.before), work / "dit-small.pt", path)]
    if None in states:
        raise SystemExit(f"move_student.py needs TEACHER_BEFORE.pt, and dit-small.pt and {path.name} in the work folder")
    old, new = (state["ema"]["module"] for state in (before, now))
    for weights in (student["model"], student["ema"]["module"], student.get("critic", {})):
        for name, tensor in weights.items():
            if tensor.is_floating_point():
                tensor += new[name] - old[name]
    student["step"] = a.step
    save_checkpoint(path, student)
