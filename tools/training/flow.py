"""The transformer stages: flow matching by teacher forcing, on small frames first, then on full ones.

The text encoder learns together with the transformer.
"""
import random
import time
from pathlib import Path

import torch
from torch import nn

from common import (Ema, Log, Team, TimeLimit, autocast, learning_rate, load_checkpoint, save_checkpoint, seed_everything)
from dit import CausalDit
from latents import Latents
from muon import MuonAdam
from tokenizer import Tokenizer
from umt5 import Umt5Encoder


class Model(nn.Module):
    def __init__(self, config, vocab):
        super().__init__()
        d, r = config["dit"], config["rollout"]
        self.text_encoder = Umt5Encoder(vocab, **config["text_encoder"])
        self.dit = CausalDit(d["dim"], d["ffn_dim"], d["num_heads"], d["num_layers"], d["freq_dim"],
                             config["text_encoder"]["dim"], config["tokenizer"]["text_len"], d["mla"],
                             r["chunk_frames"], r["sink_frames"], r["window_frames"],
                             config["autoencoder"]["latent_channels"], d["patch_size"], d["eps"],
                             d["position_features"], d["predicts"])

    def spread_positions(self, config, rows, columns):
        """On small frames, puts rows and columns where they would be on full ones. Takes latent sizes."""
        if not config["dit_training"]["spread_positions"]:
            return
        side = 8 * config["autoencoder"]["patch"]
        self.dit.row_scale = config["video"]["height"] / side / rows
        self.dit.column_scale = config["video"]["width"] / side / columns


def matrices_and_others(model):
    matrices = [p for name, p in model.named_parameters()
                if p.ndim == 2 and ".blocks." in name and "pos_embedding" not in name]
    chosen = {id(p) for p in matrices}
    return matrices, [p for p in model.parameters() if id(p) not in chosen]


def freeze(settings, model, averaged):
    """Holds the parameters whose names contain one of `frozen` at what the averaged model has."""
    held = dict(averaged.named_parameters())
    for name, p in model.named_parameters():
        if any(part in name for part in settings["frozen"]):
            p.data.copy_(held[name])
            p.requires_grad_(False)


def shifted(u, shift):
    """Noise levels sigma for u in 0..1, falling later the larger the shift; `unshifted` is its inverse."""
    return shift * u / (1 + (shift - 1) * u)


def unshifted(sigma, shift):
    return sigma / (shift - (shift - 1) * sigma)


