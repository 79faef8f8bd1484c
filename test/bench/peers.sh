#!/usr/bin/env bash
# Times generation with a language model in glmc and beside its peers (llama.cpp,
# ONNX Runtime, OpenVINO), all in one run, and writes a table with ratios.
#
# One command does it all: it makes the models (GLM-Edge-1.5B's shape with random
# weights: all 28 layers, and a cut of 4), installs the peers into a virtual
# environment (llama.cpp is built from source, without AMX), writes each peer's
# model from the same weights, compiles the models with glmc, and times a token at
# 256 positions, a prompt of 128 tokens, and a token at 8,000 positions beside one
# at 0. Rounds are interleaved; medians are reported, beside the bandwidth that the
# machine gave a plain reader in the same rounds.
#
# Usage: test/bench/peers.sh [--table FILE] [--json FILE] [--venv DIR]...
#                            [--existing LAYERS=FOLDER]... [--threads 1,2]
#   --table     the tables, as markdown (default: WORK/peers.md)
#   --venv      reuse one that has some of the peers; the rest is installed
#   --existing  a model that test/bench/make_glm.py made before
#   --help      the rest
#
# Needs build/bin/glmc; for everything from nothing about 30 GB in build/bench/peers,
# 12 GB of memory and half a day of nobody else using the machine, most of it for
# building llama.cpp and exporting models. Run nothing else meanwhile.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
exec python3 -B test/bench/peers.py "$@"
