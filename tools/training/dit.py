"""Causal video transformer with latent attention (MLA), under Wan's tensor names.

Two ways through the same weights:
  forward_chunk   what the engine does: one chunk against a cache of unrotated (c, k_rope);
  forward_train   all chunks of a clip at once: a clean stream at t = 0 that fills every window, and noisy streams
                  that read them. Every chunk sees exactly the window it will see in a rollout.
Latents are [B, F, C, H, W].
"""
import math

import torch
from torch import nn
from torch.nn import functional as F

from common import fused
from umt5 import RmsNorm


def rope_frequencies(head_dim, d_r, bands, theta=10000.0):
    """Angles per position for the d_r / 2 pairs, and how the pairs divide among frame, row and column."""
    def split(pairs):
        return pairs - 2 * (pairs // 3), pairs // 3, pairs // 3

    counts = split(d_r // 2)
    table = split((head_dim if bands == "high" else d_r) // 2)
    frequencies = [theta ** (-torch.arange(n, dtype=torch.float64) / full) for n, full in zip(counts, table)]
    return frequencies, counts


@fused
def modulated_norm(x, shift, scale, eps):
    return F.layer_norm(x, (x.shape[-1],), eps=eps) * (1 + scale) + shift


def rotate(x, cos, sin):
    """x [..., d_r] with neighbouring pairs; cos, sin [..., d_r / 2]."""
    a, b = x.float().unflatten(-1, (-1, 2)).unbind(-1)
    return torch.stack([a * cos - b * sin, a * sin + b * cos], -1).flatten(-2).to(x.dtype)


def attention_product(q, k, v, bias=None):
    """Softmax attention. Training on a processor is a third faster with plain matrix products: the fused kernel's
    backward pass is slow for windows of a few hundred keys."""
    if q.device.type == "cpu" and q.requires_grad:
        scores = torch.matmul(q, k.transpose(-1, -2)) * q.shape[-1] ** -0.5
        if bias is not None:
            scores = scores + bias
        return torch.matmul(torch.softmax(scores, -1).to(v.dtype), v)
    return F.scaled_dot_product_attention(q, k, v, None if bias is None else bias.to(q.dtype))


class LatentAttention(nn.Module):
    def __init__(self, dim, heads, mla):
        super().__init__()
        self.heads, self.d_nope, self.d_r, self.d_v = heads, mla["d_nope"], mla["d_r"], mla["d_v"]
        self.kv_down = nn.Linear(dim, mla["d_c"], bias=False)
        self.kv_norm = RmsNorm(mla["d_c"], mla["eps"])
        self.k_up = nn.Linear(mla["d_c"], heads * self.d_nope, bias=False)
        self.v_up = nn.Linear(mla["d_c"], heads * self.d_v, bias=False)
        self.q_down = nn.Linear(dim, mla["d_cq"], bias=False)
        self.q_norm = RmsNorm(mla["d_cq"], mla["eps"])
        self.q_up = nn.Linear(mla["d_cq"], heads * self.d_nope, bias=False)
        self.k_rope = nn.Linear(dim, self.d_r, bias=False)
        self.q_rope = nn.Linear(mla["d_cq"], heads * self.d_r, bias=False)
        self.o = nn.Linear(heads * self.d_v, dim)

    def latent(self, u):
        return self.kv_norm(self.kv_down(u)), self.k_rope(u)

    def query(self, u):
        """[..., heads, d_nope] and, unrotated, [..., heads, d_r]."""
        cq = self.q_norm(self.q_down(u))
        return (self.q_up(cq).unflatten(-1, (self.heads, self.d_nope)),
                self.q_rope(cq).unflatten(-1, (self.heads, self.d_r)))

    def keys(self, c):
        return (self.k_up(c).unflatten(-1, (self.heads, self.d_nope)),
                self.v_up(c).unflatten(-1, (self.heads, self.d_v)))

    def attend(self, q_nope, q_rope, k_nope, k_rope, v):
        """[N, tokens, heads, d] with rotated parts, k_rope [N, tokens, d_r] -> [N, tokens, heads * d_v]."""
        q = torch.cat([q_nope, q_rope.to(q_nope.dtype)], -1).transpose(1, 2)
        shared = k_rope[..., None, :].expand(*k_nope.shape[:-1], self.d_r)
        k = torch.cat([k_nope, shared.to(k_nope.dtype)], -1).transpose(1, 2)
        out = attention_product(q, k, v.transpose(1, 2))
        return out.transpose(1, 2).flatten(2)


class CrossAttention(nn.Module):
    def __init__(self, dim, heads, eps):
        super().__init__()
        self.heads = heads
        self.q, self.k, self.v, self.o = (nn.Linear(dim, dim) for _ in range(4))
        self.norm_q, self.norm_k = RmsNorm(dim, eps), RmsNorm(dim, eps)

    def text(self, context):
        """Keys and values of embedded text [U, text_len, dim] -> two [U, heads, text_len, head_dim]."""
        value = self.v(context)
        k = self.norm_k(self.k(context)).to(value.dtype)
        return tuple(x.unflatten(-1, (self.heads, -1)).transpose(1, 2) for x in (k, value))

    def forward(self, x, k, v, bias=None):
        """bias [N, 1, 1, text rows]: added to the scores."""
        q = self.norm_q(self.q(x)).to(v.dtype).unflatten(-1, (self.heads, -1)).transpose(1, 2)
        return self.o(attention_product(q, k, v, bias).transpose(1, 2).flatten(2))


class Block(nn.Module):
    def __init__(self, dim, ffn_dim, heads, mla, eps):
        super().__init__()
        self.eps = eps
        self.self_attn = LatentAttention(dim, heads, mla)
        self.norm3 = nn.LayerNorm(dim, eps)
        self.cross_attn = CrossAttention(dim, heads, eps)
        self.ffn = nn.Sequential(nn.Linear(dim, ffn_dim), nn.GELU(approximate="tanh"), nn.Linear(ffn_dim, dim))
        self.modulation = nn.Parameter(torch.randn(1, 6, dim) / dim ** 0.5)

    def forward(self, x, e0, text, attention):
        """x [N, tokens, D]; e0 [N, 6, D]; text: keys and values per row of x; attention: the windowed one."""
        m = (self.modulation + e0)[:, :, None].to(x.dtype).unbind(1)
        x = torch.addcmul(x, self.self_attn.o(attention(self.self_attn, modulated_norm(x, m[0], m[1], self.eps))).to(x.dtype), m[2])
        x = x + self.cross_attn(self.norm3(x), *text)
        return torch.addcmul(x, self.ffn(modulated_norm(x, m[3], m[4], self.eps)).to(x.dtype), m[5])


class Head(nn.Module):
    def __init__(self, dim, out, eps):
        super().__init__()
        self.eps = eps
        self.head = nn.Linear(dim, out)
        self.modulation = nn.Parameter(torch.randn(1, 2, dim) / dim ** 0.5)

    def forward(self, x, e):
        shift, scale = (self.modulation + e[:, None])[:, :, None].unbind(1)
        return self.head(modulated_norm(x, shift, scale, self.eps))


class CausalDit(nn.Module):
    def __init__(self, dim, ffn_dim, num_heads, num_layers, freq_dim, text_dim, text_len, mla, chunk_frames=3,
                 sink_frames=1, window_frames=7, in_dim=16, patch_size=(1, 2, 2), eps=1e-6, position_features=0,
                 predicts="flow"):
        super().__init__()
        assert predicts in ("flow", "clean")
        self.predicts = predicts        # what the head's output means; both ways below return the flow
        self.dim, self.freq_dim, self.text_len, self.in_dim = dim, freq_dim, text_len, in_dim
        self.chunk, self.sink, self.window = chunk_frames, sink_frames, window_frames
        self.patch = tuple(patch_size)
        self.patch_embedding = nn.Conv3d(in_dim, dim, self.patch, self.patch)
        self.position_features = position_features
        if position_features:
            self.position_embedding = nn.Linear(2 * position_features, dim, bias=False)
        self.text_embedding = nn.Sequential(nn.Linear(text_dim, dim), nn.GELU(approximate="tanh"), nn.Linear(dim, dim))
        self.time_embedding = nn.Sequential(nn.Linear(freq_dim, dim), nn.SiLU(), nn.Linear(dim, dim))
        self.time_projection = nn.Sequential(nn.SiLU(), nn.Linear(dim, 6 * dim))
        self.blocks = nn.ModuleList(Block(dim, ffn_dim, num_heads, mla, eps) for _ in range(num_layers))
        self.head = Head(dim, in_dim * math.prod(self.patch), eps)
        self.frequencies, _ = rope_frequencies(dim // num_heads, mla["d_r"], mla["rope_bands"])
        # In training on small frames rows and columns are spread as far as those of the full frame.
        self.row_scale = self.column_scale = 1.0
        self.initialise()

    def initialise(self):
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, std=module.in_features ** -0.5)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        nn.init.normal_(self.time_embedding[0].weight, std=0.02)
        nn.init.normal_(self.time_embedding[2].weight, std=0.02)
        nn.init.normal_(self.time_projection[1].weight, std=0.02)
        for block in self.blocks:
            for last in (block.self_attn.o, block.cross_attn.o, block.ffn[2]):
                nn.init.normal_(last.weight, std=0.2 * last.in_features ** -0.5)
            with torch.no_grad():
                block.modulation.mul_(0.1)
                block.modulation[:, [2, 5]] += 1
        nn.init.zeros_(self.head.head.weight)
        if self.position_features:
            nn.init.zeros_(self.position_embedding.weight)

    # Pieces shared by both ways

    def embed_time(self, t):
        """t [N] -> e [N, D], e0 [N, 6, D]."""
        half = self.freq_dim // 2
        omega = torch.pow(10000.0, -torch.arange(half, dtype=torch.float64, device=t.device) / half)
        angle = t.double()[:, None] * omega
        e = self.time_embedding(torch.cat([angle.cos(), angle.sin()], 1).to(torch.float32))
        return e, self.time_projection(e).unflatten(1, (6, self.dim))

    def rope_table(self, positions, rows, columns, device):
        """cos and sin [frames, rows * columns, d_r / 2] for the frame positions given."""
        f, h, w = self.frequencies
        row = (torch.arange(rows, dtype=torch.float64) + 0.5) * self.row_scale - 0.5
        column = (torch.arange(columns, dtype=torch.float64) + 0.5) * self.column_scale - 0.5
        n = len(positions)
        time = torch.tensor(positions, dtype=torch.float64)[:, None] * f
        angle = torch.cat([time[:, None, None].expand(n, rows, columns, -1),
                           (row[:, None] * h)[None, :, None].expand(n, rows, columns, -1),
                           (column[:, None] * w)[None, None].expand(n, rows, columns, -1)], -1).flatten(1, 2)
        return angle.cos().float().to(device), angle.sin().float().to(device)

    def tokens(self, x):
        """[N, F, C, H, W] -> [N, F * rows * columns, D] and the grid."""
        y = self.patch_embedding(x.transpose(1, 2))
        grid, y = y.shape[3:], y.flatten(2).transpose(1, 2)
        if self.position_features:
            y = y + self.position_embedding(self.places(*grid, x.device)).repeat(x.shape[1], 1)
        return y, grid

    def places(self, rows, columns, device):
        """Where in the picture a token lies [rows * columns, 2 * features]: cosines of its height, then of its width.

        Rotary positions alone tell tokens how far apart they are, not where they are: between tokens of pure noise there
        is no other sign of what is up, and a small model takes very long to find one.
        """
        def waves(n):
            u = (torch.arange(n, dtype=torch.float64) + 0.5) / n
            return torch.cos(torch.pi * u[:, None] * torch.arange(1, self.position_features + 1))

        row, column = waves(rows), waves(columns)
        return torch.cat([row[:, None].expand(-1, columns, -1), column[None].expand(rows, -1, -1)],
                         -1).flatten(0, 1).float().to(device)

    def unpatchify(self, y, frames, grid):
        rows, columns = grid
        _, p, q = self.patch
        y = y.reshape(y.shape[0], frames, rows, columns, p, q, self.in_dim)
        return y.permute(0, 1, 6, 2, 4, 3, 5).reshape(y.shape[0], frames, self.in_dim, rows * p, columns * q)

    def flow(self, output, x, t):
        """The flow that an output of the head means for noisy latents x [..., F, C, H, W] at t [...].

        A token holds as many numbers as half the width of a small model. To say the flow, such a model has to carry all
        the noise of its input to its output; a clean picture is much less to say (Li and He, arXiv 2511.13720).
        """
        if self.predicts == "flow":
            return output
        sigma = (t / 1000)[(...,) + (None,) * (x.ndim - t.ndim)]
        return (x - output.float()) / sigma.clamp(min=1e-3)

    def text(self, context, lengths=None):
        """Embedded keys and values of every block for context [U, rows, text_dim], rows = text_len.

        With `lengths` [U] of the real texts, rows may be fewer, down to one row of padding after the longest text: as
        all rows of padding are equal, one of them stands for all, by a third entry added to the scores.
        """
        embedded = self.text_embedding(context)
        texts = [block.cross_attn.text(embedded) for block in self.blocks]
        if lengths is None:
            return texts
        row, n = torch.arange(context.shape[1], device=context.device), lengths[:, None]
        bias = torch.where(row < n, 0.0, torch.where(row == n, (self.text_len - n).clamp(min=1).log(), -torch.inf))
        return [(k, v, bias[:, None, None]) for k, v in texts]

    # The engine's way

    def forward_chunk(self, x, t, text, cache, write=True):
        """Flow of one chunk. x [B, F, C, H, W], t [B], text from `text()`, cache: LatentCache or None."""
        frames = x.shape[1]
        tokens, grid = self.tokens(x)
        per_frame = grid[0] * grid[1]
        e, e0 = self.embed_time(t)
        for index, block in enumerate(self.blocks):
            def attention(layer, u):
                c, k_rope = layer.latent(u)
                if cache is not None:
                    c, k_rope = cache.window(index, c, k_rope, per_frame, write)
                n = c.shape[1] // per_frame
                cos, sin = (y.flatten(0, 1) for y in self.rope_table(range(n), *grid, x.device))
                q_nope, q_rope = layer.query(u)
                own = slice(-frames * per_frame, None)
                q_rope = rotate(q_rope, cos[own, None], sin[own, None])
                k_nope, v = layer.keys(c)
                return layer.attend(q_nope, q_rope, k_nope, rotate(k_rope, cos, sin), v)

            tokens = block(tokens, e0, text[index], attention)
        return self.flow(self.unpatchify(self.head(tokens, e), frames, grid), x, t)

    # The way of the training

    def forward_train(self, clean, noisy, t, text, which):
        """Flow of the noisy streams.

        clean [B, F, C, H, W], noisy [R, B, F, C, H, W], t [R, B, chunks];
        text from `text()` for U prompts, which [B, chunks] says whose. One chunk alone has no past: no clean stream.
        """
        replicas, batch, frames = noisy.shape[:3]
        own = min(self.chunk, frames)       # frames of a chunk: one in steps that see stills
        chunks = frames // own
        cleans = int(chunks > 1)
        streams = replicas + cleans
        assert self.window == self.sink + 2 * self.chunk, "the windows below hold the sink and one past chunk"
        x = torch.cat([clean[None], noisy]) if cleans else noisy
        x = x.reshape(streams * batch * chunks, own, *noisy.shape[3:])
        tokens, grid = self.tokens(x)
        if torch.is_autocast_enabled(x.device.type):      # between the products as well: half the memory to move
            tokens = tokens.to(torch.get_autocast_dtype(x.device.type))
        per_frame = grid[0] * grid[1]
        times = torch.cat([t.new_zeros(cleans, batch, chunks), t]).flatten()
        e, e0 = self.embed_time(times)
        rows = which[None].expand(streams, -1, -1).flatten()
        lead = (streams, batch, chunks)
        sink_tokens = self.sink * per_frame
        tables = {}

        def table(first, count):
            if (first, count) not in tables:
                cos, sin = self.rope_table(range(first, first + count), *grid, x.device)
                tables[first, count] = cos.flatten(0, 1), sin.flatten(0, 1)
            return tables[first, count]

        def spin(y, first, count, heads=False):
            cos, sin = table(first, count)
            return rotate(y, cos[:, None], sin[:, None]) if heads else rotate(y, cos, sin)

        def attention(layer, u):
            c, k_rope = (y.unflatten(0, lead) for y in layer.latent(u))
            q_nope, q_rope = (y.unflatten(0, lead) for y in layer.query(u))
            k_nope, v = layer.keys(c)

            def windows(chosen, past, sink, start):
                """Attention of the chunks `chosen`, whose own frames begin at window position `start`."""
                n = chosen.stop - chosen.start
                parts = [], [], []
                everyone = (streams, batch, n)

                def add(k, r, w):
                    for part, y in zip(parts, (k, r, w)):
                        part.append(y.expand(*everyone, *y.shape[3:]))

                def pick(stream, chunk, tokens=slice(None)):
                    return k_nope[stream, :, chunk, tokens], k_rope[stream, :, chunk, tokens], v[stream, :, chunk, tokens]

                only_clean = slice(0, 1)
                if sink:
                    k, r, w = pick(only_clean, slice(0, 1), slice(0, sink_tokens))
                    add(k, spin(r, 0, self.sink), w)
                if past:
                    k, r, w = pick(only_clean, slice(chosen.start - 1, chosen.stop - 1))
                    add(k, spin(r, start - self.chunk, self.chunk), w)
                k, r, w = pick(slice(None), chosen)
                add(k, spin(r, start, own), w)
                out = layer.attend(q_nope[:, :, chosen].flatten(0, 2),
                                   spin(q_rope[:, :, chosen], start, own, heads=True).flatten(0, 2),
                                   *(torch.cat(part, 3).flatten(0, 2) for part in parts))
                return out.unflatten(0, everyone)

            outs = [windows(slice(0, 1), False, False, 0)]
            if chunks > 1:
                outs.append(windows(slice(1, 2), True, False, self.chunk))
            if chunks > 2:
                outs.append(windows(slice(2, chunks), True, True, self.sink + self.chunk))
            return torch.cat(outs, 2).flatten(0, 2)

        for index, block in enumerate(self.blocks):
            tokens = block(tokens, e0, [y[rows] for y in text[index]], attention)
        keep = cleans * batch * chunks
        output = self.unpatchify(self.head(tokens[keep:], e[keep:]), own, grid)
        return self.flow(output.reshape(noisy.shape), noisy, t.repeat_interleave(own, 2))


class LatentCache:
    """Unrotated (c, k_rope) per block for the sink and the newest frames; positions are those in the window."""

    def __init__(self, layers, sink, window):
        self.sink, self.window_frames = sink, window
        self.held = [None] * layers     # finished frames only

    def window(self, layer, c, k_rope, per_frame, write):
        own = (c, k_rope)
        past = self.held[layer]
        if past is not None:
            room = (self.window_frames - self.sink) * per_frame - c.shape[1]
            sink = self.sink * per_frame
            if past[0].shape[1] > sink + room:
                past = tuple(torch.cat([y[:, :sink], y[:, y.shape[1] - room:]], 1) for y in past)
            own = tuple(torch.cat([a, b], 1) for a, b in zip(past, own))
        if write:
            self.held[layer] = own
        return own
