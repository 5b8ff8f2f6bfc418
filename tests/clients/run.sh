#!/usr/bin/env bash
# Clients that others wrote against the program: run.sh HONE FOLDER, with a folder to install and to train in.
set -euo pipefail
hone=$1 folder=$2
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$folder"
cp "$here"/package*.json "$here"/*.mjs "$here"/tiny.yaml "$folder"
cd "$folder"
if ! cmp -s package-lock.json installed.json; then
  npm ci --prefer-offline --no-audit --no-fund --loglevel=error
  cp package-lock.json installed.json
fi
rm -rf runs
"$hone" train tiny.yaml
HONE=$hone MODEL=$folder/runs/tiny/latest node --test openai.test.mjs