class Batches:
    """Latents, prompts and noise for one step."""

    def __init__(self, config, latents, tokenizer, device):
        self.settings, self.chunk = config["dit_training"], config["rollout"]["chunk_frames"]
        self.latents, self.tokenizer, self.device = latents, tokenizer, device

    def prompts(self, captions):
        """captions: per clip a list with one text per chunk -> ids of the different ones, and who uses which."""
        different = {}
        which = [[different.setdefault(text, len(different)) for text in clip] for clip in captions]
        return (self.tokenizer.batch(list(different), self.device), torch.tensor(which, device=self.device))

    def clips(self, generator, batch, dropout=0.0):
        """Clean latents [batch, F, C, H, W], ids of their prompts, and who uses which."""
        rows = [generator.randrange(len(self.latents)) for _ in range(batch)]
        clean = self.latents.data[rows].to(self.device, torch.float32)
        captions = [[""] * len(self.latents.records[i]["captions"]) if generator.random() < dropout
                    else self.latents.records[i]["captions"] for i in rows]
        return clean, *self.prompts(captions)

    def draw(self, generator, batch, replicas, dropout, levels=None, plan=None):
        """What `step_loss` takes; noise levels from `levels` [n] if given, else logit-normal ones. The kind of step is drawn
        from `plan`: the same in all processes, so that none waits for another's longer step."""
        s = self.settings
        plan = plan or generator
        kind = plan.random()
        still = kind < s["still_share"]
        single = kind < s["still_share"] + s["single_share"]
        count = 1 if single else plan.randint(*s["chunks"])
        if still:
            batch *= self.chunk
        if s["single_share"] and not single:
            batch = max(1, batch // count)
        clean, ids, which = self.clips(generator, batch, dropout)
        count = min(which.shape[1], count)
        first = generator.randint(0, which.shape[1] - count)
        clean, which = clean[:, first * self.chunk:(first + count) * self.chunk], which[:, first:first + count]
        # Prompts of chunks that were not drawn are not embedded.
        used, which = torch.unique(which, return_inverse=True)
        ids = ids[used]
        frames = self.chunk
        if still:
            frames, moment = 1, generator.randrange(self.chunk)
            clean = clean[:, moment:moment + 1]
        chunks = clean.shape[1] // frames
        if levels is not None:
            sigma = levels[torch.randint(len(levels), (replicas, batch, chunks), device=self.device)]
        else:
            u = torch.sigmoid(s["time_mean"] + s["time_std"] * torch.randn(replicas, batch, chunks, device=self.device))
            sigma = shifted(u, s["shift"])
        spread = sigma.repeat_interleave(frames, 2)[..., None, None, None]
        noise = torch.randn(replicas, *clean.shape, device=self.device)
        noisy = (1 - spread) * clean + spread * noise
        # The past of a rollout is never quite clean; the transformer is not told how far off it is.
        amount = s["context_noise_max"] * torch.rand(batch, 1, 1, 1, 1, device=self.device)
        amount = amount * (torch.rand(batch, 1, 1, 1, 1, device=self.device) < s["context_noise_share"])
        context = (1 - amount) * clean + amount * torch.randn_like(clean)
        return context, noisy, sigma, noise - clean, ids, which


def embed_text(model, ids, train_text=False):
    """Keys and values of prompts [U, text_len], without most of their padding."""
    lengths = (ids != 0).sum(1)
    ids = ids[:, :int(lengths.max()) + 1]
    with torch.set_grad_enabled(train_text and torch.is_grad_enabled()):
        context = model.text_encoder(ids)
    return model.dit.text(context, lengths)


def step_loss(model, batch, train_text=False, sigma_floor=0.0, motion_weight=0.0):
    """Squared error of the flow [R, B, chunks], which is that of the clean latents over sigma^2, over sigma^2 + floor^2
    if there is one: where noise hides nothing but the finest grain, there is no more to learn than where it hides the
    picture. The error of the differences between the frames of a chunk counts `motion_weight` times more: what moves, and
    which way, is a small part of all that a picture holds. The best guess is the same for any weights."""
    context, noisy, sigma, target, ids, which = batch
    text = embed_text(model, ids, train_text)
    flow = model.dit.forward_train(context, noisy, 1000 * sigma, text, which)
    error = (flow.float() - target).unflatten(2, (sigma.shape[2], -1))      # [R, B, chunks, frames, C, H, W]
    loss = error.square().mean((3, 4, 5, 6))
    if motion_weight and error.shape[3] > 1:
        loss = loss + motion_weight * (error[:, :, :, 1:] - error[:, :, :, :-1]).square().mean((3, 4, 5, 6))
    return loss * sigma.square() / (sigma.square() + sigma_floor ** 2)


@torch.no_grad()
def test_loss(model, batches, device, rounds=2):
    """Loss on held-out clips with the same noise every time."""
    state, generator, total = torch.get_rng_state(), random.Random(1), 0.0
    torch.manual_seed(1)
    for _ in range(rounds):
        with autocast(device):
            total += step_loss(model, batches.draw(generator, 8, 1, 0.0)).mean().item()
    torch.set_rng_state(state)
    return total / rounds


def train(config, work, size, device, minutes):
    s = config["dit_training"]
    team = Team()
    seed_everything(config["seed"])
    limit = TimeLimit(minutes)
    work = Path(work)
    log = Log(work / f"dit-{size}.jsonl")
    tokenizer = Tokenizer(work / "spiece.model", config["tokenizer"]["text_len"])
    model = Model(config, len(tokenizer)).to(device)
    batches = Batches(config, Latents(work / "latents" / f"{size}-train"), tokenizer, device)
    tests = Batches(config, Latents(work / "latents" / f"{size}-test"), tokenizer, device)
    model.spread_positions(config, *batches.latents.data.shape[-2:])
    matrices, others = matrices_and_others(model)
    optimiser = MuonAdam(matrices, others, s["lr"], s["lr_other"], s["weight_decay"])
    ema = Ema(model, s["ema"])
    ema.module.spread_positions(config, *batches.latents.data.shape[-2:])
    step, path = 0, work / f"dit-{size}.pt"
    state = load_checkpoint(path, device)
    before = load_checkpoint(work / "dit-small.pt", device) if state is None and size != "small" else None
    if state is not None:
        model.load_state_dict(state["model"])
        ema.load_state_dict(state["ema"])
        if state["optimiser"] is not None:      # none: weights of a finished model
            optimiser.load_state_dict(state["optimiser"])
            optimiser.set_base(s["lr"], s["lr_other"])
        step = state["step"]
    elif before is not None:
        model.load_state_dict(before["ema"]["module"])
        ema.module.load_state_dict(before["ema"]["module"])
        optimiser.load_state_dict(before["optimiser"])
        optimiser.set_base(s["lr"], s["lr_other"])
    else:
        start = load_checkpoint(work / "text.pt", device)
        if start is not None:
            for encoder in (model.text_encoder, ema.module.text_encoder):
                encoder.load_state_dict(start["encoder"])
    freeze(s, model, ema.module)
    generator, plan = random.Random(f"{config['seed']} {step} {team.rank}"), random.Random(f"{config['seed']} {step}")
    torch.manual_seed(config["seed"] + 1000 * step + team.rank)
    if device.type == "cuda":
        for block in model.dit.blocks:
            block.compile()

    def save():
        if not team.leads:
            return
        save_checkpoint(path, dict(model=model.state_dict(), ema=ema.state_dict(), optimiser=optimiser.state_dict(),
                                   step=step, config=config))

    saved = reported = tested = time.monotonic()
    sums, count = torch.zeros(3, 2), 0
    while team.all_go_on(limit) and step < s["total_steps"]:
        factor = learning_rate(step, s["total_steps"], s["warmup"], s["decay_from"])
        optimiser.set_factor(factor)
        batch = batches.draw(generator, s["batch"] // team.size, s["replicas"], s["caption_dropout"], plan=plan)
        with autocast(device):
            loss = step_loss(model, batch, s["train_text"], s["sigma_floor"], s["motion_weight"])
        optimiser.zero_grad(set_to_none=True)
        loss.mean().backward()
        team.average(model.parameters())
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), s["gradient_clip"])
        optimiser.step()
        ema.update(model)
        step += 1
        count += 1
        with torch.no_grad():
            band = (batch[2] * 3).long().clamp(max=2).flatten().cpu()
            sums[:, 0].index_add_(0, band, loss.detach().flatten().cpu())
            sums[:, 1].index_add_(0, band, torch.ones(len(band)))
        now = time.monotonic()
        if now - reported > 30:
            low, middle, high = (sums[:, 0] / sums[:, 1].clamp(min=1)).tolist()
            log(stage=f"dit-{size}", step=step, low=low, middle=middle, high=high, norm=float(norm), rate=factor,
                clips=len(batches.latents), per_second=count / (now - reported))
            sums.zero_()
            count, reported = 0, now
        if now - saved > 120 and team.leads:
            save()
            saved = now
        if now - tested > 600 and team.leads:
            log(stage=f"dit-{size}", step=step, test_loss=test_loss(ema.module, tests, device))
            tested = time.monotonic()
    save()


def finished(config, work, size=None, device="cpu"):
    """The averaged model of the last stage that has run."""
    work = Path(work)
    stages = [size] if size else ["self", "leap", "full", "small"]
    for stage in stages:
        state = load_checkpoint(work / f"dit-{stage}.pt", device)
        if state is not None:
            tokenizer = Tokenizer(work / "spiece.model", config["tokenizer"]["text_len"])
            model = Model(config, len(tokenizer))
            model.load_state_dict(state["ema"]["module"])
            return model.to(device).eval(), tokenizer, stage, state["step"]
    raise SystemExit("no transformer yet: run the stage 'dit-small' first")
