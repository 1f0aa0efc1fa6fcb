"""A start for the text encoder: naming place, time, weather, camera, thing and season from captions alone.

It takes a minute on one core and saves the transformer from finding out by itself that "dusk" and "sunset" are one.
"""
import random
import time
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

import world
from common import Log, TimeLimit, save_checkpoint, seed_everything
from tokenizer import Tokenizer
from umt5 import Umt5Encoder


def captions(config, split, first, count):
    """(caption, labels) of scenes; nothing is painted."""
    out = []
    for seed in range(first, first + count):
        states, texts, *_ = world.describe_clip(seed, config["video"]["chunks_per_clip"], split)
        out.append((texts[0], states[0]))
        if texts[-1] != texts[0]:
            out.append((texts[-1], states[-1]))
    return out


def train(config, work, device, minutes):
    s = config["text_training"]
    seed_everything(config["seed"])
    limit, work = TimeLimit(minutes), Path(work)
    tokenizer = Tokenizer(work / "spiece.model", config["tokenizer"]["text_len"])
    encoder = Umt5Encoder(len(tokenizer), **config["text_encoder"]).to(device)
    heads = nn.ModuleDict({kind: nn.Linear(config["text_encoder"]["dim"], len(names))
                           for kind, names in world.LABELS.items()}).to(device)
    parameters = [*encoder.parameters(), *heads.parameters()]
    optimiser = torch.optim.AdamW(parameters, s["lr"], betas=(0.9, 0.98))
    pairs, test = captions(config, "train", 0, s["scenes"]), captions(config, "heldout", 0, 300)
    generator, log, reported = random.Random(config["seed"]), Log(work / "text.jsonl"), time.monotonic()

    def scores(chosen):
        ids = tokenizer.batch([text for text, _ in chosen], device)
        longest = int((ids != 0).sum(1).max())
        rows = encoder(ids[:, :longest])
        mean = rows.sum(1) / (ids != 0).sum(1, keepdim=True)
        want = {k: torch.tensor([n.index(l[k]) for _, l in chosen], device=device) for k, n in world.LABELS.items()}
        return {k: (heads[k](mean), want[k]) for k in want}

    for step in range(s["steps"]):
        if not limit:
            break
        for group in optimiser.param_groups:
            group["lr"] = s["lr"] * min(1, (step + 1) / 30) * max(0.05, 1 - step / s["steps"])
        loss = sum(F.cross_entropy(*pair) for pair in scores(generator.sample(pairs, s["batch"])).values())
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        if step + 1 == s["steps"] or time.monotonic() - reported > 30:
            with torch.no_grad():
                hits = {k: (a.argmax(1) == b).float().mean().item() for k, (a, b) in scores(test).items()}
            log(stage="text", step=step + 1, loss=loss.item(), **hits)
            reported = time.monotonic()
    save_checkpoint(work / "text.pt", {"encoder": encoder.state_dict()})
