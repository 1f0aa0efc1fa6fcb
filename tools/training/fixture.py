#!/usr/bin/env python3
"""Parity data for the engine: noise, prompts, latents and pictures of a short take, computed in float32.

usage: fixture.py MODEL OUTPUT.safetensors [--chunks N] [--width W] [--height H]

Tensors: in.ids.K and in.context.K per prompt K (rows beyond the text are zero); in.prompt_of_chunk; in.noise
[chunks, F, C, H, W]; in.renoise [chunks, steps - 1, F, C, H, W] for a consistency sampler; out.sigmas; out.flow.0, the
first flow of chunk 0; out.latents [chunks * F, C, H, W]; out.video uint8 [pictures, H, W, 3] with the first three
trimmed. The weights are those of the folder, as rounded there, computed with in float32.
"""
import argparse

import torch
from safetensors.torch import save_file

from bundle import Bundle
from dit import LatentCache
from sampler import denoise_chunk, warped

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("output")
    parser.add_argument("--chunks", type=int, default=3)
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--height", type=int, default=64)
    parser.add_argument("--seed", type=int, default=7)
    a = parser.parse_args()
    bundle = Bundle(a.model)
    sampler = bundle.info["sampler"]
    prompts = bundle.info["examples"][:2]
    prompt_of_chunk = [0 if c < a.chunks - 1 else 1 for c in range(a.chunks)]   # one change, at the last chunk
    generator = torch.Generator().manual_seed(a.seed)
    shape = bundle.chunk_shape(1, a.width, a.height)
    noise = torch.randn(a.chunks, *shape[1:], generator=generator)
    renoise = torch.randn(a.chunks, len(sampler["steps"]) - 1, *shape[1:], generator=generator)
    tensors = {"in.noise": noise, "in.prompt_of_chunk": torch.tensor(prompt_of_chunk, dtype=torch.int32),
               "out.sigmas": warped(sampler["steps"], sampler["shift"])}
    with torch.no_grad():
        texts = []
        for k, prompt in enumerate(prompts):
            context = bundle.context([prompt])
            texts.append(bundle.dit.text(context))
            tensors[f"in.context.{k}"] = context[0]
            tensors[f"in.ids.{k}"] = bundle.tokenizer.batch([prompt])[0].to(torch.int32)
        sigma = tensors["out.sigmas"][0].item()
        tensors["out.flow.0"] = bundle.dit.forward_chunk(noise[0][None], torch.tensor([1000 * sigma]), texts[0], None)[0]
        cache = LatentCache(len(bundle.dit.blocks), bundle.dit.sink, bundle.dit.window)
        out = [denoise_chunk(bundle.dit, texts[p], cache, noise[c][None], sampler["steps"], sampler["shift"],
                             sampler["kind"], lambda step, x: renoise[c, step][None])
               for c, p in enumerate(prompt_of_chunk)]
        latents = torch.cat(out, 1)
        video = bundle.video.decode(latents)[0].clamp(0, 1)
    if sampler["kind"] == "consistency":
        tensors["in.renoise"] = renoise
    tensors["out.latents"] = latents[0].contiguous()
    tensors["out.video"] = (video.permute(0, 2, 3, 1) * 255 + 0.5).to(torch.uint8).contiguous()
    save_file({k: v.contiguous() for k, v in tensors.items()}, a.output,
              {"prompt.0": prompts[0], "prompt.1": prompts[1], "width": str(a.width), "height": str(a.height)})
    print(a.output)
