#!/usr/bin/env python3
"""The figures of the model card, from held-out scenes and captions only.

usage: evaluate.py --work FOLDER --model FOLDER [--engine PROGRAM] [--takes N] [--drift-minutes M] [--teacher FOLDER]
                   [--device cpu|cuda] [--output FILE.json] [--set section.key=value ...]

Every share stands beside the number of cases it is of. With --engine build/release/bin/longtake-cli that program makes the
takes, as users get them: prompts change by re-caching, where the sampler of this folder keeps the cache.

  autoencoder   PSNR and SSIM on held-out clips, beside the best linear map of the same blocks to as many
                numbers, fitted to each clip itself
  adherence     the classifier's hits per kind on generated chunks that follow an unchanged prompt for one chunk or
                more, and the same classifier's hits on painted clips of the same descriptions
  steering      after a change of the prompt: the changed kinds right in the second chunk at the latest
  persistence   then: the unchanged kinds still right
  motion        mean frame difference of generated against painted clips, per camera; and that of painted clips
                after the autoencoder, which is what a transformer without fault would reach
  plain cameras the camera's hits for the shortest prompts that name one, by camera and, where it moves, by place
  teacher       adherence of the model before distillation (export.py --stage small), 32 steps under its guidance
  drift         adherence and colour statistics at the end of a long take against its fifth second
"""
import argparse
import json
import math
import subprocess
import tempfile
from collections import defaultdict
from pathlib import Path

import numpy as np
import torch
from PIL import Image

import autoencoder
import captions
import classifier
import common
import world
from bundle import Bundle
from pool import Clips

CHUNKS = 6
TOGETHER = 8                  # takes made at a time: several times faster than one after the other


def to_video(frames, device):
    return torch.from_numpy(np.array(frames)).to(device).permute(0, 3, 1, 2).float() / 255


def autoencoder_figures(bundle, work, size, device, count):
    clips = Clips(Path(work) / "pool" / f"{size}-test")
    error, similarity, limit, n = 0.0, 0.0, 0.0, min(count, len(clips))
    for i in range(n):
        video = to_video(clips.frames(i), device)[None]
        with torch.no_grad(), common.autocast(device):
            got = bundle.video.decode(bundle.video.encode(video)).float().clamp(0, 1)
        error += (got - video[:, 3:]).square().mean().item() / n
        similarity += autoencoder.ssim(got[0], video[0, 3:]).item() / n
        limit += 10 ** (-autoencoder.linear_limit(video, bundle.video.channels, 8 * bundle.video.patch) / 10) / n
    return {"psnr": -10 * math.log10(error), "psnr_linear": -10 * math.log10(limit), "ssim": similarity}


def descriptions(count, landscapes):
    """Held-out (seed, states, captions, change) with two chunks or more after the change."""
    seed, out = 50_000_000, []
    while len(out) < count:
        states, texts, *_, change = world.describe_clip(seed, CHUNKS, "heldout", landscapes)
        if change <= CHUNKS - 2:
            out.append((seed, states, texts, change))
        seed += 1
    return out


def motion(video):
    return (video[1:] - video[:-1]).abs().mean().item()


def share(hits):
    return {"share": round(float(np.mean(hits)), 4), "of": len(hits)} if hits else None


FIRST = 9                     # pictures of the first chunk; the others have twelve


def made_by_engine(program, model, chosen, fps):
    """As `made_takes`, in the engine's own defaults."""
    for description in chosen:
        seed, _, texts, change = description
        with tempfile.TemporaryDirectory() as folder:
            command = [program, "render", "--model", model, "--prompt", texts[0], "--seed", str(seed), "--frames", folder,
                       "--seconds", str((12 * CHUNKS - 12 + FIRST) / fps)]
            if change:
                command += ["--at", str((12 * change - 12 + FIRST) / fps), texts[change]]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            pictures = [np.asarray(Image.open(f).convert("RGB")) for f in sorted(Path(folder).glob("*.png"))]
        yield description, to_video(np.stack(pictures[FIRST:]), "cpu")


def made_takes(bundle, chosen, sampler):
    """(description, pictures from the second chunk on) of each take."""
    for first in range(0, len(chosen), TOGETHER):
        group = chosen[first:first + TOGETHER]
        prompts = [list(at_chunk) for at_chunk in zip(*(texts for _, _, texts, _ in group))]
        _, videos = bundle.take(prompts, group[0][0], sampler=sampler)
        yield from zip(group, videos[:, FIRST:])


def plain_descriptions(takes=2):
    """As `descriptions`, of the shortest prompts: every place at noon with every camera."""
    states = [{"place": place, "camera": camera} for camera in world.CAMERAS for place in world.PLACES for _ in range(takes)]
    return [(seed, [s] * CHUNKS, [captions.plain(s["place"], "noon", s["camera"])] * CHUNKS, 0) for seed, s in enumerate(states)]


def plain_camera_figures(net, made):
    by_camera, by_place = defaultdict(list), defaultdict(list)
    for (_, states, *_), video in made:
        place, camera = states[0]["place"], states[0]["camera"]
        hits = [named["camera"] == camera for named in classifier.name_chunks(net, video)]
        by_camera[camera] += hits
        if camera != "still":
            by_place[place] += hits
    return {kind: share(hits) for table in (by_camera, by_place) for kind, hits in table.items()}


