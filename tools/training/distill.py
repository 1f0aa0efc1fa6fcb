"""Four steps in place of many, and takes that stay stable: passes over the trained transformer.

leap   A step of the student from one of its noise levels to the next covers several guided steps of the teacher
       (progressive distillation, in one round). It stays an Euler sampler.
self   The student, from where `leap` left it, rolls out chunks from its own past; what the teacher and a critic (a copy that
       follows the student's own distribution) make of the result differs, and that is its gradient (distribution matching).
       Gradients run through all steps of a chunk; the cache is written without.
"""
import copy
import random
import time
from collections import deque
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


def roll(student, ids, which, shape, sigmas, device):
    """The student's own take [B, F, C, H, W] as the engine's sampler makes it, for chunks of that shape."""
    dit = student.dit
    texts = flow.embed_text(student, ids)
    cache = LatentCache(len(dit.blocks), dit.sink, dit.window)
    out = []
    for chunk in range(which.shape[1]):
        text = [tuple(part[which[:, chunk]] for part in block) for block in texts]
        x = torch.randn(shape, device=device)
        for here, following in zip(sigmas, sigmas[1:] + [0.0]):
            t = torch.full((shape[0],), 1000 * here, device=device)
            x = x + (following - here) * dit.forward_chunk(x, t, text, cache, write=False).float()
        out.append(x)
        with torch.no_grad():
            dit.forward_chunk(x.detach(), torch.zeros(shape[0], device=device), text, cache, write=True)
    return torch.cat(out, 1)


def stretch(which, chunks, generator):
    """Which prompt each of `chunks` chunks follows, the change of the clip put at a random place."""
    rows = []
    for row in which.tolist():
        place = generator.randrange(1, chunks)
        rows.append([row[0] if c < place else row[-1] for c in range(chunks)])
    return torch.tensor(rows, device=which.device)


