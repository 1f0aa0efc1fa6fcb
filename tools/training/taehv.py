"""Video autoencoder of the TAEHV kind: memory blocks, one latent frame per four pictures.

Tensor names and the order of layers are those of TAEHV, so that one loader reads both; the widths are free.
Pictures [B, T, 3, H, W] in 0..1; latents [B, T/4, C, H/8p, W/8p] with a patch of p x p pixels, which the outermost
convolutions take for one pixel of 3 p p channels.
"""
import torch
from torch import nn
from torch.nn import functional as F


class Clamp(nn.Module):
    def forward(self, x):
        return torch.tanh(x / 3) * 3


class MemBlock(nn.Module):
    """Residual block that also sees its own input one time step earlier."""

    def __init__(self, width):
        super().__init__()
        self.conv = nn.Sequential(nn.Conv2d(2 * width, width, 3, padding=1), nn.ReLU(inplace=True),
                                  nn.Conv2d(width, width, 3, padding=1), nn.ReLU(inplace=True),
                                  nn.Conv2d(width, width, 3, padding=1))

    def forward(self, x, past):
        return F.relu(self.conv(torch.cat([x, past], 1)) + x)


class TPool(nn.Module):
    """Joins `stride` consecutive frames, the earlier one first."""

    def __init__(self, width, stride):
        super().__init__()
        self.stride = stride
        self.conv = nn.Conv2d(width * stride, width, 1, bias=False)

    def forward(self, x):
        frames, c, h, w = x.shape
        return self.conv(x.reshape(frames // self.stride, self.stride * c, h, w))


class TGrow(nn.Module):
    """One frame becomes `stride` frames; the first channels are the earlier frame."""

    def __init__(self, width, stride):
        super().__init__()
        self.stride = stride
        self.conv = nn.Conv2d(width, width * stride, 1, bias=False)

    def forward(self, x):
        frames, c, h, w = x.shape
        return self.conv(x).reshape(frames * self.stride, c, h, w)


def _run(layers, x, batch):
    """Applies the layers to frames stored batch-major, [B * T, C, H, W]."""
    for layer in layers:
        if isinstance(layer, MemBlock):
            frames = x.shape[0] // batch
            clip = x.reshape(batch, frames, *x.shape[1:])
            past = F.pad(clip[:, :-1], (0, 0, 0, 0, 0, 0, 1, 0)).reshape(x.shape)
            x = layer(x, past)
        else:
            x = layer(x)
        if x.device.type == "cpu":
            x = x.contiguous(memory_format=torch.channels_last)
    return x


class Taehv(nn.Module):
    def __init__(self, decoder_widths=(256, 128, 64, 64), encoder_widths=(64, 64, 64), channels=16, patch=1):
        super().__init__()
        self.channels, self.patch = channels, patch
        e1, e2, e3 = encoder_widths

        def down(before, after, stride):
            return [TPool(before, stride), nn.Conv2d(before, after, 3, stride=2, padding=1, bias=False),
                    MemBlock(after), MemBlock(after), MemBlock(after)]

        self.encoder = nn.Sequential(nn.Conv2d(3 * patch ** 2, e1, 3, padding=1), nn.ReLU(inplace=True),
                                     *down(e1, e1, 2), *down(e1, e2, 2), *down(e2, e3, 1),
                                     nn.Conv2d(e3, channels, 3, padding=1))
        d1, d2, d3, d4 = decoder_widths

        def up(before, after, stride):
            return [MemBlock(before), MemBlock(before), MemBlock(before), nn.Upsample(scale_factor=2),
                    TGrow(before, stride), nn.Conv2d(before, after, 3, padding=1, bias=False)]

        self.decoder = nn.Sequential(Clamp(), nn.Conv2d(channels, d1, 3, padding=1), nn.ReLU(inplace=True),
                                     *up(d1, d2, 1), *up(d2, d3, 2), *up(d3, d4, 2),
                                     nn.ReLU(inplace=True), nn.Conv2d(d4, 3 * patch ** 2, 3, padding=1))

    def encode(self, video):
        batch, frames = video.shape[:2]
        short = -frames % 4
        if short:
            video = torch.cat([video, video[:, -1:].expand(-1, short, -1, -1, -1)], 1)
        z = _run(self.encoder, F.pixel_unshuffle(video.flatten(0, 1), self.patch), batch)
        return z.reshape(batch, -1, *z.shape[1:])

    def decode(self, latents, trim=True):
        """Pictures, not clamped; with `trim` without the first three, which have no past."""
        batch = latents.shape[0]
        video = F.pixel_shuffle(_run(self.decoder, latents.flatten(0, 1), batch), self.patch)
        video = video.reshape(batch, -1, *video.shape[1:])
        return video[:, 3:] if trim else video
