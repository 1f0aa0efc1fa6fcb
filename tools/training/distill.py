"""Four steps in place of many, and takes that stay stable: passes over the trained transformer.

leap   A step of the student from one of its noise levels to the next covers several guided steps of the teacher
       (progressive distillation, in one round): the cheapest, and the one for a processor. It stays an Euler sampler.
ode    The student jumps from each of the sampler's noise levels to where the teacher's guided path ends.
self   The student rolls out several chunks from its own past; the difference between what the teacher and a critic
       (a copy that follows the student's own distribution) make of the result is its gradient (distribution matching).
       Gradients run through one denoising step per chunk; the cache is written without.
"""
import copy
import random
import time
from pathlib import Path

import torch

import flow
from common import Ema, Log, TimeLimit, autocast, load_checkpoint, save_checkpoint, seed_everything
from dit import LatentCache
from latents import Latents
from sampler import warped


def per_frame(values, chunk):
    """[R, B, chunks] -> something that multiplies latents [R, B, F, C, H, W]."""
    return values.repeat_interleave(chunk, 2)[..., None, None, None]


class Teacher:
    """Guided flow of the trained model, for all chunks of a clip at once."""

    def __init__(self, model, guidance, batches):
        self.model, self.guidance = model.requires_grad_(False).eval(), guidance
        self.empty, _ = batches.prompts([[""]])

    @torch.no_grad()
    def flow(self, context, x, sigma, ids, which):
        def ask(ids, which):
            return self.model.dit.forward_train(context, x, 1000 * sigma, flow.embed_text(self.model, ids), which).float()

        with_prompt = ask(ids, which)
        if self.guidance == 1:
            return with_prompt
        without = ask(self.empty, torch.zeros_like(which))
        return without + self.guidance * (with_prompt - without)


def leap_loss(student, teacher, batches, config, generator):
    d, shift = config["distill"], config["sampler"]["shift"]
    levels = warped(d["steps"], shift).to(batches.device)
    context, start, sigma, _, ids, which = batches.draw(generator, d["leap_batch"], 1, 0.0, levels)
    chunk = start.shape[2] // sigma.shape[2]       # frames that share a noise level
    ends = torch.cat([levels[1:], levels.new_zeros(1)])
    end = ends[(sigma[..., None] == levels).int().argmax(-1)]
    u, u_end = flow.unshifted(sigma, shift), flow.unshifted(end, shift)
    x, here = start, sigma
    for k in range(d["leap_teacher_steps"]):
        following = flow.shifted(u + (u_end - u) * (k + 1) / d["leap_teacher_steps"], shift)
        x = x + per_frame(following - here, chunk) * teacher.flow(context, x, here, ids, which)
        here = following
    target = (x - start) / per_frame(end - sigma, chunk)
    guess = student.dit.forward_train(context, start, 1000 * sigma, flow.embed_text(student, ids), which)
    return (guess.float() - target).square().mean()


def ode_loss(student, teacher, batches, settings, generator, device, chunk):
    clean, ids, which = batches.clips(generator, settings["batch"])
    chunks = clean.shape[1] // chunk
    levels = warped(settings["steps"], settings["shift"]).to(device)
    level = torch.randint(0, len(levels), (1, len(clean), chunks), device=device)
    sigma = levels[level]
    noise = torch.randn(1, *clean.shape, device=device)
    wide = per_frame(sigma, chunk)
    start = (1 - wide) * clean + wide * noise
    # The same time axis as the sampler's: u falls evenly to zero, sigma follows the shift.
    u = flow.unshifted(sigma, settings["shift"])
    x, here = start, sigma
    steps = settings["teacher_steps"]
    for k in range(steps):
        following = flow.shifted(u * (1 - (k + 1) / steps), settings["shift"])
        x = x + per_frame(following - here, chunk) * teacher.flow(clean, x, here, ids, which)
        here = following
    guess = student.dit.forward_train(clean, start, 1000 * sigma, student.dit.text(student.text_encoder(ids)), which)
    difference = start - wide * guess.float() - x
    return (difference.square() + 1e-3).sqrt().mean()


def roll(student, ids, which, shape, settings, device, generator):
    """The student's own take [B, F, C, H, W]; gradients reach the last step taken in every chunk."""
    dit = student.dit
    context = student.text_encoder(ids)
    texts = dit.text(context)
    sigmas = warped(settings["steps"], settings["shift"]).tolist()
    cache = LatentCache(len(dit.blocks), dit.sink, dit.window)
    last = generator.randrange(len(sigmas))        # one for all chunks: what the critic sees is one kind of sample
    out = []
    for chunk in range(which.shape[1]):
        text = [(k[which[:, chunk]], v[which[:, chunk]]) for k, v in texts]
        x = torch.randn(shape, device=device)
        for index, sigma in enumerate(sigmas[:last + 1]):
            t = torch.full((shape[0],), 1000 * sigma, device=device)
            with torch.set_grad_enabled(index == last and torch.is_grad_enabled()):
                clean = x - sigma * dit.forward_chunk(x, t, text, cache, write=False).float()
            if index < last:
                x = (1 - sigmas[index + 1]) * clean + sigmas[index + 1] * torch.randn(shape, device=device)
        out.append(clean)
        with torch.no_grad():
            dit.forward_chunk(clean.detach(), torch.zeros(shape[0], device=device), text, cache, write=True)
    return torch.cat(out, 1)


def stretch(which, chunks, generator):
    """Which prompt each of `chunks` chunks follows, the change of the clip put at a random place."""
    rows = []
    for row in which.tolist():
        place = generator.randrange(1, chunks)
        rows.append([row[0] if c < place else row[-1] for c in range(chunks)])
    return torch.tensor(rows, device=which.device)


