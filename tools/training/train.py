#!/usr/bin/env python3
"""Runs one stage of the training, for so many minutes, and continues where the last run stopped.

usage: train.py STAGE --work FOLDER [--minutes N] [--device cpu|cuda] [--threads N] [--set section.key=value ...]

Stages, in order: tokenizer, text, pool-full, autoencoder, pool-small, latents-small, dit-small, latents-full,
dit-full, distill-leap, distill-self, classifier (for evaluate.py), then export.py. `run_all.sh` calls them one after another.
"""
import argparse
import socket

import torch

import common


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stage")
    parser.add_argument("--work", required=True, help="folder of checkpoints, clips and latents")
    parser.add_argument("--config")
    parser.add_argument("--minutes", type=float, default=0, help="stop after this long; 0: when the stage is done")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--set", action="append", default=[], metavar="section.key=value")
    parser.add_argument("--processes", type=int, default=1, help="train with this many processes, on the processor")
    args = parser.parse_args()
    if args.processes > 1:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        torch.multiprocessing.spawn(member, (args, port), nprocs=args.processes)
    else:
        run(args)


def member(rank, args, port):
    torch.distributed.init_process_group("gloo", f"tcp://127.0.0.1:{port}", rank=rank, world_size=args.processes)
    run(args)


def run(args):
    config = common.load_config(args.config)
    common.choose(config, args.device, args.set)
    device = common.setup_device(args.device, args.threads)
    stage, _, size = args.stage.partition("-")
    if stage == "tokenizer":
        import tokenizer
        import pool
        print(tokenizer.train(config, args.work, pool.captions(config)))
    elif stage == "text":
        import text
        text.train(config, args.work, device, args.minutes)
    elif stage == "pool":
        import pool
        pool.render(config, args.work, size, args.threads)
    elif stage == "autoencoder":
        import autoencoder
        autoencoder.train(config, args.work, device, args.minutes)
    elif stage == "latents":
        import latents
        latents.encode(config, args.work, size, device, args.minutes)
    elif stage == "dit":
        import flow
        flow.train(config, args.work, size, device, args.minutes)
    elif stage == "classifier":
        import classifier
        classifier.train(config, args.work, device, args.minutes, size or "full")
    elif stage == "distill":
        import distill
        distill.train(config, args.work, size, device, args.minutes)
    else:
        raise SystemExit(f"unknown stage {args.stage}")


if __name__ == "__main__":
    main()
