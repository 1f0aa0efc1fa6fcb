"""Writes a sheet of scenes x moments from the painted world, to be looked at.

    python contact_sheet.py sheet.png --scenes 12 --moments 4 --first-seed 0 --columns 2
    python contact_sheet.py sheet.png --set place=lake --set time=night
"""

import argparse

import numpy as np
from PIL import Image

import world


def scenes(arguments):
    wanted = dict(item.split("=", 1) for item in arguments.set)
    found, seed = [], arguments.first_seed
    while len(found) < arguments.scenes and seed < arguments.first_seed + 200000:
        states, texts, scene, start, seconds, change = world.describe_clip(seed, arguments.chunks, arguments.split)
        if all(states[0][k] == v for k, v in wanted.items()) and (not arguments.changing or change):
            found.append(seed)
        seed += 1
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output")
    parser.add_argument("--scenes", type=int, default=12)
    parser.add_argument("--moments", type=int, default=4)
    parser.add_argument("--columns", type=int, default=1, help="scenes side by side")
    parser.add_argument("--chunks", type=int, default=4)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--split", default="train", choices=["train", "heldout"])
    parser.add_argument("--set", action="append", default=[], help="only scenes that start with name=value")
    parser.add_argument("--changing", action="store_true", help="only scenes in which something changes")
    parser.add_argument("--landscapes", type=int, default=0, help="different lands per place; 0: no two alike")
    parser.add_argument("--scale", type=int, default=1)
    arguments = parser.parse_args()
    rows = []
    for seed in scenes(arguments):
        clip = world.sample_clip(seed, arguments.chunks, split=arguments.split, landscapes=arguments.landscapes)
        at = np.linspace(0, len(clip.frames) - 1, arguments.moments).round().astype(int)
        rows.append(np.concatenate([clip.frames[i] for i in at], axis=1))
        print(f"{seed:6d}  {clip.captions[0]}" + (f"  [{clip.change}]->  {clip.captions[-1]}" if clip.change else ""))
    while len(rows) % arguments.columns:
        rows.append(np.zeros_like(rows[0]))
    sheet = np.concatenate([np.concatenate(rows[i:i + arguments.columns], axis=1)
                            for i in range(0, len(rows), arguments.columns)], axis=0)
    image = Image.fromarray(sheet)
    if arguments.scale > 1:
        image = image.resize((image.width * arguments.scale, image.height * arguments.scale), Image.LANCZOS)
    image.save(arguments.output)


if __name__ == "__main__":
    main()
