#!/usr/bin/env bash
# Installs, builds and runs every test: units, passes, errors, models, layering,
# README, install; then units, passes, errors and the fuzzer once more under the
# address and undefined-behaviour sanitizers.
#
# Usage: test/run.sh [--quick]
#   --quick   leaves the sanitizers out
#
# Prints the time of every phase, and ends with a line 'N passed, N failed'.
# Exits 1 when a test failed or something did not build.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

quick=
for argument in "$@"; do
  case $argument in
  --quick) quick=1 ;;
  *)
    sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "$0"
    [[ $argument == -h || $argument == --help ]] && exit 0
    printf "error: '%s' is not an option of test/run.sh\n" "$argument" >&2
    exit 2
    ;;
  esac
done

cmake=$PWD/build/venv/bin/cmake
ctest=$PWD/build/venv/bin/ctest
jobs=$(nproc)
export CCACHE_DIR=${CCACHE_DIR:-$HOME/.cache/ccache}
times=() passed=0 failed=0

# phase NAME COMMAND...: runs it, keeps the time, passes its status on.
phase() {
  local name=$1 start=$SECONDS status=0
  shift
  printf '\n=== %s\n' "$name"
  "$@" || status=$?
  times+=("$(printf '%5d s  %s' $((SECONDS - start)) "$name")")
  printf '=== %s: %d s\n' "$name" $((SECONDS - start))
  return $status
}

build() { # PRESET
  "$cmake" --preset "$1" && "$cmake" --build --preset "$1" -j "$jobs"
}

# run_ctest PRESET: adds to passed and failed. Tests that could not even start
# count as failed, as ctest counts them.
run_ctest() {
  local log=build/logs/ctest-$1.log summary
  # Halide and LLVM keep what they need until the process ends, which the leak
  # checker takes for leaks. LLVM's allocators poison their free memory in our
  # instrumented code and forget to unpoison it in Debian's library, so poison
  # by hand is ignored. All other checks are on.
  ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=0:allow_user_poisoning=0} UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1} \
    "$ctest" --preset "$1" -j "$jobs" 2>&1 | tee "$log" || true
  summary=$(grep -E 'tests? passed, [0-9]+ tests? failed out of [0-9]+' "$log" | tail -n 1 || true)
  if [[ ! $summary =~ ([0-9]+)\ tests?\ failed\ out\ of\ ([0-9]+) ]]; then
    printf 'error: ctest ran no tests (%s)\n' "$log" >&2
    failed=$((failed + 1))
    return 1
  fi
  failed=$((failed + BASH_REMATCH[1]))
  passed=$((passed + BASH_REMATCH[2] - BASH_REMATCH[1]))
  [[ ${BASH_REMATCH[1]} -eq 0 ]]
}

finish() { # STATUS
  printf '\n'
  printf '%s\n' "${times[@]}"
  printf '%5d s  in all\n' "$SECONDS"
  printf '%d passed, %d failed\n' "$passed" "$failed"
  exit "$1"
}

# What does not build counts as one failure, and nothing after it is run.
must() {
  phase "$@" && return 0
  failed=$((failed + 1))
  finish 1
}

status=0
must bootstrap ./bootstrap.sh
must 'build (release)' build release
phase 'test (release)' run_ctest release || status=1
if [[ -z $quick ]]; then
  must 'build (asan)' build asan
  phase 'test (asan)' run_ctest asan || status=1
fi
finish $status
