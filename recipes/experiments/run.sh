#!/usr/bin/env bash
# Runs one experiment of docs/experiments with one seed: recipes/experiments/run.sh votes 1
# Runs go to runs/experiments/, what is measured of them to runs/experiments/results/. THREADS=1 keeps to one core,
# HONE names the program. A run that is there already is not made again.
set -euo pipefail
experiment=${1:?votes, when-to-think, test-time, friends, propose or amortize} seed=${2:-1}
here=$(cd "$(dirname "$0")" && pwd)
hone=${HONE:-build/release/hone}
runs=runs/experiments results=runs/experiments/results
mkdir -p "$results"

# train NAME RECIPE [SETTINGS…]: a run of that name and seed; amortize does the same with `hone amortize`
train() { run train "$@"; }
amortize() { run amortize "$@"; }
run() {
  local command=$1 name=$2-$seed recipe=$here/$3.yaml
  shift 3
  [ -e "$runs/$name/latest" ] && return
  local settings=(--set seed="$seed" --set name="$name" --set runs="$runs" --set threads="${THREADS:-0}")
  for setting in "$@"; do settings+=(--set "$setting"); done
  "$hone" "$command" "$recipe" "${settings[@]}" > "$results/$name.log" || { tail -n 3 "$results/$name.log"; exit 1; }
}

# ask NAME FILE OPTIONS…: held-out problems, every completion kept
ask() {
  local model=$runs/$1-$seed/latest file=$results/$2-$seed
  shift 2
  [ -e "$file.jsonl" ] && return
  "$hone" eval "$model" "$@" --json --completions "$file.jsonl" > "$file.json"
}

# begin_at NAME PERCENT OPTIONS…: back from the end of a run's warm start, the last checkpoint that still gets so many percent
# of held-out problems right behind a closed thought
begin_at() {
  local folder=$runs/$1-$seed/checkpoints percent=$2 step share chosen=../latest
  for step in $(ls "$folder" | sed -n 's/^sft-//p' | sort -rn); do
    share=$("$hone" eval "$folder/sft-$step" "${@:3}" -n 1000 --strategy budget --think-budget 0 --temperature 0 --json |
      python3 -c 'import json, sys; print(int(100 * json.load(sys.stdin)["strategies"][0]["accuracy"]))')
    [ "$share" -ge "$percent" ] || break
    chosen=sft-$step
  done
  echo "$folder/$chosen"
}

compare() { echo "$1 against $2"; "$hone" compare "$results/$1-$seed.jsonl" "$results/$2-$seed.jsonl" "${@:3}"; }

labels='reward=[{verifier: number, weight: 1.0}, {verifier: format, weight: 0.1}]'

case $experiment in
votes)
  chains=(--problems arithmetic --difficulty 4 -n 1000 --k 1,16 --strategy pass,maj --temperature 0.7)
  start=model.path=$runs/votes-start-$seed/latest
  wrong=model.path=$runs/votes-wrong-start-$seed/latest
  train votes-start votes-start
  train votes votes "$start"
  train votes-labels votes "$start" "$labels"
  train votes-shuffled votes "$start" 'reward=[{verifier: vote, weight: 1.0, shuffled: true}, {verifier: format, weight: 0.1}]'
  train votes-wrong-start votes-start sft.direct_share=1.0
  train votes-wrong votes "$wrong"
  [ "$seed" != 1 ] || train votes-long votes "$start" grpo.steps=150 grpo.optimizer.schedule=constant eval.every=10
  for arm in votes-start votes votes-labels votes-shuffled votes-wrong-start votes-wrong; do ask $arm $arm "${chains[@]}"; done
  compare votes votes-start
  compare votes votes-start --b maj@16
  compare votes votes-labels
  compare votes-shuffled votes-start
  compare votes-wrong votes-wrong-start
  ;;
when-to-think)
  start=model.path=$runs/when-to-think-start-$seed/latest
  train when-to-think-start when-to-think-start
  train when-to-think when-to-think "$start"
  train when-to-think-free when-to-think "$start" "$labels"
  train when-to-think-format when-to-think "$start" 'reward=format'
  ;;
test-time)
  train votes-start votes-start
  chains=(--problems arithmetic --difficulty 4 -n 1000 --k 1,2,4,8,16,32 --strategy pass,maj,weighted,bon,adaptive --scorer logprob --confidence 0.9)
  ask votes-start test-time "${chains[@]}" --temperature 0.7 --csv "$results/test-time-$seed.csv" --plot "$results/test-time-$seed.svg"
  ask votes-start test-time-greedy "${chains[@]}" --temperature 0
  ;;
friends)
  sums=(--problems arithmetic --difficulty 4 -n 1000 --samples 4 --temperature 0.7)
  start=model.path=$runs/friends-start-$seed/latest
  train friends-start friends-start
  train friends friends "$start"
  train friends-coins friends "$start" 'reward=[{verifier: friends, judges: coin, weight: 1.0}, {verifier: format, weight: 0.1}]'
  for arm in friends-start friends friends-coins; do ask $arm $arm "${sums[@]}"; done
  compare friends friends-start
  compare friends-coins friends-start
  "$here/report.py" --metrics friends/reward_accuracy,one/reward_accuracy,coins/reward_accuracy "$runs/friends-$seed"
  ;;
propose)
  sums=(--problems arithmetic --difficulty 4,8 -n 1000 --samples 4 --temperature 0.7)
  start=model.path=$runs/propose-start-$seed/latest
  train propose-start propose-start
  train propose propose "$start"
  train propose-random propose "$start" propose.source=random
  train propose-constant propose "$start" propose.reward=constant
  for arm in propose-start propose propose-random propose-constant; do ask $arm $arm "${sums[@]}"; done
  compare propose propose-start
  compare propose propose-random
  compare propose-constant propose-random
  "$here/report.py" --metrics propose/solve_rate,propose/unique,propose/learnable "$runs"/propose{,-random,-constant}-"$seed"
  ;;
amortize)
  train amortize-start amortize-start
  start=model.path=$(begin_at amortize-start 28 --problems arithmetic --difficulty 4)
  amortize amortize amortize "$start"
  amortize amortize-single amortize "$start" amortize.samples=1
  amortize amortize-steps amortize "$start" amortize.remove_per_step=0.25
  train amortize-chain-start amortize-start data.task=modular_chain data.difficulty=3
  amortize amortize-chain amortize "model.path=$runs/amortize-chain-start-$seed/latest" data.task=modular_chain data.difficulty=3
  ;;
*) echo "no such experiment: $experiment" >&2; exit 2 ;;
esac
