"""The decoder's later levels learn to paint again what the latents no longer say: waves, grain, foliage, rain.

A decoder that is judged by its mean error shows the mean of all that may have been, which is a blur. Here a critic that
sees four pictures in a row tells painted ones from decoded ones, and the decoder, besides keeping its error small, learns
to be taken for painted. It decodes latents of painted clips and, since those are what will be shown, latents that the
transformer has made itself; of these only the coarse picture is known, and that stays.
"""
import copy
import random
import time
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm

import autoencoder
import flow
import world
from common import Ema, Log, TimeLimit, load_checkpoint, save_checkpoint, seed_everything
from pool import Clips
from sampler import rollout

IN_A_ROW = 4                  # pictures the critic sees together


class Critic(nn.Module):
    """Pictures in a row [N, 4, 3, H, W] -> features per level; the last says, place by place, how painted it looks.

    It sees 14 pixels around a place and no more: outlines and texture, which the decoder can mend, not what the latents
    show.
    """

    def __init__(self, width=32):
        super().__init__()
        w = width
        sizes = [(3 * (2 * IN_A_ROW - 1), w, 3, 1), (w, 3 * w // 2, 4, 2), (3 * w // 2, 2 * w, 3, 1), (2 * w, 1, 3, 1)]
        self.levels = nn.ModuleList(spectral_norm(nn.Conv2d(before, after, side, stride, 1)) for before, after, side, stride in sizes)

    def forward(self, pictures):
        x = torch.cat([2 * pictures - 1, 4 * (pictures[:, 1:] - pictures[:, :-1])], 1).flatten(1, 2)
        x = x.contiguous(memory_format=torch.channels_last)
        features = []
        for level in self.levels:
            x = level(F.leaky_relu(x, 0.2) if features else x)
            features.append(x)
        return features


def rows(video, first, y, x):
    """[B, T, 3, H, W] -> [N, 4, 3, H - 7, W - 7], from picture `first` and pixel (y, x) on; both below 8."""
    count, height, width = (video.shape[1] - first) // IN_A_ROW, video.shape[3] - 7, video.shape[4] - 7
    video = video[:, first:first + count * IN_A_ROW, :, y:y + height, x:x + width]
    return video.unflatten(1, (count, IN_A_ROW)).flatten(0, 1)


def scales(video):
    """The pictures at full size, at half and at a quarter."""
    x = video.flatten(0, 1)
    return [x, F.avg_pool2d(x, 2), F.avg_pool2d(x, 4)]


def error(difference, motion_weight):
    """Mean absolute error of videos at three scales, and that of how they move: without it what stands still shimmers."""
    moved = (difference[:, 1:] - difference[:, :-1]).abs().mean()
    return sum(s.abs().mean() for s in scales(difference)) + motion_weight * moved


def coarse_error(difference):
    return scales(difference)[2].abs().mean()


def own_latents(config, work, device, count, chunks, together=8):
    """Latents [count, frames, C, h, w] that the finished transformer makes for captions of its training."""
    path = Path(work) / "own-latents.pt"
    model, tokenizer, stage, step = flow.finished(config, work, None, device)
    made = load_checkpoint(path)
    if made is not None and made["from"] == (stage, step) and len(made["latents"]) >= count:
        return made["latents"]
    sampler = dict(config["sampler"])
    if stage in ("leap", "self"):
        sampler["steps"] = config["distill"]["steps"]
    width, height = (config["pool"][k] for k in ("small_width", "small_height"))
    side = 8 * config["autoencoder"]["patch"]
    shape = (together, config["rollout"]["chunk_frames"], config["autoencoder"]["latent_channels"], height // side, width // side)
    out = []
    for seed in range(0, count, together):
        texts = [world.describe_clip(70_000_000 + seed + i, chunks, "train", config["pool"]["landscapes"])[1]
                 for i in range(together)]
        prompts = [list(at_chunk) for at_chunk in zip(*texts)]

        def encode(batch):
            return model.text_encoder(tokenizer.batch(batch, device))

        out.append(rollout(model.dit, encode, prompts, shape, sampler, seed, device).half().cpu())
    latents = torch.cat(out)
    save_checkpoint(path, {"latents": latents, "from": (stage, step)})
    return latents


class OwnCrops:
    """Random windows of takes the transformer has made."""

    def __init__(self, latents, frames, side, seed):
        self.latents, self.frames, self.side, self.random = latents, frames, side, random.Random(seed)

    def __call__(self, count):
        out = []
        for _ in range(count):
            take = self.latents[self.random.randrange(len(self.latents))]
            t, y, x = (self.random.randrange(n - size + 1) for n, size in
                       zip((take.shape[0], *take.shape[2:]), (self.frames, self.side, self.side)))
            out.append(take[t:t + self.frames, :, y:y + self.side, x:x + self.side])
        return torch.stack(out).float()


def train(config, work, device, minutes):
    a, s = config["autoencoder"], config["sharpen"]
    seed_everything(config["seed"])
    limit, work = TimeLimit(minutes), Path(work)
    path, log = work / "sharpen.pt", Log(work / "sharpen.jsonl")
    base_step = load_checkpoint(work / "autoencoder.pt")["step"]
    before = autoencoder.finished(config, work, device, sharpened=False).requires_grad_(False)
    clips = Clips(work / "pool" / f"{a['frames']}-train")
    crops = autoencoder.Crops({**config, "autoencoder": {**a, "crop": s["crop"], "batch": s["batch"],
                                                         "crop_frames": s["crop_frames"]}}, clips, config["seed"])
    own = OwnCrops(own_latents(config, work, device, s["takes"], config["video"]["chunks_per_clip"]),
                   s["crop_frames"] // 4, s["crop"] // (8 * a["patch"]), config["seed"])
    encoder = autoencoder.quick_encoder(before, crops().float().to(device) / 255)
    net, critic = copy.deepcopy(before), Critic().to(device)
    learning = net.decoder[s["first_layer"]:].requires_grad_(True)
    if device.type == "cpu":
        net, critic, before = (m.to(memory_format=torch.channels_last) for m in (net, critic, before))
    optimiser = torch.optim.Adam(learning.parameters(), s["lr"], betas=(0.5, 0.99))
    critic_optimiser = torch.optim.Adam(critic.parameters(), s["critic_lr"], betas=(0.5, 0.99))
    ema, step = Ema(net, s["ema"]), 0
    state = load_checkpoint(path, device)
    if state is not None and state["base_step"] == base_step:
        net.load_state_dict(state["net"])
        critic.load_state_dict(state["critic"])
        optimiser.load_state_dict(state["optimiser"])
        critic_optimiser.load_state_dict(state["critic_optimiser"])
        ema.load_state_dict(state["ema"])
        step = state["step"]
    for source in (crops, own):
        source.random.seed(f"{config['seed']} {step}")
    torch.manual_seed(config["seed"] + step)

    def save():
        save_checkpoint(path, dict(net=net.state_dict(), critic=critic.state_dict(), optimiser=optimiser.state_dict(),
                                   critic_optimiser=critic_optimiser.state_dict(), ema=ema.state_dict(), step=step,
                                   base_step=base_step))

    saved = reported = time.monotonic()
    sums, count = {}, 0
    while limit and step < s["steps"]:
        rate = min(1, 4 - 4 * step / s["steps"])
        for group in optimiser.param_groups:
            group["lr"] = s["lr"] * rate
        want = crops().to(device).float() / 255
        with torch.no_grad():
            z = encoder.encode(want)
            z = torch.cat([z + a["latent_noise"] * torch.randn_like(z), own(s["batch"]).to(device)])
            known = before.decode(z[len(want):])
        want = want[:, 3:]
        got = net.decode(z)
        # The critic's strides give its pull a grid; where that lies changes, or it would be painted.
        place = [crops.random.randrange(n) for n in (got.shape[1] % IN_A_ROW + 1, 8, 8)]
        painted, decoded = rows(want, *place), rows(got, *place)

        critic.requires_grad_(True)
        real, fake = critic(painted), critic(decoded.detach())
        doubt = F.relu(1 - real[-1]).mean() + F.relu(1 + fake[-1]).mean()
        critic_optimiser.zero_grad(set_to_none=True)
        doubt.backward()
        critic_optimiser.step()
        critic.requires_grad_(False)

        told = dict(doubt=doubt.item())
        if step >= s["critic_start"]:
            fit = error(got[:len(want)] - want, s["motion_weight"]) + coarse_error(got[len(want):] - known)
            features = critic(decoded)
            taken = -features[-1].mean() + s["feature_weight"] * sum(
                (f[:len(r)] - r.detach()).abs().mean() for f, r in zip(features[:-1], real[:-1]))
            # How hard the critic pulls at the pictures is a share of the error's pull, whatever its own scale is.
            pull, push = (torch.autograd.grad(x, got, retain_graph=True)[0] for x in (fit, taken))
            push = push * (s["critic_share"] * pull.norm() / (push.norm() + 1e-12))
            optimiser.zero_grad(set_to_none=True)
            got.backward(pull + push)
            torch.nn.utils.clip_grad_norm_(learning.parameters(), 1.0)
            optimiser.step()
            ema.update(net)
            told.update(fit=fit.item(), taken=taken.item(), l1=(got[:len(want)] - want).abs().mean().item())
        step += 1
        count += 1
        for name, value in told.items():
            sums[name] = sums.get(name, 0) + value
        now = time.monotonic()
        if now - reported > 30:
            log(stage="sharpen", step=step, **{k: v / count for k, v in sums.items()}, per_second=count / (now - reported))
            sums, count, reported = {}, 0, now
        if now - saved > 120:
            save()
            saved = now
    save()
