"""The same forward pass in PyTorch: bf16, SDPA, torch.compile; random weights of the 1.3B dimensions, 4680 queries.

Prints ms per pass and the frames per second of five passes a chunk, for latent (materialised) and dense self-attention; and
attention alone at the same shape, by the kernels of cuDNN and of FlashAttention.
"""
import sys
import time

import torch
import torch.nn.functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel

DIM, HEADS, FFN, LAYERS, TOKENS, FRAME = 1536, 12, 8960, 30, 4680, 1560
D_C, D_CQ, D_NOPE, D_R, D_V = 192, 768, 96, 32, 128


def weight(*shape):
    return torch.randn(*shape, device="cuda", dtype=torch.bfloat16) * 0.02


class Block(torch.nn.Module):
    def __init__(self, latent):
        super().__init__()
        self.latent = latent
        if latent:
            self.down = weight(D_CQ + D_C + D_R, DIM)
            self.query = weight(HEADS * (D_NOPE + D_R), D_CQ)
            self.up = weight(HEADS * (D_NOPE + D_V), D_C)
        else:
            self.qkv = weight(3 * DIM, DIM)
        self.out, self.cross_q, self.cross_o = weight(DIM, DIM), weight(DIM, DIM), weight(DIM, DIM)
        self.ffn0, self.ffn2 = weight(FFN, DIM), weight(DIM, FFN)

    def attend(self, q, k, v):
        heads = lambda x: x.view(1, x.shape[0], HEADS, -1).transpose(1, 2)
        return F.scaled_dot_product_attention(heads(q), heads(k), heads(v)).transpose(1, 2).reshape(q.shape[0], -1)

    def rotate(self, x, cos, sin):  # [rows, heads, d]
        re, im = x[..., 0::2].float(), x[..., 1::2].float()
        return torch.stack((re * cos - im * sin, re * sin + im * cos), -1).flatten(-2).to(x.dtype)

    def forward(self, x, cache, text, mod, cos, sin):
        u = (F.layer_norm(x, (DIM,)) * (1 + mod[1]) + mod[0]).bfloat16()
        if self.latent:
            down = F.linear(u, self.down)
            cq = F.rms_norm(down[:, :D_CQ], (D_CQ,))
            cache[-TOKENS:] = torch.cat((F.rms_norm(down[:, D_CQ:D_CQ + D_C], (D_C,)), down[:, D_CQ + D_C:]), 1)
            q = F.linear(cq, self.query).view(TOKENS, HEADS, D_NOPE + D_R)
            q = torch.cat((q[..., :D_NOPE], self.rotate(q[..., D_NOPE:], cos[-TOKENS:], sin[-TOKENS:])), -1)
            kv = F.linear(cache[:, :D_C], self.up)
            rope = self.rotate(cache[:, None, D_C:], cos, sin).expand(-1, HEADS, -1)
            k = torch.cat((kv[:, :HEADS * D_NOPE].view(-1, HEADS, D_NOPE), rope), -1)
            a = self.attend(q.reshape(TOKENS, -1), k.reshape(k.shape[0], -1), kv[:, HEADS * D_NOPE:])
        else:
            q, k, v = F.linear(u, self.qkv).chunk(3, 1)
            q, k = F.rms_norm(q, (DIM,)), F.rms_norm(k, (DIM,))
            cache[-TOKENS:] = torch.cat((k, v), 1)
            a = self.attend(q, cache[:, :DIM], cache[:, DIM:])
        x = x + F.linear(a, self.out) * mod[2]
        q = F.rms_norm(F.linear(F.layer_norm(x, (DIM,)).bfloat16(), self.cross_q), (DIM,))
        x = x + F.linear(self.attend(q, text, text), self.cross_o)
        u = (F.layer_norm(x, (DIM,)) * (1 + mod[4]) + mod[3]).bfloat16()
        return x + F.linear(F.gelu(F.linear(u, self.ffn0), approximate="tanh"), self.ffn2) * mod[5]


def fastest(run, rounds, runs):
    """ms of one run, the best round."""
    for _ in range(3):
        run()
    best = 1e9
    for _ in range(rounds):
        torch.cuda.synchronize()
        start = time.perf_counter()
        for _ in range(runs):
            run()
        torch.cuda.synchronize()
        best = min(best, (time.perf_counter() - start) * 1000 / runs)
    return best


@torch.no_grad()
def measure_attention(keys):
    q, k, v = (torch.randn(1, HEADS, rows, 128, device="cuda", dtype=torch.bfloat16) for rows in (TOKENS, keys, keys))
    for name, backend in (("cuDNN", SDPBackend.CUDNN_ATTENTION), ("FlashAttention", SDPBackend.FLASH_ATTENTION)):
        try:
            with sdpa_kernel(backend):
                ms = fastest(lambda: F.scaled_dot_product_attention(q, k, v), 5, 10)
            print(f"PyTorch attention {TOKENS} x {keys}, {HEADS} heads, 128, by {name}: {ms:.4f} ms, "
                  f"{4 * TOKENS * keys * HEADS * 128 / ms * 1e-9:.1f} TFLOP/s", flush=True)
        except RuntimeError as failure:
            print(f"PyTorch attention by {name}: {str(failure).splitlines()[0]}", flush=True)


@torch.no_grad()
def measure(latent, window, compiled):
    blocks = [Block(latent) for _ in range(LAYERS)]
    keys = window * FRAME
    caches = [weight(keys, D_C + D_R if latent else 2 * DIM) for _ in range(LAYERS)]
    text, mod = weight(512, DIM), torch.randn(6, DIM, device="cuda") * 0.02
    angle = torch.randn(keys, 1, D_R // 2, device="cuda")
    cos, sin = angle.cos(), angle.sin()

    def run(x):
        for block, cache in zip(blocks, caches):
            x = block(x, cache, text, mod, cos, sin)
        return x

    if compiled:
        for block in blocks:
            block.forward = torch.compile(block.forward, dynamic=False)
    x = torch.randn(TOKENS, DIM, device="cuda")
    best = fastest(lambda: run(x), 5, 1)
    print(f"PyTorch {torch.__version__}, {'latent' if latent else 'dense'} cache, window {window}, "
          f"{'compiled' if compiled else 'eager'}: {best:.2f} ms per pass, {12 / (5 * best / 1000):.1f} FPS of five passes", flush=True)


if __name__ == "__main__":
    torch.manual_seed(0)
    print(torch.cuda.get_device_name(), file=sys.stdout)
    measure_attention(6 * FRAME)
    # What the comparison is with comes first: time may run out.
    for latent, window, compiled in ((True, 6, True), (True, 6, False), (False, 6, True), (True, 21, True), (False, 21, True)):
        measure(latent, window, compiled)
