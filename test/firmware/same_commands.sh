#!/usr/bin/env bash
# The command model on a board says what it says on this machine, sentence by sentence, bit for bit (--math exact).
#
#   same_commands.sh BOARD WEIGHTS EMIT COUNT      COUNT sentences of the test set of examples/command
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
board=$1 weights=$2 emit=$3 count=$4

glmc=${GLMC:-build/bin/glmc}
out=build/firmware/same.$board.$weights.$emit
mkdir -p "$out"

# Every so many lines of the set, so that all kinds are among them.
every=$(($(wc -l < examples/command/test.tsv) / count))
awk -F '\t' -v every="$every" 'NR % every == 0 { print $1 }' examples/command/test.tsv > "$out/sentences.txt"
awk -F '\t' -v every="$every" 'NR % every == 0 { print $2 }' examples/command/test.tsv > "$out/expected.txt"

"$glmc" compile examples/command/command.onnx -o "$out/command" --emit obj -q --target x86-64 --context 160 --kv int8 \
  --dim seq=1,4 --weights "$weights" --activations int8 --math exact
g++ -std=c++17 -O2 -I "$out" examples/command/command.cpp "$out/command.o" -pthread -o "$out/host"
mapfile -t sentences < "$out/sentences.txt"
"$out/host" "${sentences[@]}" | grep -v '^> \|^    ' > "$out/host.txt"

examples/firmware/run.sh command --board "$board" --weights "$weights" --emit "$emit" --flag --math --flag exact \
  < "$out/sentences.txt" > "$out/board.all.txt"
head -n "${#sentences[@]}" "$out/board.all.txt" > "$out/board.txt"
diff "$out/host.txt" "$out/board.txt" || {
  echo "same_commands.sh: error: the board says something else than this machine" >&2
  exit 1
}
right=$(paste -d '\t' "$out/board.txt" "$out/expected.txt" | awk -F '\t' '$1 == $2' | wc -l)
echo "${#sentences[@]} sentences, the same on both; $right right"
tail -n +$((${#sentences[@]} + 1)) "$out/board.all.txt"
# A model that says nothing sensible would also agree with itself.
((right * 100 >= ${#sentences[@]} * 95))