def noised(video, chunk, shift):
    """(noisy [1, B, F, C, H, W], sigma [1, B, chunks], noise) of latents [B, F, C, H, W]."""
    u = torch.rand(1, video.shape[0], video.shape[1] // chunk, device=video.device) * 0.96 + 0.02
    sigma = flow.shifted(u, shift)
    noise = torch.randn(1, *video.shape, device=video.device)
    wide = per_frame(sigma, chunk)
    return (1 - wide) * video[None] + wide * noise, sigma, noise


def matching_loss(video, teacher, critic, ids, which, chunk, shift):
    """Its gradient is the difference of the critic's and the teacher's clean predictions, over the teacher's distance
    from the video, chunk by chunk (distribution matching distillation)."""
    held = video.detach()
    noisy, sigma, _ = noised(held, chunk, shift)
    with torch.no_grad():
        real = teacher.flow(held, noisy, sigma, ids, which)
        fake = critic.dit.forward_train(held, noisy, 1000 * sigma, flow.embed_text(critic, ids), which).float()
        wide = per_frame(sigma, chunk)
        distance = (held[None] - (noisy - wide * real)).abs().unflatten(2, (sigma.shape[2], chunk)).mean((3, 4, 5, 6))
        target = held - (wide * (real - fake) / per_frame(distance.clamp(min=1e-3), chunk))[0]
    return 0.5 * (video - target).square().mean()


def critic_loss(video, critic, ids, which, chunk, shift):
    noisy, sigma, noise = noised(video, chunk, shift)
    guess = critic.dit.forward_train(video, noisy, 1000 * sigma, flow.embed_text(critic, ids), which)
    return (guess.float() - (noise - video[None])).square().mean()


class OwnTakes:
    """One step of the pass `self`: a take of the student, its gradient, and the critic's lessons from the latest takes."""

    def __init__(self, config, teacher, batches, device):
        d = config["distill"]
        self.settings, self.teacher, self.batches, self.device = d, teacher, batches, device
        self.chunk, self.shift = config["rollout"]["chunk_frames"], config["sampler"]["shift"]
        self.sigmas = warped(d["steps"], self.shift).tolist()
        self.critic = copy.deepcopy(teacher.model).requires_grad_(True)
        self.critic.text_encoder.requires_grad_(False)
        self.optimiser = torch.optim.AdamW([p for p in self.critic.parameters() if p.requires_grad], d["critic_lr"], betas=(0.0, 0.99))
        self.latest = deque(maxlen=d["critic_takes"])

    def state(self):
        return dict(critic=self.critic.state_dict(), critic_optimiser=self.optimiser.state_dict())

    def load(self, state):
        self.critic.load_state_dict(state["critic"])
        self.optimiser.load_state_dict(state["critic_optimiser"])

    def take(self, student, generator):
        clean, ids, which = self.batches.clips(generator, self.settings["self_batch"])
        which = stretch(which, self.settings["self_chunks"], generator)
        with autocast(self.device):
            video = roll(student, ids, which, clean[:, :self.chunk].shape, self.sigmas, self.device)
        self.latest.append((video.detach(), ids, which))
        return video, ids, which

    def teach_critic(self, generator):
        for _ in range(self.settings["critic_rounds"]):
            video, ids, which = generator.choice(self.latest)
            with autocast(self.device):
                loss = critic_loss(video, self.critic, ids, which, self.chunk, self.shift)
            descend(loss, self.critic, self.optimiser)
        return loss.item()

    def loss(self, student, generator):
        video, ids, which = self.take(student, generator)
        with autocast(self.device):
            return matching_loss(video, self.teacher, self.critic, ids, which, self.chunk, self.shift)


def descend(loss, module, optimiser):
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(module.parameters(), 1.0)
    optimiser.step()


def train(config, work, which_pass, device, minutes):
    d = config["distill"]
    seed_everything(config["seed"])
    limit, work = TimeLimit(minutes), Path(work)
    size = "full" if (work / "dit-full.pt").exists() else "small"
    base, tokenizer, _, _ = flow.finished(config, work, size, device)
    batches = flow.Batches(config, Latents(work / "latents" / f"{size}-train"), tokenizer, device)
    if size == "small":
        base.spread_positions(config, *batches.latents.data.shape[-2:])
    teacher = Teacher(base, d["guidance"], batches)
    student = copy.deepcopy(base).requires_grad_(True).train()
    path, step = work / f"dit-{which_pass}.pt", 0
    state = load_checkpoint(path, device)
    if state is not None:
        student.load_state_dict(state["model"])
    elif which_pass == "self":
        leap = load_checkpoint(work / "dit-leap.pt", device)
        if leap is None:
            raise SystemExit("run the stage 'distill-leap' first")
        student.load_state_dict(leap["ema"]["module"])
    ema = Ema(student, d["ema"])
    if state is not None:
        ema.load_state_dict(state["ema"])
        step = state["step"]
    flow.freeze(config["dit_training"], student, ema.module)
    total, lr = d[f"{which_pass}_steps"], d[f"{which_pass}_lr"]
    optimiser = torch.optim.AdamW(student.parameters(), lr, betas=(0.0 if which_pass == "self" else 0.9, 0.99))
    own = OwnTakes(config, teacher, batches, device) if which_pass == "self" else None
    if state is not None:
        optimiser.load_state_dict(state["optimiser"])
        if own:
            own.load(state)
    generator, log = random.Random(f"{config['seed']} {which_pass} {step}"), Log(work / "distill.jsonl")
    torch.manual_seed(config["seed"] + 1000 * step)

    def save():
        save_checkpoint(path, {"model": student.state_dict(), "ema": ema.state_dict(), "step": step,
                               "optimiser": optimiser.state_dict(), **(own.state() if own else {})})

    saved = reported = time.monotonic()
    if own:     # the critic knows the teacher's takes, and has to know the student's before it says how they differ
        for _ in range(d["critic_start"]):
            with torch.no_grad():
                own.take(student, generator)
            own.teach_critic(generator)
    while limit and step < total:
        for group in optimiser.param_groups:
            group["lr"] = lr * min(1, (step + 1) / 50) * max(0.05, 1 - step / total)
        lesson = {}
        if own:
            loss = own.loss(student, generator)
            lesson["critic"] = own.teach_critic(generator)
        else:
            with autocast(device):
                loss = leap_loss(student, teacher, batches, config, generator)
        descend(loss, student, optimiser)
        ema.update(student)
        step += 1
        if step % 20 == 0:
            log(stage=f"distill-{which_pass}", step=step, loss=loss.item(), **lesson, seconds=(time.monotonic() - reported) / 20)
            reported = time.monotonic()
        if time.monotonic() - saved > 120:
            save()
            saved = time.monotonic()
    save()
