#!/usr/bin/env bash
# Builds the chat program around a model.
#
#   examples/chat/build.sh FOLDER/glm.h [PROGRAM]
#
# FOLDER has what `glmc compile MODEL --context N -o FOLDER/glm` wrote: glm.h
# and glm.o or, without it, glm.cpp. PROGRAM is FOLDER/chat unless named.
# Needs a C++17 compiler ($CXX, else c++, with $CXXFLAGS, else -O2) and, from
# Debian, libcli11-dev, libpcre2-dev and nlohmann-json3-dev.
set -euo pipefail

if [[ $# -lt 1 || $# -gt 2 || $1 == -* ]]; then
  sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "$0"
  [[ ${1:-} == -h || ${1:-} == --help ]] && exit 0
  exit 2
fi

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
header=$1
folder=$(dirname "$header")
program=${2:-$folder/chat}

fail() {
  printf 'build.sh: error: %s\n' "$1" >&2
  exit 1
}
[[ $(basename "$header") == glm.h ]] || fail "$header: expected a file glm.h: compile the model with -o FOLDER/glm"
[[ -f $header ]] || fail "$header: there is no such file"

if [[ -f $folder/glm.o ]]; then
  model=$folder/glm.o
elif [[ -f $folder/glm.cpp ]]; then
  # Without optimisation and the machine's instructions, kernels are useless.
  model=$folder/glm-kernels.o
  "${CXX:-c++}" -std=c++17 -O3 -march=native -c "$folder/glm.cpp" -o "$model"
else
  fail "$folder: has neither glm.o nor glm.cpp"
fi

read -ra flags <<<"${CXXFLAGS:--O2}"
exec "${CXX:-c++}" -std=c++17 -Wall -Wextra "${flags[@]}" -I "$folder" "$here"/*.cpp "$model" -lpcre2-8 -pthread -lm -o "$program"
