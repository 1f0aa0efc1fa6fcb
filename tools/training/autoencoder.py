"""The autoencoder stage: from the best linear map to a small TAEHV-type network, on crops of rendered clips."""
import math
import random
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from common import (Ema, Log, Team, TimeLimit, autocast, learning_rate, load_checkpoint, save_checkpoint, seed_everything)
from muon import MuonAdam
from pool import Clips
from taehv import MemBlock, Taehv


def build(config):
    a = config["autoencoder"]
    return Taehv(a["decoder_widths"], a["encoder_widths"], a["latent_channels"], a["patch"])


class Normaliser(nn.Module):
    """Running mean and deviation of every latent channel; folded into the last convolution by `fold`."""

    def __init__(self, channels):
        super().__init__()
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("var", torch.ones(channels))
        self.register_buffer("started", torch.zeros(()))

    def forward(self, z):
        if self.training:
            with torch.no_grad():
                mean, var = z.float().mean((0, 1, 3, 4)), z.float().var((0, 1, 3, 4))
                rate = 0.01 if self.started else 1.0
                # The spread between batches belongs to the deviation as well.
                var = var + (1 - rate) * (mean - self.mean) ** 2
                self.mean.lerp_(mean, rate)
                self.var.lerp_(var, rate)
                self.started.fill_(1)
        return (z - self.mean.view(-1, 1, 1)) / self.var.sqrt().view(-1, 1, 1)

    @torch.no_grad()
    def fold(self, net):
        """Moves the normalisation into the encoder, so that its latents have zero mean and unit deviation."""
        last = net.encoder[-1]
        scale = 1 / self.var.sqrt()
        last.weight.mul_(scale.view(-1, 1, 1, 1))
        last.bias.sub_(self.mean).mul_(scale)
        self.mean.zero_()
        self.var.fill_(1)


@torch.no_grad()
def start_from_linear_map(net, video, energy_power):
    """Makes the encoder compute principal components of 8x8x4 blocks, level by level, exactly linear at the start; with
    a patch, of blocks of patch means.

    Memory blocks pass their input on: the last convolution of each is zero, and the first block of a level adds a bias
    that keeps everything positive, so that the ReLUs do nothing until training makes use of them.
    The deviation of channel i is (energy_i / energy_0) ** energy_power: with a power above zero the components that
    matter less to the eye also weigh less in the transformer's loss and appear later in its denoising.
    video [B, T, 3, H, W], enough of it to estimate the components.
    """
    batch = video.shape[0]
    layers = net.encoder
    nn.init.normal_(layers[0].weight, std=0.2)
    nn.init.zeros_(layers[0].bias)
    layers[0].weight[:3] = 0
    inner = net.patch ** 2
    for i in range(3):
        layers[0].weight[i, i * inner:(i + 1) * inner, 1, 1] = 1 / inner
    x = F.relu(layers[0](F.pixel_unshuffle(video.flatten(0, 1), net.patch)))
    useful = 3                                     # channels that carry the linear map so far
    for pool, down, blocks in ((2, 3, (4, 5, 6)), (7, 8, (9, 10, 11)), (12, 13, (14, 15, 16))):
        tpool, conv = layers[pool], layers[down]
        stride = tpool.stride
        width = tpool.conv.weight.shape[0]
        tpool.conv.weight.zero_()
        joined = x.reshape(-1, stride * x.shape[1], *x.shape[2:])
        picks = [s * x.shape[1] + c for s in range(stride) for c in range(useful)]
        vectors = joined[:, picks].permute(0, 2, 3, 1).flatten(0, 2)
        basis = components(vectors, min(width, len(picks)))
        for row, direction in enumerate(basis):
            tpool.conv.weight[row, picks, 0, 0] = direction
        x = tpool(x)
        useful = len(basis)
        out = conv.weight.shape[0]
        conv.weight.normal_(std=0.02)
        block = F.pixel_unshuffle(x[:, :useful], 2).permute(0, 2, 3, 1).flatten(0, 2)
        basis = components(block, min(out, 4 * useful))
        conv.weight[:len(basis)] = 0
        # pixel_unshuffle orders (channel, row, column); the kernel's centre is the block's upper left pixel.
        conv.weight[:len(basis), :useful, 1:, 1:] = basis.reshape(len(basis), useful, 2, 2)
        x = conv(x)
        useful = len(basis)
        for number, index in enumerate(blocks):
            last = layers[index].conv[4]
            last.weight.zero_()
            last.bias.zero_()
            if number == 0:
                low = x.amin((0, 2, 3))
                last.bias.copy_(0.2 - 1.5 * low.clamp(max=0))
            frames = x.reshape(batch, -1, *x.shape[1:])
            past = F.pad(frames[:, :-1], (0, 0, 0, 0, 0, 0, 1, 0)).reshape(x.shape)
            x = layers[index](x, past)
    last = layers[17]
    last.weight.zero_()
    centred = x.permute(0, 2, 3, 1).flatten(0, 2)
    mean = centred.mean(0)
    basis = components(centred - mean, last.weight.shape[0])
    spread = ((centred - mean) @ basis.T).std(0).clamp(min=1e-4)
    gain = (spread / spread[0]) ** (2 * energy_power) / spread
    last.weight[:, :, 1, 1] = basis * gain[:, None]
    last.bias.copy_(-(basis @ mean) * gain)


