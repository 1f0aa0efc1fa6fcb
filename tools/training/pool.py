"""Rendered clips on disk, and their latents.

A folder of clips holds shards NAME.npy (uint8 [clips, frames, H, W, 3]) and NAME.jsonl (one object per clip with
`captions` and `labels`, each a list with one entry per chunk), as `world.render_pool` writes them.
"""
import json
from pathlib import Path

import numpy as np


class Clips:
    def __init__(self, folder):
        self.folder = Path(folder)
        self.shards, self.records, self.index = [], [], []
        for path in sorted(self.folder.glob("*.npy")):
            lines = path.with_suffix(".jsonl")
            if not lines.exists():
                continue
            shard = np.load(path, mmap_mode="r")
            records = [json.loads(line) for line in lines.read_text().splitlines() if line.strip()]
            n = min(len(shard), len(records))
            self.index += [(len(self.shards), i) for i in range(n)]
            self.records += records[:n]
            self.shards.append(shard)
        if not self.index:
            raise SystemExit(f"no clips in {self.folder}: run the stage 'pool' first")

    def __len__(self):
        return len(self.index)

    def frames(self, i):
        shard, row = self.index[i]
        return self.shards[shard][row]


def sizes(config, size):
    v, p = config["video"], config["pool"]
    return (v["width"], v["height"], p["clips_full"]) if size == "full" else (p["small_width"], p["small_height"], p["clips_small"])


def render(config, work, size, workers):
    """The clips of one frame size: "full" or "small". What is already there is kept, unless the world has changed."""
    import world
    width, height, count = sizes(config, size)
    chunks = config["video"]["chunks_per_clip"]
    settings = config["pool"]
    # Two sizes never show the same clip, and the held-out ones come first: every stage after this needs them.
    first = 0 if size == "small" else 10_000_000
    turns = camera_changes(first + 100_000, settings["camera_changes"], chunks, settings["landscapes"])
    for split, name, seeds in (("heldout", "test", range(first, first + settings["held_out"])),
                               ("train", "train", [*range(first, first + count), *turns])):
        world.render_pool(Path(work) / "pool" / f"{size}-{name}", seeds, split, max(1, workers), chunks,
                          width, height, 16, settings["landscapes"])


def camera_changes(first, count, chunks, landscapes):
    """The first `count` seeds from `first` on of training clips whose camera changes."""
    import world
    out = []
    while len(out) < count:
        states = world.describe_clip(first, chunks, "train", landscapes)[0]
        if states[0]["camera"] != states[-1]["camera"]:
            out.append(first)
        first += 1
    return out


def captions(config):
    """Captions of training clips, for the tokenizer."""
    import world
    for seed in range(config["tokenizer"]["captions"]):
        texts = world.describe_clip(seed, config["video"]["chunks_per_clip"], "train")[1]
        yield texts[0]
        if texts[-1] != texts[0]:
            yield texts[-1]


def knowledge():
    """What the model has seen, for model.json, and three prompts that show it."""
    import captions as words
    known = {"places": words.PLACES, "times": words.TIMES, "weather": words.WEATHERS, "cameras": words.CAMERAS,
             "things": [t for t in words.THINGS if t != "none"], "seasons": [s for s in words.SEASONS if s != "none"],
             "vocabulary": sorted(words.vocabulary())}
    return known, ["The ocean at noon", "The desert at sunset", "A lighthouse by the ocean at night"]
