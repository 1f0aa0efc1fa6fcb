#!/bin/sh
# The whole training, stage after stage, each for a bounded time and each resumable: run it again to go on.
#
# usage: run_all.sh WORK_FOLDER MODEL_FOLDER [minutes per stage, default 9] [cpu|cuda]
#
# PYTHON names the interpreter of an environment with requirements.txt installed.
set -e
work=$1 model=$2 minutes=${3:-9} device=${4:-cpu}
here=$(cd "$(dirname "$0")" && pwd)
python=${PYTHON:-python3}
threads=$(nproc)
stage() {
    "$python" "$here/train.py" "$1" --work "$work" --device "$device" --minutes "$minutes" --threads "$threads"
}
[ -f "$work/spiece.model" ] || stage tokenizer
[ -f "$work/text.pt" ] || stage text
stage pool-full
stage pool-small
stage autoencoder
stage latents-small
stage dit-small
stage latents-full
stage dit-full
stage distill-leap
stage distill-self
stage classifier
"$python" "$here/export.py" --work "$work" --device "$device" "$model"
"$python" "$here/export.py" --work "$work" --device "$device" --stage full "$work/teacher"
"$python" "$here/evaluate.py" --work "$work" --model "$model" --teacher "$work/teacher" --device "$device" --output "$work/figures.json"
