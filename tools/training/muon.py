"""Muon for the weight matrices, AdamW for the rest, as one optimiser.

Muon replaces the momentum of a matrix by the nearest orthogonal matrix (five Newton-Schulz steps), so that no
direction of the matrix learns faster than another. The result is scaled to the size of an Adam update, which lets
both parts share one schedule.
"""
from collections import defaultdict

import torch

from common import Team, fast_bfloat16


def orthogonalise(g, steps=5):
    """g [N, rows, columns] -> nearly orthogonal matrices of the same shape."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x = g.bfloat16() if fast_bfloat16(g.device) else g
    tall = x.shape[1] > x.shape[2]
    if tall:
        x = x.mT
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(steps):
        y = x @ x.mT
        x = a * x + (b * y + c * (y @ y)) @ x
    return (x.mT if tall else x).to(g.dtype)


class MuonAdam(torch.optim.Optimizer):
    """`matrices` are parameters whose first axis is the output; further axes are flattened."""

    def __init__(self, matrices, others, lr, lr_other, weight_decay=0.0, momentum=0.95, betas=(0.9, 0.98)):
        groups = [dict(params=list(matrices), muon=True, base=lr), dict(params=list(others), muon=False, base=lr_other)]
        super().__init__(groups, dict(lr=lr, weight_decay=weight_decay, momentum=momentum, betas=betas))
        self.set_factor(1.0)

    def set_base(self, lr, lr_other):
        """Rates of the configuration in place of those a checkpoint brought along."""
        self.param_groups[0]["base"], self.param_groups[1]["base"] = lr, lr_other

    def set_factor(self, factor):
        for group in self.param_groups:
            group["lr"] = group["base"] * factor

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            (self._muon if group["muon"] else self._adam)(group)

    def _muon(self, group):
        by_shape = defaultdict(list)
        for p in group["params"]:
            if p.grad is not None:
                by_shape[p.shape].append(p)
        # With several processes each makes its part of the matrices orthogonal: that is a third of a small step's work.
        team = Team()
        whole = [torch.zeros(len(params), shape[0], shape[1:].numel(), device=params[0].device)
                 for shape, params in by_shape.items()]
        for out, params in zip(whole, by_shape.values()):
            updates = []
            for p in params:
                state = self.state[p]
                if not state:
                    state["momentum"] = torch.zeros_like(p)
                state["momentum"].lerp_(p.grad, 1 - group["momentum"])
                updates.append(p.grad.lerp(state["momentum"], group["momentum"]).reshape(out.shape[1:]))
            mine = updates[team.rank::team.size]
            if mine:
                out[team.rank::team.size] = orthogonalise(torch.stack(mine))
        team.add_up(whole)
        for (shape, params), steps in zip(by_shape.items(), whole):
            scale = 0.2 * max(steps.shape[1:]) ** 0.5
            for p, step in zip(params, steps):
                p.mul_(1 - group["lr"] * group["weight_decay"])
                p.add_(step.reshape(shape), alpha=-group["lr"] * scale)

    def _adam(self, group):
        b1, b2 = group["betas"]
        for p in group["params"]:
            if p.grad is None:
                continue
            state = self.state[p]
            if not state:
                state.update(step=0, mean=torch.zeros_like(p), square=torch.zeros_like(p))
            state["step"] += 1
            n = state["step"]
            state["mean"].lerp_(p.grad, 1 - b1)
            state["square"].mul_(b2).addcmul_(p.grad, p.grad, value=1 - b2)
            if p.ndim > 1:
                p.mul_(1 - group["lr"] * group["weight_decay"])
            denominator = (state["square"] / (1 - b2 ** n)).sqrt_().add_(1e-8)
            p.addcdiv_(state["mean"], denominator, value=-group["lr"] / (1 - b1 ** n))