def take_figures(bundle, net, made, device, landscapes):
    """Hits per kind, for generated and painted chunks, and what happens at changes; `made` as from `made_takes`."""
    width, height = (bundle.info["defaults"][k] for k in ("width", "height"))
    hits = {source: defaultdict(list) for source in ("generated", "painted")}
    steering, persistence, moved = defaultdict(list), defaultdict(list), defaultdict(list)
    for (seed, states, _, change), video in made:
        painted = to_video(world.sample_clip(seed, CHUNKS, width, height, "heldout", landscapes).frames, device)[12:]
        named = classifier.name_chunks(net, video)
        known = classifier.name_chunks(net, painted)
        for chunk in range(1, CHUNKS):
            settled = not change or chunk < change or chunk > change + 1
            if settled:
                for kind, name in states[chunk].items():
                    hits["generated"][kind].append(named[chunk - 1][kind] == name)
                    hits["painted"][kind].append(known[chunk - 1][kind] == name)
        if change:
            before, after = states[change - 1], states[change]
            seen = [named[c - 1] for c in (change, change + 1)]
            for kind in after:
                if before[kind] != after[kind]:
                    steering[kind].append(any(s[kind] == after[kind] for s in seen))
                else:
                    persistence[kind].append(seen[-1][kind] == after[kind])
        else:
            with torch.no_grad():
                decoded = bundle.video.decode(bundle.video.encode(painted[None]))[0].float().clamp(0, 1)
            moved[states[0]["camera"]].append((motion(video), motion(painted), motion(decoded)))

    def mean(table):
        return {kind: share(values) for kind, values in table.items()}

    def pooled(table):
        return share([x for values in table.values() for x in values])

    def ratio(cases, which):
        return round(float(np.mean([case[which] for case in cases]) / np.mean([case[1] for case in cases])), 3)

    return {"adherence": mean(hits["generated"]), "classifier_on_painted": mean(hits["painted"]),
            "steering": pooled(steering), "steering_by_kind": mean(steering),
            "persistence": pooled(persistence), "persistence_by_kind": mean(persistence),
            "motion_ratio": {camera: {"generated": ratio(cases, 0), "autoencoder": ratio(cases, 2), "of": len(cases)}
                             for camera, cases in moved.items()}}


def drift_figures(bundle, net, takes, minutes, device, landscapes):
    """Long takes of one prompt each: hits and colour around second 5 and at the end."""
    fps = bundle.info["defaults"]["fps"]
    chunks = round(minutes * 60 * fps / 12)
    early, late, colours = [], [], []
    chosen = descriptions(takes, landscapes)
    latents = bundle.latents([[texts[0] for _, _, texts, _ in chosen]] * chunks, chosen[0][0])

    def shown(take, last):
        """The four chunks up to chunk `last`, decoded with the two before them as their past."""
        frames = bundle.info["rollout"]["chunk_frames"]
        with torch.no_grad():
            return bundle.video.decode(take[None, (last - 6) * frames:last * frames], trim=False)[0, -48:].clamp(0, 1)

    for (_, states, _, _), take in zip(chosen, latents):
        parts = [shown(take, last).float() for last in (9, chunks)]
        for part, hits in zip(parts, (early, late)):
            for named in classifier.name_chunks(net, part):
                hits += [named[kind] == name for kind, name in states[0].items()]
        means = [torch.cat([p.mean((0, 2, 3)), p.std((0, 2, 3))]) for p in parts]
        colours.append(((means[1] - means[0]).abs() / means[0].clamp(min=0.02)).mean().item())
    return {"minutes": minutes, "early": float(np.mean(early)), "late": float(np.mean(late)),
            "colour_change": float(np.mean(colours))}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--size", default="full", help="of the held-out clips: full or small")
    parser.add_argument("--engine", metavar="PROGRAM")
    parser.add_argument("--teacher", metavar="FOLDER")
    parser.add_argument("--takes", type=int, default=40)
    parser.add_argument("--drift-takes", type=int, default=4)
    parser.add_argument("--drift-minutes", type=float, default=5)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--config")
    parser.add_argument("--set", action="append", default=[], metavar="section.key=value")
    parser.add_argument("--output")
    a = parser.parse_args()
    device = common.setup_device(a.device, a.threads)
    config = common.load_config(a.config)
    common.choose(config, a.device, a.set)
    landscapes = config["pool"]["landscapes"]
    bundle, net = Bundle(a.model, device), classifier.load(a.work, device)
    result = {"autoencoder": autoencoder_figures(bundle, a.work, a.size, device, 32)}
    with common.autocast(device):
        def made(chosen):
            if a.engine:
                return made_by_engine(a.engine, a.model, chosen, bundle.info["defaults"]["fps"])
            return made_takes(bundle, chosen, None)

        chosen = descriptions(a.takes, landscapes)
        result.update(take_figures(bundle, net, made(chosen), device, landscapes))
        result["plain_cameras"] = plain_camera_figures(net, made(plain_descriptions()))
        if a.teacher:
            sampler = {"kind": "euler", "steps": [round(1000 * (1 - i / 32)) for i in range(32)],
                       "shift": config["sampler"]["shift"], "guidance": config["distill"]["guidance"]}
            teacher = Bundle(a.teacher, device)
            result["teacher_adherence"] = take_figures(teacher, net, made_takes(teacher, chosen, sampler), device,
                                                       landscapes)["adherence"]
        if a.drift_minutes:
            result["drift"] = drift_figures(bundle, net, a.drift_takes, a.drift_minutes, device, landscapes)
    text = json.dumps(result, indent=1)
    print(text)
    if a.output:
        Path(a.output).write_text(text + "\n")
