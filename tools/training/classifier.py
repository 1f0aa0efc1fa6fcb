"""A classifier of the painted world: what place, time, weather, camera, thing and season a chunk shows.

It judges generated chunks, so it learns from painted ones and from what the autoencoder makes of them.
"""
import random
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

import autoencoder
import world
from common import Log, TimeLimit, autocast, load_checkpoint, save_checkpoint, seed_everything
from pool import Clips

MOMENTS = (0, 4, 8, 11)       # of the 12 frames of a chunk
SIZE = (72, 128)


def view(chunks):
    """Chunks [N, 12, 3, H, W] in 0..1 -> [N, 12, 72, 128]: four moments as channels."""
    picked = chunks[:, list(MOMENTS)]
    return F.interpolate(picked.flatten(0, 1), SIZE, mode="area").reshape(len(chunks), -1, *SIZE)


class Residual(nn.Module):
    def __init__(self, before, after):
        super().__init__()
        self.norm1, self.norm2 = nn.GroupNorm(8, before), nn.GroupNorm(8, after)
        self.conv1 = nn.Conv2d(before, after, 3, stride=2, padding=1)
        self.conv2 = nn.Conv2d(after, after, 3, padding=1)
        self.skip = nn.Conv2d(before, after, 1, stride=2)

    def forward(self, x):
        h = F.silu(self.norm1(x))
        return self.skip(h) + self.conv2(F.silu(self.norm2(self.conv1(h))))


class Classifier(nn.Module):
    def __init__(self, width=32):
        super().__init__()
        w = width
        # The first layer sees the moments and their differences: the camera shows in these.
        self.stem = nn.Conv2d(21, w, 5, stride=2, padding=2)
        self.body = nn.Sequential(Residual(w, 2 * w), Residual(2 * w, 3 * w), Residual(3 * w, 4 * w), Residual(4 * w, 6 * w))
        self.norm = nn.LayerNorm(12 * w)
        self.heads = nn.ModuleDict({kind: nn.Linear(12 * w, len(names)) for kind, names in world.LABELS.items()})

    def forward(self, x):
        x = torch.cat([x, 4 * (x[:, 3:] - x[:, :-3])], 1)
        y = F.silu(self.body(self.stem(x)))
        y = self.norm(torch.cat([y.mean((2, 3)), y.amax((2, 3))], 1))
        return {kind: head(y) for kind, head in self.heads.items()}


def targets(labels, device):
    return {kind: torch.tensor([names.index(l[kind]) for l in labels], device=device)
            for kind, names in world.LABELS.items()}


def train(config, work, device, minutes, size="full", batch=16):
    seed_everything(config["seed"])
    work, limit, steps = Path(work), TimeLimit(minutes), config["classifier"]["steps"]
    clips, test = Clips(work / "pool" / f"{size}-train"), Clips(work / "pool" / f"{size}-test")
    codec = autoencoder.finished(config, work, device)
    net = Classifier().to(device)
    optimiser = torch.optim.AdamW(net.parameters(), 1e-3, weight_decay=0.02)
    path, step = work / "classifier.pt", 0
    state = load_checkpoint(path, device)
    if state is not None:
        net.load_state_dict(state["net"])
        optimiser.load_state_dict(state["optimiser"])
        step = state["step"]
    generator, log = random.Random(config["seed"] + step), Log(work / "classifier.jsonl")

    def draw(source, count):
        """One chunk of each clip; a quarter of them through the autoencoder, whose pictures are what it will judge."""
        videos, labels = [], []
        for _ in range(count):
            i = generator.randrange(len(source))
            frames = source.frames(i)
            chunk = generator.randrange(1, len(frames) // 12)      # the codec's first pictures lack a past
            videos.append(np.array(frames[12 * (chunk - 1):12 * (chunk + 1)]))
            labels.append(source.records[i]["labels"][chunk])
        video = torch.from_numpy(np.stack(videos)).to(device).permute(0, 1, 4, 2, 3).float() / 255
        coded_count = count // 4
        with torch.no_grad(), autocast(device):
            coded = codec.decode(codec.encode(video[:coded_count]), trim=False).float().clamp(0, 1)
        return view(torch.cat([coded, video[coded_count:]])[:, 12:]), targets(labels, device)

    saved = time.monotonic()
    while limit and step < steps:
        for group in optimiser.param_groups:
            group["lr"] = 1e-3 * min(1, step / 100) * max(0.02, 1 - step / steps)
        x, want = draw(clips, batch)
        x = x + 0.02 * torch.randn_like(x)
        with autocast(device):
            got = net(x)
        loss = sum(F.cross_entropy(got[k].float(), want[k], label_smoothing=0.05) for k in want)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        step += 1
        if step % 200 == 0 or time.monotonic() - saved > 120:
            net.eval()
            with torch.no_grad():
                x, want = draw(test, 32)
                got = net(x)
            net.train()
            log(stage="classifier", step=step, loss=loss.item(),
                **{k: (got[k].argmax(1) == want[k]).float().mean().item() for k in want})
            save_checkpoint(path, dict(net=net.state_dict(), optimiser=optimiser.state_dict(), step=step))
            saved = time.monotonic()
    save_checkpoint(path, dict(net=net.state_dict(), optimiser=optimiser.state_dict(), step=step))


def load(work, device):
    state = load_checkpoint(Path(work) / "classifier.pt", device)
    if state is None:
        raise SystemExit("no classifier yet: run the stage 'classifier' first")
    net = Classifier().to(device)
    net.load_state_dict(state["net"])
    return net.eval()


@torch.no_grad()
def name_chunks(net, video):
    """Video [12 * n, 3, H, W] in 0..1 -> one {kind: name} per chunk."""
    got = net(view(video.unflatten(0, (-1, 12)).float()))
    return [{kind: world.LABELS[kind][got[kind][i].argmax()] for kind in got} for i in range(len(video) // 12)]
