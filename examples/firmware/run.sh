#!/usr/bin/env bash
# Compiles a model for a board, links it with a bare-metal program, and runs that in QEMU.
#
#   examples/firmware/run.sh command [OPTIONS] [SENTENCE ...]    home commands; without sentences, those of stdin
#   examples/firmware/run.sh keywords [OPTIONS]                  keyword spotting on three recordings
#
#   --board BOARD     mps2-an386 (Cortex-M4, the default), mps2-an500 (Cortex-M7) or mps3-an547 (Cortex-M55)
#   --weights FORMAT  of the command model: int8 (the default) or int4
#   --emit KIND       obj (the default) or cpp: what of glmc's output is linked
#   --flag FLAG       one more flag of `glmc compile`; may be given several times: --flag --math=exact
#   --sizes           a table of the program's functions as well
#
# Prints what the program says, then flash and RAM of the linked program. Needs build/bin/glmc, arm-none-eabi-gcc and
# qemu-system-arm. Everything it writes is in build/firmware.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

fail() {
  echo "run.sh: error: $*" >&2
  exit 2
}

app=${1:-}
[[ $app == command || $app == keywords ]] || fail "expected 'command' or 'keywords', not '$app' (the head of this file says more)"
shift
board=mps2-an386 weights=int8 emit=obj flags=() sizes=
while (($#)) && [[ $1 == --* ]]; do
  case $1 in
  --sizes)
    sizes=1
    shift
    continue
    ;;
  --board | --weights | --emit | --flag) (($# > 1)) || fail "$1 needs a value" ;;&
  --board) board=$2 ;;
  --weights) weights=$2 ;;
  --emit) emit=$2 ;;
  --flag) flags+=("$2") ;;
  *) fail "'$1' is not an option" ;;
  esac
  shift 2
done

case $board in
mps2-an386) cpu=cortex-m4 clock=25 ;;
mps2-an500) cpu=cortex-m7 clock=25 ;;
mps3-an547) cpu=cortex-m55 clock=32 ;;
*) fail "there is no script for the board '$board'" ;;
esac
[[ $emit == obj || $emit == cpp ]] || fail "--emit is obj or cpp, not '$emit'"

glmc=${GLMC:-build/bin/glmc}
here=examples/firmware
out=build/firmware/$app.$cpu.$weights.$emit
mkdir -p "$out"

case $app in
command)
  model=examples/command/command.onnx
  # Caches of 8 bits and a prompt in pieces of 4 keep RAM small; every sentence of the test set fits in 160 tokens.
  flags=(--context 160 --kv int8 --dim seq=1,4 --weights "$weights" --activations int8 "${flags[@]}")
  ;;
keywords)
  model=test/models/tiny/kws_int8/model.onnx
  ;;
esac
"$glmc" compile "$model" -o "$out/$app" --target "$cpu" --emit "$emit" -q "${flags[@]}"

arm=(-mcpu="$cpu" -mthumb -mfloat-abi=hard -Os -Wall -Wextra -Werror -ffreestanding -ffunction-sections -fdata-sections)
arm-none-eabi-gcc -std=c11 "${arm[@]}" -DBOARD_CLOCK_MHZ="$clock" -I "$out" -I $here/boards -I $here/"$app" \
  -c $here/"$app"/main.c -o "$out/main.o"
arm-none-eabi-gcc -std=c11 "${arm[@]}" -DBOARD_CLOCK_MHZ="$clock" -c $here/boards/board.c -o "$out/board.o"
if [[ $emit == cpp ]]; then
  arm-none-eabi-g++ -std=c++17 "${arm[@]}" -fno-exceptions -fno-rtti -c "$out/$app.cpp" -o "$out/$app.o"
fi
arm-none-eabi-gcc "${arm[@]}" -nostartfiles -Wl,--gc-sections,-z,noexecstack -L $here/boards -T $here/boards/"$board".ld \
  "$out/main.o" "$out/board.o" "$out/$app.o" -o "$out/$app.elf"

qemu=(qemu-system-arm -M "$board" -icount shift=0 -nographic -monitor none -serial none
  -semihosting-config enable=on,target=native -kernel "$out/$app.elf")
if (($#)); then
  printf '%s\n' "$@" | "${qemu[@]}"
elif [[ $app == keywords ]]; then
  "${qemu[@]}" </dev/null
else
  "${qemu[@]}"
fi

# Sections of the program, and of them what is the model's.
arm-none-eabi-size -A "$out/$app.elf" | awk '
  $1 == ".text" { code = $2 } $1 == ".rodata" { constants = $2 } $1 == ".data" { data = $2 } $1 == ".bss" { bss = $2 }
  END { printf "flash: %d B (code %d, constants %d); RAM: %d B without the stack\n",
        code + constants + data, code, constants + data, data + bss }'
if [[ $sizes ]]; then
  echo 'code by function:'
  arm-none-eabi-nm -S -t d --size-sort -r "$out/$app.elf" | awk '$3 ~ /^[tTwW]$/ { printf "%7d  %s\n", $2, $4 }'
fi
