#!/usr/bin/env bash
# Prints a Markdown table of what glmc makes of every model of test/models:
# nodes, launches, memory with its bound, sizes, compile time, and the largest
# absolute error of either emission beside the stored outputs.
#
# Usage: test/report.sh [--target TARGET] [--glmc PATH] [MODEL...]
#   --target   what `glmc targets` lists; x86-64-v3 by default
#   --glmc     the compiler; build/bin/glmc by default
#   MODEL      folders of test/models; all by default
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec python3 -B test/report.py "$@"
