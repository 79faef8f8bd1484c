#!/usr/bin/env bash
# Installs what glmc is built with, and nothing twice:
#
#   1. Debian packages (apt; as root or through sudo), only those missing
#   2. build/venv: CMake and Halide, from their PyPI wheels
#   3. build/deps/onnx: ONNX's C++ library, built from PyPI's source package
#
# A finished step leaves a stamp in build/stamps that holds what was wanted; a
# step runs again when that changes. Stamps are written last, so an interrupted
# run is never taken for a finished one. Where packages come from is apt's and
# pip's own configuration (mirrors, proxies, wheel folders).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
root=$PWD

debian_packages=(
  libmlir-22-dev mlir-22-tools llvm-22-dev llvm-22-tools clang-22 lld-22
  g++ clang-14 ninja-build ccache git ca-certificates
  libprotobuf-dev protobuf-compiler zlib1g-dev
  libcli11-dev libgtest-dev libbenchmark-dev libpcre2-dev nlohmann-json3-dev libeigen3-dev
  python3 python3-venv
  qemu-user qemu-system-arm g++-aarch64-linux-gnu # Other machines, which tests run models for.
  gcc-arm-none-eabi libnewlib-arm-none-eabi libstdc++-arm-none-eabi-newlib
)
wheels=(cmake==3.31.10 halide==21.0.0)
onnx_version=1.23.2
onnx_sha256=008cb0467b2bbee41448acc7da8b6f4e704624cb0d327a2d5adafc7ce19bc5b8
onnx_flags=(
  -DCMAKE_BUILD_TYPE=Release -DCMAKE_POSITION_INDEPENDENT_CODE=ON
  -DONNX_ML=ON -DONNX_BUILD_PYTHON=OFF -DONNX_GEN_PB_TYPE_STUBS=OFF
  -DONNX_USE_PROTOBUF_SHARED_LIBS=ON -DONNX_USE_UNITY_BUILD=ON
)

logs=$root/build/logs stamps=$root/build/stamps venv=$root/build/venv deps=$root/build/deps

say() { printf 'bootstrap: %s\n' "$*"; }

# fail WHAT HOW-TO-GO-ON [LOG]
fail() {
  if [[ -n ${3:-} && -s $3 ]]; then
    printf -- '--- last lines of %s\n' "${3#"$root"/}" >&2
    tail -n 15 "$3" >&2
    printf -- '---\n' >&2
  fi
  printf 'bootstrap: error: %s\n  %s\n' "$1" "$2" >&2
  exit 1
}
network_hint="check the network (or apt's and pip's mirror settings), then run ./bootstrap.sh again: it goes on where it stopped"

# is_done STEP WANTED / mark_done STEP WANTED
is_done() { [[ -f $stamps/$1 && $(<"$stamps/$1") == "$2" ]]; }
mark_done() { mkdir -p "$stamps"; printf '%s\n' "$2" >"$stamps/$1"; }

# The packages of debian_packages that are not installed.
missing_packages() {
  local installed
  installed=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "${debian_packages[@]}" 2>/dev/null || true)
  local package
  for package in "${debian_packages[@]}"; do
    grep -qx "$package installed" <<<"$installed" || printf '%s\n' "$package"
  done
}

