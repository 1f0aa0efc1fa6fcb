"""Schedules and rollouts, step for step what the engine does."""
import torch

from dit import LatentCache


def sigma_table(shift):
    u = 1 - torch.arange(1000, dtype=torch.float64) / 1000
    return (shift * u / (1 + (shift - 1) * u)).float()


def warped(steps, shift):
    """Sigmas of the denoising steps, float32."""
    table = torch.cat([sigma_table(shift), torch.zeros(1)])
    return table[1000 - torch.tensor(steps)]


class Unprompted:
    """The same transformer under the empty prompt, with a cache of its own: what guidance leads away from."""

    def __init__(self, dit, text, guidance):
        self.dit, self.text, self.guidance = dit, text, guidance
        self.cache = LatentCache(len(dit.blocks), dit.sink, dit.window)

    def guided(self, flow, x, t):
        without = self.dit.forward_chunk(x, t, self.text, self.cache, write=False).float()
        return without + self.guidance * (flow - without)


@torch.no_grad()
def denoise_chunk(dit, text, cache, noise, steps, shift, kind, renoise=None, trace=None, unprompted=None):
    """One chunk from noise [B, F, C, H, W] to clean latents; the cache is written by the pass at t = 0."""
    sigmas = warped(steps, shift).tolist()
    x = noise
    for index, sigma in enumerate(sigmas):
        t = torch.full((x.shape[0],), 1000 * sigma, device=x.device)
        flow = dit.forward_chunk(x, t, text, cache, write=False).float()
        if unprompted is not None:
            flow = unprompted.guided(flow, x, t)
        following = sigmas[index + 1] if index + 1 < len(sigmas) else 0.0
        if kind == "consistency":
            clean = (x.double() - sigma * flow.double()).float()
            if trace is not None:
                trace.append(clean)
            x = clean if not following else (1 - following) * clean + following * renoise(index, x)
        else:
            x = x + (following - sigma) * flow
    done = torch.zeros(x.shape[0], device=x.device)
    dit.forward_chunk(x, done, text, cache, write=True)
    if unprompted is not None:
        dit.forward_chunk(x, done, unprompted.text, unprompted.cache, write=True)
    return x


@torch.no_grad()
def rollout(dit, encode, prompts, chunk_shape, sampler, seed=0, device="cpu"):
    """A take of len(prompts) chunks; `encode` maps a list of B prompts to context rows; prompts[i] is such a list.

    The cache stays as it is when the prompt changes. A sampler with `guidance` is led away from the empty prompt: not
    the engine's way, but that of the model before distillation. Returns latents [B, chunks * F, C, H, W].
    """
    generator = torch.Generator().manual_seed(seed)

    def fresh(*_):
        return torch.randn(chunk_shape, generator=generator).to(device)

    cache = LatentCache(len(dit.blocks), dit.sink, dit.window)
    guidance, unprompted = sampler.get("guidance", 1), None
    if guidance != 1:
        unprompted = Unprompted(dit, dit.text(encode([""] * chunk_shape[0])), guidance)
    out, current, text = [], None, None
    for prompt in prompts:
        if prompt != current:
            text, current = dit.text(encode(prompt)), prompt
        out.append(denoise_chunk(dit, text, cache, fresh(), sampler["steps"], sampler["shift"], sampler["kind"], fresh,
                                 unprompted=unprompted))
    return torch.cat(out, 1)
