"""Text encoder of the UMT5 kind, under the tensor names of the Wan checkpoint.

Scores are not scaled; every layer has its own table of relative positions; rows beyond the text are zero at the end.
"""
import math

import torch
from torch import nn
from torch.nn import functional as F

from common import fused


@fused
def rms_norm(x, weight, eps):
    return F.rms_norm(x.float(), (x.shape[-1],), weight, eps).to(x.dtype)


class RmsNorm(nn.Module):
    def __init__(self, width, eps=1e-6):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x):
        return rms_norm(x, self.weight, self.eps)


class RelativePositions(nn.Module):
    def __init__(self, buckets, heads, max_distance):
        super().__init__()
        self.buckets, self.max_distance = buckets, max_distance
        self.embedding = nn.Embedding(buckets, heads)

    def bucket(self, distance):
        """Bucket of key position minus query position."""
        half = self.buckets // 2
        exact = half // 2
        size = distance.abs()
        far = torch.log(size.clamp(min=1).float() / exact) / math.log(self.max_distance / exact) * (half - exact)
        far = (exact + far.long()).clamp(max=half - 1)
        return torch.where(distance > 0, half, 0) + torch.where(size < exact, size, far)

    def forward(self, length):
        position = torch.arange(length, device=self.embedding.weight.device)
        return self.embedding(self.bucket(position[None, :] - position[:, None])).permute(2, 0, 1)  # [heads, q, k]


class Attention(nn.Module):
    def __init__(self, dim, dim_attn, heads):
        super().__init__()
        self.heads = heads
        self.q, self.k, self.v = (nn.Linear(dim, dim_attn, bias=False) for _ in range(3))
        self.o = nn.Linear(dim_attn, dim, bias=False)

    def forward(self, x, bias):
        b, n, _ = x.shape
        q, k, v = (f(x).view(b, n, self.heads, -1).transpose(1, 2) for f in (self.q, self.k, self.v))
        out = F.scaled_dot_product_attention(q, k, v, attn_mask=bias.to(q.dtype), scale=1.0)
        return self.o(out.transpose(1, 2).reshape(b, n, -1))


class FeedForward(nn.Module):
    def __init__(self, dim, dim_ffn):
        super().__init__()
        self.gate = nn.Sequential(nn.Linear(dim, dim_ffn, bias=False), nn.GELU(approximate="tanh"))
        self.fc1 = nn.Linear(dim, dim_ffn, bias=False)
        self.fc2 = nn.Linear(dim_ffn, dim, bias=False)

    def forward(self, x):
        return self.fc2(self.fc1(x) * self.gate(x))


class Block(nn.Module):
    def __init__(self, dim, dim_attn, dim_ffn, heads, buckets, max_distance):
        super().__init__()
        self.norm1 = RmsNorm(dim)
        self.attn = Attention(dim, dim_attn, heads)
        self.norm2 = RmsNorm(dim)
        self.ffn = FeedForward(dim, dim_ffn)
        self.pos_embedding = RelativePositions(buckets, heads, max_distance)

    def forward(self, x, mask):
        bias = self.pos_embedding(x.shape[1])[None] + mask
        x = x + self.attn(self.norm1(x), bias)
        return x + self.ffn(self.norm2(x))


class Umt5Encoder(nn.Module):
    def __init__(self, vocab, dim, dim_attn, dim_ffn, num_heads, num_layers, num_buckets=32, max_distance=128):
        super().__init__()
        self.token_embedding = nn.Embedding(vocab, dim)
        self.blocks = nn.ModuleList(
            Block(dim, dim_attn, dim_ffn, num_heads, num_buckets, max_distance) for _ in range(num_layers))
        self.norm = RmsNorm(dim)
        self.initialise(dim, dim_attn, dim_ffn, num_heads)

    def initialise(self, dim, dim_attn, dim_ffn, heads):
        for block in self.blocks:
            # Queries carry the scale that the scores lack.
            nn.init.normal_(block.attn.q.weight, std=(dim * dim_attn / heads) ** -0.5)
            for linear in (block.attn.k, block.attn.v, block.ffn.gate[0], block.ffn.fc1):
                nn.init.normal_(linear.weight, std=dim ** -0.5)
            nn.init.normal_(block.attn.o.weight, std=dim_attn ** -0.5)
            nn.init.normal_(block.ffn.fc2.weight, std=dim_ffn ** -0.5)
            nn.init.normal_(block.pos_embedding.embedding.weight, std=0.1)

    def forward(self, ids):
        """ids [B, N], 0 = padding -> [B, N, dim], zero in the rows of the padding."""
        real = ids != 0
        mask = torch.zeros(real.shape, device=ids.device).masked_fill(~real, -1e9)[:, None, None, :]
        x = self.token_embedding(ids)
        for block in self.blocks:
            x = block(x, mask)
        return self.norm(x) * real[..., None]