install_packages() {
  local missing as_root=() log=$logs/apt.log
  mapfile -t missing < <(missing_packages)
  ((${#missing[@]})) || return 0
  say "installing ${missing[*]}"
  command -v apt-get >/dev/null ||
    fail "this system has no apt-get; missing: ${missing[*]}" "glmc is built on Debian 12; install these by other means"
  if ((EUID != 0)); then
    command -v sudo >/dev/null ||
      fail "not root, and there is no sudo; missing: ${missing[*]}" "as root: apt-get install ${missing[*]}"
    as_root=(sudo)
  fi
  local install=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}")
  # Package lists may be absent or old: refresh them only when installing fails.
  "${install[@]}" >"$log" 2>&1 && return 0
  "${as_root[@]}" apt-get -o APT::Update::Error-Mode=any update >>"$log" 2>&1 ||
    fail "apt-get could not refresh its package lists; missing: ${missing[*]}" "$network_hint" "$log"
  "${install[@]}" >>"$log" 2>&1 ||
    fail "apt-get could not install: ${missing[*]}" "$network_hint" "$log"
}

# The first Python that can make environments; a newer one may precede Debian's.
find_python() {
  local python
  for python in python3 /usr/bin/python3; do
    if "$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      printf '%s\n' "$python"
      return 0
    fi
  done
  fail "no Python 3.11 or newer that can make environments" "apt-get install python3 python3-venv"
}

install_wheels() {
  local wanted="${wheels[*]}" log=$logs/pip.log python
  if is_done venv "$wanted" && [[ -x $venv/bin/cmake ]]; then return 0; fi
  say "installing ${wheels[*]} into build/venv"
  python=$(find_python)
  rm -f "$stamps/venv"
  if ! "$venv/bin/python3" -m pip --version >/dev/null 2>&1; then
    rm -rf "$venv"
    "$python" -m venv "$venv" >"$log" 2>&1 ||
      fail "$python could not make build/venv" "apt-get install python3-venv" "$log"
  fi
  # Halide's Python bindings want numpy; the C++ library does not.
  "$venv/bin/python3" -m pip install --disable-pip-version-check --no-deps --only-binary :all: "${wheels[@]}" >"$log" 2>&1 ||
    fail "pip could not install ${wheels[*]}" "$network_hint" "$log"
  mark_done venv "$wanted"
}

install_onnx() {
  local wanted="onnx $onnx_version $onnx_sha256 ${onnx_flags[*]}" log=$logs/onnx.log
  if is_done onnx "$wanted" && [[ -f $deps/onnx/lib/libonnx.a ]]; then return 0; fi
  local work=$deps/onnx-build archive=$deps/download/onnx-$onnx_version.tar.gz launcher=()
  rm -f "$stamps/onnx"
  rm -rf "$work" "$deps/onnx.new"
  mkdir -p "$work/source" "$deps/download"

  if ! sha256sum --status -c <<<"$onnx_sha256  $archive" 2>/dev/null; then
    say "downloading ONNX $onnx_version (source package)"
    rm -f "$archive"
    "$venv/bin/python3" -m pip download --disable-pip-version-check --no-deps --no-binary onnx \
      --dest "$deps/download" "onnx==$onnx_version" >"$log" 2>&1 ||
      fail "pip could not download the source package of ONNX $onnx_version" "$network_hint" "$log"
    sha256sum --status -c <<<"$onnx_sha256  $archive" ||
      fail "${archive#"$root"/} is not the ONNX $onnx_version that glmc was written for (SHA-256 differs)" \
        "remove the file, check where pip downloads from, and run ./bootstrap.sh again"
  fi

  say "building ONNX $onnx_version (one to three minutes)"
  tar -xzf "$archive" -C "$work/source" --strip-components=1
  if command -v ccache >/dev/null; then launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache); fi
  {
    "$venv/bin/cmake" -G Ninja -S "$work/source" -B "$work/build" -DCMAKE_CXX_COMPILER=g++ -DCMAKE_C_COMPILER=gcc \
      -DPython3_EXECUTABLE="$venv/bin/python3" "${launcher[@]}" "${onnx_flags[@]}" &&
      CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1 "$venv/bin/cmake" --build "$work/build" &&
      "$venv/bin/cmake" --install "$work/build" --prefix "$deps/onnx.new"
  } >"$log" 2>&1 ||
    fail "ONNX $onnx_version did not build" "the whole log is ${log#"$root"/}" "$log"
  rm -rf "$deps/onnx"
  mv "$deps/onnx.new" "$deps/onnx"
  rm -rf "$work"
  mark_done onnx "$wanted"
}

mkdir -p "$logs" "$stamps" "$deps"
exec 9>"$root/build/.bootstrap.lock"
flock 9 # two runs at once would undo each other's work
install_packages
install_wheels
install_onnx
say "all is installed"
