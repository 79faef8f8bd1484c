#!/usr/bin/env bash
# Measures the command model on its test set: exact match, speed and memory,
# through the object and through the C++ file.
#
#   examples/command/accuracy.sh [flags of glmc compile ...]
#   examples/command/accuracy.sh --table [quick]     # of weight formats; quick: a few of them
#   MODEL=other.onnx TEST=other.tsv examples/command/accuracy.sh --kv int8
#
# Needs build/bin/glmc and g++. Wrong answers and the score of each kind of
# sentence are in build/command/accuracy.*.txt. Fails if the two programs differ by more
# than two right answers, or if fewer than MINIMUM (a percentage) are right; in the
# table also if int8 weights lose more than 0.5 points to f32, or int4 in groups of 32
# more than 1.5.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

model=${MODEL:-examples/command/command.onnx}
test=${TEST:-examples/command/test.tsv}
minimum=${MINIMUM:-0}
glmc=${GLMC:-build/bin/glmc}
out=build/command
mkdir -p $out

fail() {
  echo "accuracy.sh: error: $*" >&2
  exit 1
}
field() { sed -n "s|.*measured:.* $1 \([0-9.]*\).*|\1|p" "$2"; }
# Whether a condition of awk holds.
holds() { awk "BEGIN { exit !($*) }"; }

# Compiles the model with flags and runs both programs; sets right_obj, right_cxx, all.
measure() {
  "$glmc" compile "$model" -o $out/command --context 256 --emit obj,cpp --json $out/report.json "$@" \
    > $out/compile.txt 2>&1 || {
    cat $out/compile.txt >&2
    exit 1
  }
  # Optimised for this machine, as the object is for its target.
  local flags=(-std=c++17 -O3 -march=native -Wall -Wextra -I $out)
  g++ "${flags[@]}" examples/command/command.cpp $out/command.o -pthread -o $out/command.obj
  g++ "${flags[@]}" examples/command/command.cpp $out/command.cpp -pthread -o $out/command.cxx
  local kind
  for kind in obj cxx; do
    $out/command.$kind --test "$test" > $out/accuracy.$kind.txt
    declare -g "right_$kind=$(field right $out/accuracy.$kind.txt)"
  done
  all=$(field all $out/accuracy.obj.txt)
  # Their sums are rounded differently, which can turn a close decision.
  if holds "($right_obj - $right_cxx) ^ 2 > 4"; then
    fail "object and C++ file differ with ${*:-no flags}: $right_obj and $right_cxx right"
  fi
}
percent() { awk "BEGIN { printf \"%.2f\", 100 * $1 / $all }"; }

# One row of the table: weights, group, zeros, activations.
row() {
  local weights=$1 group=$2 zeros=$3 activations=$4 flags=(--weights "$1")
  if [ "$group" != - ]; then
    flags+=(--group "$group" "--$zeros" --activations "$activations")
  fi
  measure "${flags[@]}"
  local bits
  bits=$(sed -n 's|.*"weight_bits": \([0-9.]*\).*|\1|p' $out/report.json)
  printf '| %-7s | %5s | %-10s | %-11s | %8s %% | %8s %% | %5.2f | %9d | %9s | %9s |\n' "$weights" "$group" "$zeros" \
    "$activations" "$(percent "$right_obj")" "$(percent "$right_cxx")" "$bits" \
    $(($(stat -c %s $out/command.o) / 1024)) "$(field first-ms $out/accuracy.obj.txt)" \
    "$(field decode-tok/s $out/accuracy.obj.txt)"
  local right most=100 # Points that may be lost.
  right=$(holds "$right_obj < $right_cxx" && echo "$right_obj" || echo "$right_cxx")
  [ "$weights" = f32 ] && best=$right
  case $weights$group in
    int8*) most=0.5 ;;
    int432) most=1.5 ;;
    f16* | bf16*) most=0.5 ;;
  esac
  if holds "100 * ($best - $right) / $all > $most"; then
    lost+=("$weights of groups of $group, $zeros, activations $activations: more than $most points")
  fi
}

table() {
  printf '| %-7s | %5s | %-10s | %-11s | %10s | %10s | %5s | %9s | %9s | %9s |\n' weights group zeros activations \
    object 'C++ file' bits 'object KB' 'first ms' 'tok/s'
  printf '|---|---:|---|---|---:|---:|---:|---:|---:|---:|\n'
  local groups="32 64 128" kinds="symmetric asymmetric" best=0 lost=()
  row f32 - - float
  if [ "${1:-}" = quick ]; then
    row int8 32 symmetric int8
    row int4 32 asymmetric float
    row int4 32 symmetric int8
  else
    row f16 - - float
    row bf16 - - float
    for weights in int8 int4; do
      for group in $groups; do
        for zeros in $kinds; do
          for activations in float int8; do
            row $weights "$group" "$zeros" $activations
          done
        done
      done
    done
  fi
  if [ ${#lost[@]} -gt 0 ]; then
    printf 'accuracy.sh: error: lost too much: %s\n' "${lost[@]}" >&2
    exit 1
  fi
}

if [ "${1:-}" = --table ]; then
  [ $# -eq 1 ] || [ "$*" = '--table quick' ] || fail "expected --table or --table quick"
  table "${2:-}"
  exit 0
fi

measure "$@"
printf '%s\n' "$(basename "$model") with: ${*:-no flags}"
printf '| %-10s | %13s | %9s | %9s | %14s | %14s | %9s | %9s |\n' through 'exact match' 'object KB' 'RAM KB' \
  'first token ms' 'prompt tok/s' 'tok/s' 'sentences'
printf '|---|---:|---:|---:|---:|---:|---:|---:|\n'
for kind in obj cxx; do
  log=$out/accuracy.$kind.txt
  name=object right=$right_obj bytes=$(stat -c %s $out/command.o)
  if [ $kind = cxx ]; then
    name='C++ file' right=$right_cxx bytes=$(stat -c %s $out/command.cxx)
  fi
  printf '| %-10s | %11s %% | %9d | %9d | %14s | %14s | %9s | %9d |\n' "$name" "$(percent "$right")" $((bytes / 1024)) \
    $(($(field ram-bytes $log) / 1024)) "$(field first-ms $log)" "$(field prompt-tok/s $log)" \
    "$(field decode-tok/s $log)" "$all"
done
if holds "100 * $right_obj / $all < $minimum"; then
  fail "fewer than $minimum % are right"
fi
