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
CODED = 2000                  # chunks that are coded once, before the first step


def view(chunks):
    """Chunks [N, 12, 3, H, W] in 0..1 -> [N, 12, 72, 128]: four moments as channels."""
    return join(chunks[:, list(MOMENTS)])


def join(moments):
    """The four moments of chunks [N, 4, 3, H, W] -> [N, 12, 72, 128]."""
    return F.interpolate(moments.flatten(0, 1), SIZE, mode="area").reshape(len(moments), -1, *SIZE)


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


SHIFTS = [(dy, dx) for dy in range(-3, 4) for dx in range(-8, 9)]   # in pixels of half the view's size
PAIRS = ((0, 1), (0, 3))                                            # of moments
CELLS = (2, 4)                                                      # rows and columns of the picture, each by itself


@torch.no_grad()
def shift_match(x):
    """How well each part of the picture, moved by each of SHIFTS, matches a later moment: x as `view` makes it ->
    [N, PAIRS * CELLS * SHIFTS]. What the camera does shows here; learnt from pixels it takes many times the clips."""
    grey = F.avg_pool2d(x.float().unflatten(1, (len(MOMENTS), 3)).mean(2), 2)
    detail = grey - F.avg_pool2d(grey, 9, 1, 4, count_include_pad=False)
    detail = detail / (detail.square().mean((2, 3), keepdim=True) + 1e-5).sqrt()
    first, later = (detail[:, [pair[i] for pair in PAIRS]] for i in (0, 1))
    matches = [F.adaptive_avg_pool2d(first * later.roll((dy, dx), (2, 3)), CELLS) for dy, dx in SHIFTS]
    return torch.stack(matches, -1).flatten(1)


class Classifier(nn.Module):
    def __init__(self, width=32):
        super().__init__()
        w = width
        self.motion = nn.Sequential(nn.Linear(len(PAIRS) * CELLS[0] * CELLS[1] * len(SHIFTS), 4 * w), nn.SiLU())
        self.stem = nn.Conv2d(21, w, 5, stride=2, padding=2)
        self.body = nn.Sequential(Residual(w, 2 * w), Residual(2 * w, 3 * w), Residual(3 * w, 4 * w), Residual(4 * w, 6 * w))
        self.norm = nn.LayerNorm(16 * w)
        self.heads = nn.ModuleDict({kind: nn.Linear(16 * w, len(names)) for kind, names in world.LABELS.items()})

    def forward(self, x):
        motion = self.motion(shift_match(x))
        x = torch.cat([x, 4 * (x[:, 3:] - x[:, :-3])], 1)
        y = F.silu(self.body(self.stem(x)))
        y = self.norm(torch.cat([y.mean((2, 3)), y.amax((2, 3)), motion], 1))
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

    def pick(source):
        i = generator.randrange(len(source))
        chunk = generator.randrange(1, len(source.records[i]["captions"]))      # the codec's first pictures lack a past
        return source.frames(i)[12 * (chunk - 1):12 * (chunk + 1)], source.records[i]["labels"][chunk]

    def to_video(frames):
        return torch.from_numpy(np.array(frames)).to(device).permute(0, 3, 1, 2).float() / 255

    def coded(source, count):
        """Views of chunks as the autoencoder shows them, which is what will be judged, with their labels."""
        out = []
        with torch.no_grad(), autocast(device):
            for _ in range(count):
                frames, labels = pick(source)
                shown = codec.decode(codec.encode(to_video(frames)[None]), trim=False)[:, 12:].float().clamp(0, 1)
                out.append((view(shown)[0].half(), labels))
        return out

    kept = {id(source): coded(source, count) for source, count in ((clips, CODED), (test, 32))}

    def draw(source, count):
        """One chunk of each of `count` clips, a quarter of them coded."""
        old = generator.sample(kept[id(source)], count // 4)
        new = [pick(source) for _ in range(count - len(old))]
        moments = [to_video(frames[[12 + m for m in MOMENTS]]) for frames, _ in new]     # no more is read from the disk
        views = [v.float() for v, _ in old] + list(join(torch.stack(moments)))
        return torch.stack(views), targets([labels for _, labels in old + new], device)

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
