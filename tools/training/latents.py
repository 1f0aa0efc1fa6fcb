"""Latents of all rendered clips, once, in half precision: the transformer trains on these alone."""
import json
import shutil
from pathlib import Path

import numpy as np
import torch

import autoencoder
from common import TimeLimit, autocast, load_checkpoint
from pool import Clips


def encode(config, work, size, device, minutes):
    work = Path(work)
    net = autoencoder.finished(config, work, device)
    if device.type == "cpu":
        net = net.to(memory_format=torch.channels_last)
    encoder_step = load_checkpoint(work / "autoencoder.pt")["encoder_step"]
    limit = TimeLimit(minutes)
    encoder = None
    for split in ("train", "test"):
        source, target = work / "pool" / f"{size}-{split}", work / "latents" / f"{size}-{split}"
        if not source.exists():
            continue
        mark = target / "source.json"
        version = {"encoder": encoder_step, "clips": json.loads((source / "world.json").read_text())}
        if target.exists() and (not mark.exists() or json.loads(mark.read_text()) != version):
            shutil.rmtree(target)      # latents of another encoder or of other clips
        target.mkdir(parents=True, exist_ok=True)
        mark.write_text(json.dumps(version))
        for path in sorted(source.glob("*.npy")):
            out = target / path.name
            if out.exists() or not path.with_suffix(".jsonl").exists():
                continue
            if not limit:
                return
            clips = np.load(path, mmap_mode="r")
            rows = []
            for clip in clips:
                video = torch.from_numpy(np.array(clip)).to(device).permute(0, 3, 1, 2)[None].float() / 255
                encoder = encoder or autoencoder.quick_encoder(net, video)
                with torch.no_grad(), autocast(device):
                    rows.append(encoder.encode(video)[0].to("cpu", torch.float16).numpy())
            shutil.copy(path.with_suffix(".jsonl"), out.with_suffix(".jsonl"))
            part = out.with_suffix(".part")
            with open(part, "wb") as file:
                np.save(file, np.stack(rows))
            part.rename(out)
            print(f"{size}-{split}: {path.name}, {len(rows)} clips", flush=True)


class Latents:
    """All latents of a folder in memory: [clips, frames, C, H, W] with their captions and labels."""

    def __init__(self, folder):
        clips = Clips(folder)
        self.data = torch.from_numpy(np.concatenate([np.array(s) for s in clips.shards]))
        rows = [row for shard, row in clips.index]
        assert len(rows) == len(self.data)
        self.records = clips.records

    def __len__(self):
        return len(self.data)
