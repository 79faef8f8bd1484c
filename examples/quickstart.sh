#!/usr/bin/env bash
# From nothing to a running model: installs what is missing, builds glmc,
# compiles a small GLM to an object file, links a C program against it, and
# compares what it computes with what PyTorch computed. Then compiles a trained
# one that keeps its tokens, and tells it three sentences.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

model=test/models/glm.decode.static.dynamo
out=build/quickstart

./bootstrap.sh
build/venv/bin/cmake --preset release
build/venv/bin/cmake --build --preset release -j "$(nproc)" --target glmc glm-opt

mkdir -p $out
build/bin/glmc compile $model/model.onnx -o $out/glm --target host --emit obj
cc -std=c11 -O2 -Wall -Wextra -I $out examples/quickstart/main.c $out/glm.o -lm -o $out/quickstart
$out/quickstart $model/test_data_set_0

build/bin/glmc compile examples/command/command.onnx --context 256 -o $out/command --target host --emit obj
g++ -std=c++17 -O2 -Wall -Wextra -I $out examples/command/command.cpp $out/command.o -o $out/say
$out/say "turn the bedroom lamp down to forty percent" "把客厅的灯关掉" "who invented the lamp"
