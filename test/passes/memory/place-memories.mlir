// Banks of a board's memory for weights, arena and state.
// RUN: split-file %s %t
// RUN: glm-opt %t/small.mlir --glm-place-memories=target=stm32h743 | FileCheck %s --check-prefix=WHOLE
// RUN: glm-opt %t/state.mlir --glm-place-memories=target=stm32h743 | FileCheck %s --check-prefix=SPLIT
// RUN: glm-opt %t/state.mlir --glm-place-memories="target=stm32h743 arena=inside" | FileCheck %s --check-prefix=INSIDE
// RUN: glm-opt %t/small.mlir --glm-place-memories="target=stm32h743 arena=apart" | FileCheck %s --check-prefix=APART
// RUN: glm-opt %t/arena.mlir --glm-place-memories=target=stm32h743 | FileCheck %s --check-prefix=SLOW
// RUN: glm-opt %t/small.mlir --glm-place-memories="target=stm32h743 weights-apart=true" | FileCheck %s --check-prefix=FILE
// RUN: glm-opt %t/small.mlir --glm-place-memories=target=x86-64 | FileCheck %s --check-prefix=HOST
// RUN: glm-opt %t/small.mlir --glm-place-memories="target=x86-64 arena=apart" | FileCheck %s --check-prefix=HOSTAPART
// RUN: not glm-opt %t/large.mlir --glm-place-memories=target=stm32h743 2>&1 | FileCheck %s --check-prefix=WEIGHTS
// RUN: not glm-opt %t/huge.mlir --glm-place-memories=target=stm32h743 2>&1 | FileCheck %s --check-prefix=ARENA
// RUN: not glm-opt %t/states.mlir --glm-place-memories=target=stm32h743 2>&1 | FileCheck %s --check-prefix=STATE

// All that a run changes fits into the tightly coupled memory.
// WHOLE: module attributes {glm.placement = {context = "DTCM", weights = "FLASH"}}
// The state does not: the arena alone goes there.
// SPLIT: module attributes {glm.arena_apart, glm.placement = {arena = "DTCM", context = "AXI_SRAM", weights = "FLASH"}}
// INSIDE: module attributes {glm.placement = {context = "AXI_SRAM", weights = "FLASH"}}
// APART: module attributes {glm.arena_apart, glm.placement = {arena = "DTCM", context = "DTCM", weights = "FLASH"}}
// An arena that does not fit takes everything with it, where there is no state to part from.
// SLOW: module attributes {glm.placement = {context = "AXI_SRAM", weights = "FLASH"}}
// FILE: module attributes {glm.placement = {context = "DTCM"}}
// HOST: module {
// HOSTAPART: module attributes {glm.arena_apart} {
// WEIGHTS: error: target 'stm32h743': the weights take 4000000 bytes, for which no bank has room (FLASH 2097152)
// ARENA: error: target 'stm32h743': the arena takes 600000 bytes, for which no bank has room (DTCM 131072, AXI_SRAM 524288, SRAM123 294912)
// STATE: error: target 'stm32h743': beside the arena in DTCM the state takes 640256 bytes, for which no bank has room (DTCM 130048, AXI_SRAM 524288, SRAM123 294912)

//--- small.mlir
glm.placed_weight "w" at 64 type tensor<100xf32> source dense<1.0> : tensor<100xf32>
glm.program @run arena 1000 bound 1000 peak [] inputs [] outputs [] {
}

//--- state.mlir
glm.placed_weight "w" at 0 type tensor<100xf32> source dense<1.0> : tensor<100xf32>
glm.placed_state "cache" at 0 type tensor<1x2x2048x16xf32>
glm.program @run arena 1000 bound 1000 peak [] inputs [] outputs [] {
}

//--- arena.mlir
glm.placed_weight "w" at 0 type tensor<100xf32> source dense<1.0> : tensor<100xf32>
glm.program @run arena 200000 bound 200000 peak [] inputs [] outputs [] {
}

//--- large.mlir
glm.placed_weight "w" at 0 type tensor<1000000xf32> source dense<1.0> : tensor<1000000xf32>
glm.program @run arena 1000 bound 1000 peak [] inputs [] outputs [] {
}

//--- huge.mlir
glm.program @run arena 600000 bound 600000 peak [] inputs [] outputs [] {
}

//--- states.mlir
glm.placed_state "cache" at 0 type tensor<1x2x5000x16xf32>
glm.program @run arena 1000 bound 1000 peak [] inputs [] outputs [] {
}
