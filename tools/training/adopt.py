#!/usr/bin/env python3
"""Checkpoints from a finished model, so that its training can go on where no checkpoints are.

usage: adopt.py MODEL --work FOLDER [--device cpu|cuda] [--set section.key=value ...]

Writes spiece.model, text.pt, autoencoder.pt and dit-small.pt into FOLDER. What is not in a model folder, the state of
the optimisers above all, starts anew. The settings must be those the model was made with.
"""
import argparse
import shutil
from pathlib import Path

import autoencoder
import common
from bundle import Bundle


def adopt(config, folder, work):
    bundle, work = Bundle(folder), Path(work)
    if bundle.dit.predicts != config["dit"]["predicts"]:
        raise SystemExit(f"{folder}: its head says the {bundle.dit.predicts}, dit.predicts is {config['dit']['predicts']}; "
                         f"use --set dit.predicts={bundle.dit.predicts}")
    work.mkdir(parents=True, exist_ok=True)
    shutil.copy(Path(folder) / bundle.info["text_encoder"]["tokenizer"], work / "spiece.model")
    common.save_checkpoint(work / "text.pt", {"encoder": bundle.text_encoder.state_dict()})
    normaliser = autoencoder.Normaliser(bundle.video.channels)      # the folder's weights hold the normalisation already
    ema = {"steps": 1000, "module": bundle.video.state_dict()}
    common.save_checkpoint(work / "autoencoder.pt", dict(
        encoder_step=0, step=0, net=bundle.video.state_dict(), normaliser=normaliser.state_dict(), ema=ema,
        optimiser=None, config=config["autoencoder"]))
    weights = {f"{part}.{name}": value for part in ("dit", "text_encoder")
               for name, value in getattr(bundle, part).state_dict().items()}
    common.save_checkpoint(work / "dit-small.pt", dict(
        model=weights, ema={"steps": 1000, "module": weights}, optimiser=None, step=0, config=config))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--work", required=True)
    parser.add_argument("--config")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--set", action="append", default=[], metavar="section.key=value")
    a = parser.parse_args()
    config = common.load_config(a.config)
    common.choose(config, a.device, a.set)
    adopt(config, a.model, a.work)
