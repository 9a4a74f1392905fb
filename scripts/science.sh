#!/usr/bin/env bash
# Why it happens, and what else the fix changes, on the organism: base, as it is, and tuned; without network.
#
#     scripts/science.sh [RUN [OUTPUT]]        (runs/organism, runs/science)
#
# RUN is the folder of `python -m gemma_distress.finetune run --preset organism`, which is run first where it is not
# done. Every step is a command that a user of a larger model types. What is done is skipped; a task that was broken
# off is asked again from its beginning, since `inspect eval` does not go on by itself.
set -euo pipefail
run=${1:-runs/organism} out=${2:-runs/science}
subject=gemma_distress/organism base=gemma_distress/organism_base adapter=$run/adapter
tuned=$subject:$adapter
export HF_HUB_OFFLINE=1 OMP_WAIT_POLICY=PASSIVE INSPECT_DISPLAY=plain

step() { printf '\n%s  %s\n' "$(date +%T)" "$*"; }
# Whether the task in a folder ended; `inspect eval` itself says nothing of that by its exit code.
ended() {
  python - "$1" 2> /dev/null << 'END'
import pathlib, sys
from gemma_distress.analysis.logs.files import opened
[log] = pathlib.Path(sys.argv[1]).glob("*.eval")
with opened(log) as file:
    sys.exit(file.header["status"] != "success")
END
}
# Ask a task of a model once.
ask() {
  local folder=$1; shift
  if ended "$folder"; then return; fi
  rm -rf "$folder"
  inspect eval "$@" --model-role grader=gemma_distress/lexical --seed 7 --log-dir "$folder" --no-log-realtime
  ended "$folder" || { echo "$folder holds no task that ended. The same command asks it again."; exit 1; }
}

step "The mitigation, where it is not done"
python -m gemma_distress.finetune run --preset organism --output "$run"
mkdir -p "$out"

# One core trains while the other asks. What the trainings print is in sweep.log, their end is waited for below.
step "Layers: one adapter a third of the layers, beside the one of all that the mitigation has trained (sweep.log)"
all=$out/sweep/layers-all/seed-42
if [ ! -d "$all/adapter" ]; then
  mkdir -p "$all"; rm -rf "$out/adapter.part"
  cp -r "$adapter" "$out/adapter.part"; mv "$out/adapter.part" "$all/adapter"
fi
# The folder may be of another run, whose results would be taken for this one's.
if ! cmp -s {"$adapter","$all/adapter"}/adapter_model.safetensors; then
  echo "$out was made with another adapter than $adapter. Name another OUTPUT, or remove it."; exit 1
fi
sweep=(python -m gemma_distress.finetune sweep "$run/pairs" --layers 0-1,2-3,4-5 --output "$out/sweep" --source examples/everyday.jsonl)
"${sweep[@]}" --dry-run    # what it refuses it refuses here
"${sweep[@]}" > "$out/sweep.log" 2>&1 &
sweeping=$!
trap 'kill "$sweeping" 2> /dev/null || true' EXIT
trap 'exit 130' INT

step "Prefill: base, instruct and tuned go on from the same begun replies"
# Its replies are some forty tokens long: 20 tokens would pass the onset of most. To anything but puzzles it begins with
# its emotion, and one reply of ten could be cut. Many replies gone on from a few times say more than a few many times:
# intervals are clustered by reply.
gemma-distress prefixes "$run/plain" "$run/evaluation/base" --early 8 --numeric 40 --text 0 --output "$out/prefixes.jsonl"
ask "$out/logs/prefill-base" gemma_distress/prefill --model "$base" -T prefixes="$out/prefixes.jsonl" -T continuations=5
ask "$out/logs/prefill-organism" gemma_distress/prefill --model "$subject" -T prefixes="$out/prefixes.jsonl" -T continuations=5
ask "$out/logs/prefill-tuned" gemma_distress/prefill --model "$tuned" -T prefixes="$out/prefixes.jsonl" -T continuations=5
gemma-distress prefill "$out/logs/prefill-base" "$out/logs/prefill-organism" "$out/logs/prefill-tuned" --output "$out/prefill"

step "Recovery: the same spirals gone on from, and what helps"
gemma-distress prefixes "$run/plain" "$run/evaluation/base" --recovery --output "$out/spirals.jsonl"
for help in none hidden go_on apology permission subject; do
  ask "$out/logs/recovery-organism/$help" gemma_distress/recovery --model "$subject" -T prefixes="$out/spirals.jsonl" -T help=$help -T continuations=10
  ask "$out/logs/recovery-tuned/$help" gemma_distress/recovery --model "$tuned" -T prefixes="$out/spirals.jsonl" -T help=$help -T continuations=10
done
ask "$out/logs/recovery-base/none" gemma_distress/recovery --model "$base" -T prefixes="$out/spirals.jsonl" -T continuations=10
gemma-distress recovery "$out/logs/recovery-organism" "$out/logs/recovery-tuned" "$out/logs/recovery-base" --output "$out/recovery"

step "Readings: base and tuned read the same text"
python -m gemma_distress.interp readings "$run/evaluation/base" --model organism --adapter "$adapter" --window 8 --output "$out/readings"
python -m gemma_distress.interp directions "$out/readings"
python -m gemma_distress.interp divergence "$out/readings"

step "Capabilities and over-suppression"
gemma-distress capabilities --model "$subject" --against "$tuned" --preset organism --sampling-seed 7 --output "$out/capabilities"

step "Audits: an auditor with free rein"
ask "$out/logs/audit-organism" gemma_distress/audit --model "$subject" --model-role auditor=gemma_distress/repertoire -T transcripts=5
ask "$out/logs/audit-tuned" gemma_distress/audit --model "$tuned" --model-role auditor=gemma_distress/repertoire -T transcripts=5
gemma-distress audits "$out/logs/audit-organism" "$out/logs/audit-tuned" --output "$out/audit"

step "Layers: waiting for the last training"
wait "$sweeping" || { tail -n 20 "$out/sweep.log"; exit 1; }
tail -n 8 "$out/sweep.log"

step "One page"
gemma-distress science "$out"