def components(vectors, count):
    """Leading principal directions [count, width] of vectors [n, width], about their mean."""
    v = vectors.double()
    v = v - v.mean(0)
    _, directions = torch.linalg.eigh(v.T @ v)
    return directions.flip(1)[:, :count].T.float()


class LinearEncoder:
    """The encoder as it starts: one matrix for the blocks that become one latent pixel, a hundredth of the work. Made by
    asking the network."""

    @torch.no_grad()
    def __init__(self, net):
        self.side = 8 * net.patch
        size = 4 * 3 * self.side ** 2
        probes = torch.full((1 + size, size), 0.5)
        probes[1:] += 0.25 * torch.eye(size)
        z = torch.cat([net.encode(p.view(-1, 4, 3, self.side, self.side)).flatten(1) for p in probes.split(256)])
        self.matrix = ((z[1:] - z[0]) / 0.25).T.contiguous()      # [channels, size]
        self.offset = z[0] - 0.5 * self.matrix.sum(1)

    @torch.no_grad()
    def encode(self, video):
        """[B, T, 3, H, W] -> [B, T / 4, channels, H / side, W / side]; T is a multiple of 4."""
        b, t, _, h, w = video.shape
        n = self.side
        blocks = video.reshape(b, t // 4, 4, 3, h // n, n, w // n, n).permute(0, 1, 4, 6, 2, 3, 5, 7).flatten(4)
        return F.linear(blocks, self.matrix, self.offset).permute(0, 1, 4, 2, 3).contiguous()


def quick_encoder(net, video):
    """The linear form of the encoder if it still has one, by the example of `video`; else the network."""
    if video.device.type != "cpu":
        return net
    linear = LinearEncoder(net)
    with torch.no_grad():
        want = net.encode(video)
        # The mean error, not the largest: the weights of a finished model are rounded.
        close = (linear.encode(video) - want).square().mean().sqrt() < 1e-2 * want.std()
    return linear if close else net


def start_decoder(net):
    for layer in net.decoder:
        if isinstance(layer, MemBlock):
            for i in (0, 2, 4):
                nn.init.kaiming_normal_(layer.conv[i].weight, nonlinearity="relu")
                nn.init.zeros_(layer.conv[i].bias)
            with torch.no_grad():
                layer.conv[4].weight.mul_(0.2)
    with torch.no_grad():
        net.decoder[22].weight.mul_(0.3)
        net.decoder[22].bias.fill_(0.4)


def linear_limit(video, channels=16, side=8):
    """PSNR of the best linear map of blocks of side x side x 4 to `channels` numbers, fitted to these very clips."""
    b, t, c, h, w = video.shape
    x = video[:, :t // 4 * 4, :, :h // side * side, :w // side * side]
    x = x.reshape(b, t // 4, 4, c, h // side, side, w // side, side).permute(0, 1, 4, 6, 3, 2, 5, 7).flatten(4).flatten(0, 3)
    mean = x.mean(0)
    basis = components(x, channels)
    error = (x - mean) - ((x - mean) @ basis.T) @ basis
    return -10 * math.log10(error.square().mean())


def losses(config, got, want):
    a = config["autoencoder"]
    d = got - want

    def gradient(y):
        return y[..., 1:, :] - y[..., :-1, :], y[..., 1:] - y[..., :-1]

    gy, gx = gradient(d)
    return (d.abs().mean() + a["weight_gradient"] * (gy.abs().mean() + gx.abs().mean()) / 2
            + a["weight_temporal"] * (d[:, 1:] - d[:, :-1]).abs().mean())


class Crops:
    def __init__(self, config, clips, seed):
        a = config["autoencoder"]
        self.size, self.frames, self.batch = a["crop"], a["crop_frames"], a["batch"] // Team().size
        self.clips, self.random = clips, random.Random(seed)

    def __call__(self):
        out = []
        for _ in range(self.batch):
            clip = self.clips.frames(self.random.randrange(len(self.clips)))
            t = self.random.randrange(0, clip.shape[0] - self.frames + 1)
            y = self.random.randrange(0, clip.shape[1] - self.size + 1)
            x = self.random.randrange(0, clip.shape[2] - self.size + 1)
            out.append(clip[t:t + self.frames, y:y + self.size, x:x + self.size])
        video = torch.from_numpy(np.stack(out)).permute(0, 1, 4, 2, 3)
        return video


@torch.no_grad()
def evaluate(net, normaliser, clips, device, count=6):
    """PSNR and SSIM on whole held-out frames."""
    error, similarity, n = 0.0, 0.0, 0
    for index in range(min(count, len(clips))):
        video = torch.from_numpy(clips.frames(index)[:24].copy()).to(device)
        video = video.permute(0, 3, 1, 2)[None].float() / 255
        with autocast(device):
            got = net.decode(normaliser(net.encode(video))).float().clamp(0, 1)
        want = video[:, 3:]
        error += (got - want).square().mean().item()
        similarity += ssim(got[0], want[0]).item()
        n += 1
    return -10 * math.log10(error / n), similarity / n


def ssim(a, b):
    """Mean SSIM of pictures [N, 3, H, W] with an 11-tap Gaussian window, on luminance."""
    weights = a.new_tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)
    a, b = (a * weights).sum(1, keepdim=True), (b * weights).sum(1, keepdim=True)
    tap = torch.exp(-(torch.arange(11, device=a.device, dtype=a.dtype) - 5) ** 2 / (2 * 1.5 ** 2))
    tap = tap / tap.sum()

    def blur(x):
        return F.conv2d(F.conv2d(x, tap.view(1, 1, 1, -1)), tap.view(1, 1, -1, 1))

    ma, mb = blur(a), blur(b)
    va, vb, vab = blur(a * a) - ma * ma, blur(b * b) - mb * mb, blur(a * b) - ma * mb
    c1, c2 = 0.01 ** 2, 0.03 ** 2
    return (((2 * ma * mb + c1) * (2 * vab + c2)) / ((ma * ma + mb * mb + c1) * (va + vb + c2))).mean()


def train(config, work, device, minutes):
    a = config["autoencoder"]
    team = Team()
    seed_everything(config["seed"])
    limit = TimeLimit(minutes)
    path = Path(work) / "autoencoder.pt"
    log = Log(Path(work) / "autoencoder.jsonl")
    clips = Clips(Path(work) / "pool" / f"{a['frames']}-train")
    test = Clips(Path(work) / "pool" / f"{a['frames']}-test")
    net, normaliser = build(config), Normaliser(a["latent_channels"])
    crops = Crops(config, clips, config["seed"])
    state = load_checkpoint(path)
    if state is None:
        start_decoder(net)
        crops.random.seed(config["seed"])
        start_from_linear_map(net, torch.cat([crops().float() / 255 for _ in range(96 * team.size // a["batch"])]),
                              a["energy_power"])
    net, normaliser = net.to(device), normaliser.to(device)
    if device.type == "cpu":
        net = net.to(memory_format=torch.channels_last)
    matrices = [p for p in net.parameters() if p.ndim == 4 and p.shape[0] > 3]
    others = [p for p in net.parameters() if not (p.ndim == 4 and p.shape[0] > 3)]
    optimiser = MuonAdam(matrices, others, a["lr"], a["lr"])
    ema = Ema(net, a["ema"])
    step = encoder_step = 0
    if state is not None:
        net.load_state_dict(state["net"])
        normaliser.load_state_dict(state["normaliser"])
        if state["optimiser"] is not None:      # none: weights of a finished model
            optimiser.load_state_dict(state["optimiser"])
        ema.load_state_dict(state["ema"])
        step, encoder_step = state["step"], state["encoder_step"]

    if a["freeze_encoder"]:
        # The decoder goes on learning while the transformer trains on the latents of this encoder.
        net.encoder.load_state_dict(ema.module.encoder.state_dict())
        net.encoder.requires_grad_(False)
        normaliser.eval()
    encoder = quick_encoder(net, crops().float() / 255) if a["freeze_encoder"] else net

    crops.random.seed(f"{config['seed']} {step} {team.rank}")     # the start is the same in all processes, the crops not
    torch.manual_seed(config["seed"] + 1000 * step + team.rank)

    def save():
        if not team.leads:
            return
        save_checkpoint(path, dict(encoder_step=encoder_step, net=net.state_dict(), normaliser=normaliser.state_dict(), ema=ema.state_dict(),
                                   optimiser=optimiser.state_dict(), step=step, config=a))

    started = saved = reported = tested = time.monotonic()
    mean, count = 0.0, 0
    while team.all_go_on(limit) and step < a["total_steps"]:
        factor = learning_rate(step, a["total_steps"], a["warmup"], 0.5)
        optimiser.set_factor(factor)
        video = crops().to(device, non_blocking=True).float() / 255
        with autocast(device):
            z = normaliser(encoder.encode(video))
            z = z + a["latent_noise"] * torch.randn_like(z)
            got = net.decode(z)
        loss = losses(config, got.float(), video[:, 3:])
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        team.average(net.parameters())
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        ema.update(net)
        step += 1
        encoder_step = encoder_step if a["freeze_encoder"] else step
        mean, count = mean + loss.item(), count + 1
        now = time.monotonic()
        if now - reported > 30:
            log(stage="autoencoder", step=step, loss=mean / count, rate=factor, per_second=count / (now - reported))
            mean, count, reported = 0.0, 0, now
        if now - saved > 120 and team.leads:
            save()
            saved = now
        if now - tested > 600 and team.leads:
            normaliser.eval()
            psnr, similarity = evaluate(ema.module, normaliser, test, device)
            normaliser.train(not a["freeze_encoder"])
            log(stage="autoencoder", step=step, test_psnr=psnr, test_ssim=similarity,
                minutes=(time.monotonic() - started) / 60)
            tested = time.monotonic()
    save()


@torch.no_grad()
def finished(config, work, device="cpu"):
    """The averaged network with the normalisation folded in."""
    state = load_checkpoint(Path(work) / "autoencoder.pt")
    if state is None:
        raise SystemExit("no autoencoder yet: run the stage 'autoencoder' first")
    net, normaliser = build(config), Normaliser(config["autoencoder"]["latent_channels"])
    net.load_state_dict(state["ema"]["module"])
    normaliser.load_state_dict(state["normaliser"])
    normaliser.fold(net)
    return net.to(device).eval()
