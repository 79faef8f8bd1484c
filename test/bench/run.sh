#!/usr/bin/env bash
# Times what glmc generates beside the machine's own limits and its peers
# (OpenBLAS, ONNX Runtime, OpenVINO), and prints ratios within one run:
#
#   gemm_N_N_N   packed f32 matmul            of the FMA peak, x OpenBLAS, x ONNX Runtime
#   matvec_*     1 GB of f32 or f16 weights   of the read bandwidth
#   decode_L     L GLM-Edge layers, 1 token   x ONNX Runtime, x OpenVINO; caches emptied
#   prefill_L    the same, 128 tokens         x ONNX Runtime, x OpenVINO
#   tiny_*       nets of microcontrollers      x ONNX Runtime, x OpenVINO
#
# each with one and two threads (--threads 1,2,4,8), and each as object and as C++ source (g++ and
# clang). Systems that are missing are skipped with a line.
#
# Usage: test/bench/run.sh [--json FILE] [--python PYTHON] [--quick] [CASE...]
#   --json     times and ratios, as JSON
#   --python   one that has numpy, onnxruntime and openvino; $GLMC_BENCH_PYTHON
#              or python3 by default
#   --quick    tiny models, no peers: shows that everything works
#   --help     the rest
#
# Needs build/bin/glmc and build/bin/model_bench; 10 GB in build/bench, and as
# much memory, for the large models. Run nothing else meanwhile.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
exec python3 -B test/bench/run.py "$@"
