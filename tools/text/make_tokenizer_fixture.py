#!/usr/bin/env python3
"""Writes tests/data/tokenizer.model, a SentencePiece model of 10 KB for the tokenizer's tests (needs spm_train).

    tools/text/make_tokenizer_fixture.py

UMT5's special ids, byte pieces for what it has not seen, and a normalisation table small enough to read.
"""
import pathlib
import subprocess
import tempfile

PLACES = ["ocean", "forest", "desert", "city", "mountain", "river", "harbour", "island"]
TIMES = ["at dawn", "at noon", "at dusk", "at night"]
THINGS = ["a boat", "a lighthouse", "a bird", "a train", "the moon", "two whales", "an old bridge"]
CAMERAS = ["the camera glides", "a slow pan", "seen from above", "walking closer"]

# Code points in, code points out (hexadecimal): two keys share a beginning, one has no meaning of its own.
RULES = ["FB01\t66 69", "2026\t2E 2E 2E", "63 61 66 65\t63 61 66 E9", "C6\t41 45", "C6 41\t41 45 41", "200B\t20", "9\t20"]


def main():
    target = pathlib.Path(__file__).resolve().parents[2] / "tests" / "data" / "tokenizer.model"
    with tempfile.TemporaryDirectory() as folder:
        corpus = pathlib.Path(folder, "corpus.txt")
        lines = [f"{thing} on the {place} {time}, {camera}." for thing in THINGS for place in PLACES
                 for time in TIMES for camera in CAMERAS]
        corpus.write_text("\n".join(lines) + "\n")
        rules = pathlib.Path(folder, "rules.tsv")
        rules.write_text("\n".join(RULES) + "\n")
        subprocess.run(["spm_train", f"--input={corpus}", f"--model_prefix={folder}/tokenizer", "--vocab_size=400",
                        "--model_type=unigram", "--byte_fallback=true", "--hard_vocab_limit=false",
                        f"--normalization_rule_tsv={rules}", "--pad_id=0", "--eos_id=1", "--bos_id=2", "--unk_id=3",
                        "--num_threads=1", "--minloglevel=2"], check=True)
        target.write_bytes(pathlib.Path(folder, "tokenizer.model").read_bytes())


if __name__ == "__main__":
    main()