def noised(video, generator_device, chunk, shift):
    """(noisy [1, ...], sigma [1, B, chunks], noise) for a video of latents."""
    u = torch.rand(1, video.shape[0], video.shape[1] // chunk, device=generator_device) * 0.96 + 0.02
    sigma = flow.shifted(u, shift)
    noise = torch.randn(1, *video.shape, device=generator_device)
    wide = per_frame(sigma, chunk)
    return (1 - wide) * video[None] + wide * noise, sigma, noise


def matching_loss(video, teacher, critic, ids, which, chunk, shift):
    """Its gradient is the difference of the critic's and the teacher's clean predictions."""
    held = video.detach()
    noisy, sigma, _ = noised(held, held.device, chunk, shift)
    with torch.no_grad():
        real = teacher.flow(held, noisy, sigma, ids, which)
        text = critic.dit.text(critic.text_encoder(ids))
        fake = critic.dit.forward_train(held, noisy, 1000 * sigma, text, which).float()
        wide = per_frame(sigma, chunk)
        clean = noisy - wide * real
        gradient = wide * (real - fake)           # fake prediction minus real one
        scale = (held[None] - clean).abs().mean((2, 3, 4, 5), keepdim=True).clamp(min=1e-3)
        target = held - (gradient / scale)[0]
    return 0.5 * (video - target).square().mean()


def critic_loss(video, critic, ids, which, chunk, shift):
    noisy, sigma, noise = noised(video, video.device, chunk, shift)
    text = critic.dit.text(critic.text_encoder(ids))
    guess = critic.dit.forward_train(video, noisy, 1000 * sigma, text, which)
    return (guess.float() - (noise - video[None])).square().mean()


def train(config, work, which_pass, device, minutes):
    d, chunk = config["distill"], config["rollout"]["chunk_frames"]
    seed_everything(config["seed"])
    limit, work = TimeLimit(minutes), Path(work)
    size = "full" if (work / "dit-full.pt").exists() else "small"
    base, tokenizer, _, _ = flow.finished(config, work, size, device)
    batches = flow.Batches(config, Latents(work / "latents" / f"{size}-train"), tokenizer, device)
    if size == "small":
        base.spread_positions(config, *batches.latents.data.shape[-2:])
    teacher = Teacher(base, d["guidance"], batches)
    student = copy.deepcopy(base).requires_grad_(True).train()
    path = work / ("dit-leap.pt" if which_pass == "leap" else "dit-distilled.pt")
    state = load_checkpoint(path, device)
    total, lr = d[f"{which_pass}_steps"], d[f"{which_pass}_lr"]
    if which_pass == "self" and state is None:
        raise SystemExit("run the stage 'distill-ode' first")
    if state is not None:
        student.load_state_dict(state["model"])
    ema = Ema(student, d["ema"])
    optimiser = torch.optim.AdamW(student.parameters(), lr, betas=(0.0 if which_pass == "self" else 0.9, 0.99))
    critic = copy.deepcopy(base).requires_grad_(which_pass == "self")
    critic_optimiser = torch.optim.AdamW(critic.parameters(), d["critic_lr"], betas=(0.0, 0.99))
    step = 0
    if state is not None:
        ema.load_state_dict(state["ema"])
        if state["pass"] == which_pass:
            optimiser.load_state_dict(state["optimiser"])
            step = state["step"]
            if which_pass == "self":
                critic.load_state_dict(state["critic"])
                critic_optimiser.load_state_dict(state["critic_optimiser"])
    generator, log = random.Random(f"{config['seed']} {which_pass} {step}"), Log(work / "distill.jsonl")
    torch.manual_seed(config["seed"] + 1000 * step)

    def save():
        kept = dict(critic=critic.state_dict(), critic_optimiser=critic_optimiser.state_dict()) if which_pass == "self" else {}
        save_checkpoint(path, {"model": student.state_dict(), "ema": ema.state_dict(), "step": step, "pass": which_pass,
                               "optimiser": optimiser.state_dict(), **kept})

    def update(loss, module, its_optimiser):
        its_optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(module.parameters(), 1.0)
        its_optimiser.step()
        return loss.item()

    saved = time.monotonic()
    while limit and step < total:
        for group in optimiser.param_groups:
            group["lr"] = lr * min(1, (step + 1) / 50) * max(0.05, 1 - step / total)
        if which_pass == "leap":
            with autocast(device):
                loss = leap_loss(student, teacher, batches, config, generator)
            value = update(loss, student, optimiser)
        elif which_pass == "ode":
            with autocast(device):
                loss = ode_loss(student, teacher, batches, d, generator, device, chunk)
            value = update(loss, student, optimiser)
        else:
            for _ in range(d["critic_rounds"]):
                clean, ids, which = batches.clips(generator, d["batch"])
                which = stretch(which, d["self_chunks"], generator)
                with autocast(device):
                    with torch.no_grad():
                        video = roll(student, ids, which, clean[:, :chunk].shape, d, device, generator)
                    loss = critic_loss(video, critic, ids, which, chunk, d["shift"])
                update(loss, critic, critic_optimiser)
            clean, ids, which = batches.clips(generator, d["batch"])
            which = stretch(which, d["self_chunks"], generator)
            with autocast(device):
                video = roll(student, ids, which, clean[:, :chunk].shape, d, device, generator)
                loss = matching_loss(video, teacher, critic, ids, which, chunk, d["shift"])
            value = update(loss, student, optimiser)
        ema.update(student)
        step += 1
        if step % 20 == 0:
            log(stage=f"distill-{which_pass}", step=step, loss=value)
        if time.monotonic() - saved > 120:
            save()
            saved = time.monotonic()
    save()
