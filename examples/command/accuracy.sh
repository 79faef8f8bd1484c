#!/usr/bin/env bash
# Measures the command model on its test set: exact match, speed and memory,
# through the object and through the C++ file.
#
#   examples/command/accuracy.sh [flags of glmc compile ...]
#   MODEL=other.onnx TEST=other.tsv examples/command/accuracy.sh --kv int8
#
# Needs build/bin/glmc and g++. Wrong answers and the score of each kind of
# sentence are in build/command/accuracy.*.txt. Fails if the two programs differ by more
# than two right answers, or if fewer than MINIMUM (a percentage) are right.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

model=${MODEL:-examples/command/command.onnx}
test=${TEST:-examples/command/test.tsv}
minimum=${MINIMUM:-0}
glmc=${GLMC:-build/bin/glmc}
out=build/command
mkdir -p $out

"$glmc" compile "$model" -o $out/command --context 256 --emit obj,cpp "$@" > $out/compile.txt || {
  cat $out/compile.txt >&2
  exit 1
}
# Optimised for this machine, as the object is for its target.
flags=(-std=c++17 -O3 -march=native -Wall -Wextra -I $out)
g++ "${flags[@]}" examples/command/command.cpp $out/command.o -pthread -o $out/command.obj
g++ "${flags[@]}" examples/command/command.cpp $out/command.cpp -pthread -o $out/command.cxx

field() { sed -n "s|.*measured:.* $1 \([0-9.]*\).*|\1|p" "$2"; }

printf '%s\n' "$(basename "$model") with: ${*:-no flags}"
printf '| %-10s | %13s | %9s | %9s | %14s | %14s | %9s | %9s |\n' through 'exact match' 'object KB' 'RAM KB' \
  'first token ms' 'prompt tok/s' 'tok/s' 'sentences'
printf '|---|---:|---:|---:|---:|---:|---:|---:|\n'
for kind in obj cxx; do
  log=$out/accuracy.$kind.txt
  $out/command.$kind --test "$test" > $log
  name=object
  bytes=$(stat -c %s $out/command.o)
  if [ $kind = cxx ]; then
    name='C++ file'
    bytes=$(stat -c %s $out/command.cxx)
  fi
  right=$(field right $log) all=$(field all $log)
  printf '| %-10s | %11.2f %% | %9d | %9d | %14s | %14s | %9s | %9d |\n' "$name" \
    "$(awk "BEGIN { print 100 * $right / $all }")" $((bytes / 1024)) $(($(field ram-bytes $log) / 1024)) \
    "$(field first-ms $log)" "$(field prompt-tok/s $log)" "$(field decode-tok/s $log)" "$all"
  declare "right_$kind=$right"
done
# Their sums are rounded differently, which can turn a close decision.
if awk "BEGIN { d = $right_obj - $right_cxx; exit !(d * d > 4) }"; then
  echo "accuracy.sh: error: object and C++ file differ: $right_obj and $right_cxx right" >&2
  exit 1
fi
if awk "BEGIN { exit !(100 * $right_obj / $all < $minimum) }"; then
  echo "accuracy.sh: error: fewer than $minimum % are right" >&2
  exit 1
fi
