#!/usr/bin/env python3
"""Takes made by the reference networks, as a contact sheet and, if asked, as an animation.

usage: sample.py MODEL SHEET.png [--small W H] [--chunks N] [--animation FILE.webp] ["prompt" | "prompt => prompt => ..."] ...

Every row is one take; prompts joined by => follow one another in it. Without prompts those of model.json are used.
"""
import argparse

import numpy as np
import torch
from PIL import Image, ImageDraw

import common
from bundle import Bundle


def schedule(text, chunks):
    parts = [p.strip() for p in text.split("=>")]
    return [parts[min(i * len(parts) // chunks, len(parts) - 1)] for i in range(chunks)]


def sheet(video, captions, moments):
    """Rows of equally spaced pictures of each take, under its prompts."""
    rows, strip = [], 14
    for clip, text in zip(video, captions):
        picked = np.linspace(0, len(clip) - 1, moments).round().astype(int)
        pictures = np.concatenate([(clip[i].permute(1, 2, 0).cpu().numpy() * 255 + 0.5).astype(np.uint8) for i in picked], 1)
        bar = Image.new("RGB", (pictures.shape[1], strip), (16, 16, 16))
        ImageDraw.Draw(bar).text((4, 1), text[:pictures.shape[1] // 6], fill=(220, 220, 220))
        rows += [np.asarray(bar), pictures]
    return Image.fromarray(np.concatenate(rows))


def save_animation(clip, path, fps):
    frames = [Image.fromarray((f.permute(1, 2, 0).cpu().numpy() * 255 + 0.5).astype(np.uint8)) for f in clip]
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=round(1000 / fps), loop=0, quality=80)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("sheet")
    parser.add_argument("prompts", nargs="*")
    parser.add_argument("--small", nargs=2, type=int, metavar=("WIDTH", "HEIGHT"),
                        help="frame of the first training stage: positions are spread as in training")
    parser.add_argument("--chunks", type=int, default=8)
    parser.add_argument("--moments", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, help="evenly spaced euler steps in place of the model's own")
    parser.add_argument("--animation")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=0)
    a = parser.parse_intermixed_args()
    common.setup_device(a.device, a.threads)
    bundle = Bundle(a.model, a.device)
    width, height = a.small or (None, None)
    if a.small:
        bundle.dit.row_scale = bundle.info["defaults"]["height"] / height
        bundle.dit.column_scale = bundle.info["defaults"]["width"] / width
    texts = a.prompts or bundle.info["examples"]
    per_take = [schedule(t, a.chunks) for t in texts]
    sampler = dict(bundle.info["sampler"])
    if a.steps:
        sampler.update(kind="euler", steps=[round(1000 * (1 - i / a.steps)) for i in range(a.steps)])
    with common.autocast(torch.device(a.device)):
        _, video = bundle.take([list(p) for p in zip(*per_take)], a.seed, width, height, sampler)
    sheet(video.float(), texts, a.moments).save(a.sheet)
    if a.animation:
        save_animation(video[0].float(), a.animation, bundle.info["defaults"]["fps"])
