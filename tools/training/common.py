"""Small things every stage needs: configuration, checkpoints, averages of weights, time limits."""
import copy
import ctypes
import functools
import json
import os
import random
import signal
import time
import tomllib
from pathlib import Path

import numpy as np
import torch

HERE = Path(__file__).resolve().parent


def load_config(path=None):
    with open(path or HERE / "config.toml", "rb") as file:
        return tomllib.load(file)


def set_value(config, name, value):
    *sections, key = name.split(".")
    table = config
    for section in sections:
        table = table[section]
    if key not in table:
        raise SystemExit(f"the configuration has no {name}")
    table[key] = value


def choose(config, device, settings):
    """Applies the values for the kind of device, then `settings`: section.key=value in JSON, else taken as a string."""
    for name, value in config["processor" if device == "cpu" else "gpu"].items():
        set_value(config, name, value)
    for text in settings:
        name, value = text.split("=", 1)
        try:
            value = json.loads(value)
        except json.JSONDecodeError:
            pass
        set_value(config, name, value)


def seed_everything(seed):
    random.seed(seed)
    np.random.seed(seed % (1 << 32))
    torch.manual_seed(seed)


def _keep_freed_memory():
    """Has the C library keep what is freed: else every large tensor's memory goes back to the system and is asked for again,
    page by page, in the next operation, which takes longer than many an operation itself."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):       # another C library than glibc
        return
    most = 2 ** 31 - 1
    for option in (-3, -1):                 # M_MMAP_THRESHOLD, M_TRIM_THRESHOLD
        mallopt(option, most)


def setup_device(name, threads):
    """The torch device, with the process set up for it."""
    device = torch.device(name)
    if device.type == "cpu":
        _keep_freed_memory()
    if device.type == "cuda":
        torch.backends.cuda.matmul.allow_tf32 = True
        torch.backends.cudnn.allow_tf32 = True
        torch.backends.cudnn.benchmark = True
    elif threads:
        torch.set_num_threads(threads)
    return device


def fast_bfloat16(device):
    """Whether products in bfloat16 are faster than in float32: not on a processor without instructions for them."""
    return device.type != "cpu" or _has_bfloat16_products()


@functools.cache
def _has_bfloat16_products():
    try:
        flags = Path("/proc/cpuinfo").read_text()
    except OSError:
        return False
    return any(name in flags for name in ("avx512_bf16", "amx_bf16", " bf16"))


def autocast(device):
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=fast_bfloat16(device))


def fused(function):
    """`function`, compiled into one loop where it takes part in training on a processor.

    Chains of elementwise operations, broadcasts above all, otherwise cost more there than the matrix products.
    """
    compiled = torch.compile(function, dynamic=True)

    @functools.wraps(function)
    def choose_version(x, *rest):
        return (compiled if x.device.type == "cpu" and x.requires_grad else function)(x, *rest)
    return choose_version


class TimeLimit:
    """True until the minutes are over or the process is asked to stop, so that a stage ends with a checkpoint."""

    def __init__(self, minutes):
        self.end = time.monotonic() + 60 * minutes if minutes else float("inf")
        self.stopped = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)

    def _stop(self, *_):
        self.stopped = True

    def __bool__(self):
        return not self.stopped and time.monotonic() < self.end


class Ema:
    """Moving average of a module's parameters, with a start that forgets the initial weights quickly."""

    def __init__(self, module, decay):
        self.decay = decay
        self.steps = 0
        self.module = copy.deepcopy(module).requires_grad_(False).eval()

    @torch.no_grad()
    def update(self, module):
        self.steps += 1
        decay = min(self.decay, self.steps / (self.steps + 10))
        mine = [p for p in self.module.parameters()]
        theirs = [p.detach() for p in module.parameters()]
        torch._foreach_lerp_(mine, theirs, 1 - decay)
        for a, b in zip(self.module.buffers(), module.buffers()):
            a.copy_(b)

    def state_dict(self):
        return {"steps": self.steps, "module": self.module.state_dict()}

    def load_state_dict(self, state):
        self.steps = state["steps"]
        self.module.load_state_dict(state["module"])


def save_checkpoint(path, state):
    """Writes beside the target and renames, so that a checkpoint is whole whenever the process ends."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(path.suffix + ".part")
    torch.save(state, part)
    os.replace(part, path)


def load_checkpoint(path, device="cpu"):
    path = Path(path)
    return torch.load(path, map_location=device, weights_only=False) if path.exists() else None


class Team:
    """The processes that train together, each on its own part of the batch.

    On a processor shared with others, several processes with one thread each beat one process with several threads:
    they wait for one another once a step, not in every operation.
    """

    def __init__(self):
        self.size, self.rank = 1, 0
        if torch.distributed.is_initialized():
            self.size, self.rank = torch.distributed.get_world_size(), torch.distributed.get_rank()

    @property
    def leads(self):
        return self.rank == 0

    def average(self, parameters):
        """Replaces the gradients by their mean over the team."""
        if self.size == 1:
            return
        gradients = [p.grad for p in parameters if p.grad is not None]
        self.add_up(gradients)
        torch._foreach_div_(gradients, self.size)

    def add_up(self, tensors):
        """Replaces the tensors by their sums over the team."""
        if self.size == 1:
            return
        flat = torch._utils._flatten_dense_tensors(tensors)
        torch.distributed.all_reduce(flat)
        for mine, total in zip(tensors, torch._utils._unflatten_dense_tensors(flat, tensors)):
            mine.copy_(total)

    def all_go_on(self, mine):
        """Whether every process wants another step."""
        if self.size == 1:
            return bool(mine)
        flag = torch.tensor(float(bool(mine)))
        torch.distributed.all_reduce(flag, torch.distributed.ReduceOp.MIN)
        return bool(flag)


class Log:
    """One JSON object per line, and the same on the screen. Silent in all processes but the first."""

    def __init__(self, path):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        self.file = open(path, "a", buffering=1) if Team().leads else None

    def __call__(self, **values):
        if self.file is None:
            return
        values = {k: round(v, 5) if isinstance(v, float) else v for k, v in values.items()}
        self.file.write(json.dumps(values) + "\n")
        print(" ".join(f"{k}={v}" for k, v in values.items()), flush=True)


def learning_rate(step, total, warmup, decay_from):
    """Factor on the learning rate: linear start, flat, linear to zero."""
    if step < warmup:
        return (step + 1) / warmup
    progress = step / total
    if progress < decay_from:
        return 1.0
    return max(0.0, (1 - progress) / (1 - decay_from))
