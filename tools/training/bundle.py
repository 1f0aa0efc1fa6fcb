"""A model folder read back into the networks, in float32: what samples and fixtures are made with."""
import json
from pathlib import Path

import torch
from safetensors.torch import load_file

from dit import CausalDit
from sampler import rollout
from taehv import Taehv
from tokenizer import Tokenizer
from umt5 import Umt5Encoder


class Bundle:
    def __init__(self, folder, device="cpu"):
        folder = Path(folder)
        self.device = device
        self.info = json.loads((folder / "model.json").read_text())

        def load(part):
            return {k: v.float() for k, v in load_file(folder / self.info[part]["weights"]).items()}

        d, t, r = self.info["dit"], self.info["text_encoder"], self.info["rollout"]
        self.dit = CausalDit(d["dim"], d["ffn_dim"], d["num_heads"], d["num_layers"], d["freq_dim"], d["text_dim"],
                             d["text_len"], d["mla"], r["chunk_frames"], r["sink_frames"], r["window_frames"],
                             d["in_dim"], d["patch_size"], d["eps"], d.get("position_features", 0), d.get("predicts", "flow"))
        self.dit.load_state_dict(load("dit"))
        self.text_encoder = Umt5Encoder(t["vocab"], t["dim"], t["dim_attn"], t["dim_ffn"], t["num_heads"],
                                        t["num_layers"], t["num_buckets"], t["max_distance"])
        self.text_encoder.load_state_dict(load("text_encoder"))
        video = load("video")
        self.video = Taehv([video[f"decoder.{i}.weight"].shape[1] for i in (8, 14, 20)]
                           + [video["decoder.22.weight"].shape[1]],
                           [video[f"encoder.{i}.weight"].shape[0] for i in (3, 8, 13)],
                           self.info["video"]["latent_channels"], round((len(video["decoder.22.bias"]) / 3) ** 0.5))
        self.video.load_state_dict(video)
        self.tokenizer = Tokenizer(folder / t["tokenizer"], d["text_len"])
        for net in (self.dit, self.text_encoder, self.video):
            net.to(device).eval().requires_grad_(False)

    def context(self, prompts):
        return self.text_encoder(self.tokenizer.batch(prompts, self.device))

    def chunk_shape(self, batch, width=None, height=None):
        v, side = self.info["defaults"], 8 * self.video.patch
        return (batch, self.info["rollout"]["chunk_frames"], self.info["dit"]["in_dim"],
                (height or v["height"]) // side, (width or v["width"]) // side)

    def latents(self, prompts, seed=0, width=None, height=None, sampler=None):
        """prompts: one list of B prompts per chunk -> [B, chunks * F, C, h, w]."""
        shape = self.chunk_shape(len(prompts[0]), width, height)
        return rollout(self.dit, self.context, prompts, shape, sampler or self.info["sampler"], seed, self.device)

    def take(self, prompts, seed=0, width=None, height=None, sampler=None):
        """As `latents`, and pictures [B, T, 3, H, W] in 0..1."""
        latents = self.latents(prompts, seed, width, height, sampler)
        with torch.no_grad():
            video = torch.cat([self.video.decode(z[None]).clamp(0, 1) for z in latents])
        return latents, video
