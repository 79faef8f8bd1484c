// RUN: glm-opt %s --glm-schedule-kernels=target=x86-64-v4,x86-64,x86-64-v3,x86-64-v3-vnni --split-input-file | FileCheck %s
// RUN: glm-opt %s --glm-form-kernels --glm-pack-weights=target=x86-64,x86-64-v4 --split-input-file | FileCheck %s --check-prefix=PACKED
// RUN: not glm-opt %s --glm-schedule-kernels=target=x86-64,none --split-input-file 2>&1 | FileCheck %s --check-prefix=TARGET
// TARGET: target 'none' is not known

// A schedule for each target, plainest first; what two targets run alike is there
// once. The scratch has room for the version that needs most.
// CHECK: module attributes {glm.versions = ["x86-64", "x86-64-v3", "x86-64-v3-vnni", "x86-64-v4"]}
// CHECK: glm.kernel @elementwise
// CHECK-SAME: in_place = array<i64: 0, 0>
// CHECK-SAME: schedule = {vector = 4 : i64}
// CHECK-SAME: versions = {"x86-64" = {schedule = {vector = 4 : i64}}, "x86-64-v3" = {schedule = {vector = 8 : i64}}, "x86-64-v3-vnni" = "x86-64-v3", "x86-64-v4" = {schedule = {vector = 16 : i64}}}
glm.kernel @elementwise(%x: tensor<7x64xf32>, %b: tensor<64xf32>) -> tensor<7x64xf32> {
  %y = glm.add %x, %b : tensor<7x64xf32>, tensor<64xf32> -> tensor<7x64xf32>
  glm.yield %y : tensor<7x64xf32>
}

// Every version keeps its own scratch.
// CHECK: glm.kernel @norm
// CHECK-SAME: scratch = [tensor<7x64xf32>]
// CHECK-SAME: versions = {"x86-64" = {schedule = {{{[^}]*}}}, scratch = [tensor<7x64xf32>]}, "x86-64-v3" = {schedule =
glm.kernel @norm(%x: tensor<1x7x64xf32>, %g: tensor<64xf32>, %v: tensor<64x16xf32>) -> tensor<1x7x16xf32> {
  %n = glm.rms_norm %x, %g epsilon 1.0e-05 : tensor<1x7x64xf32>, tensor<64xf32>
  %a = glm.matmul %n, %v : tensor<1x7x64xf32>, tensor<64x16xf32> -> tensor<1x7x16xf32>
  glm.yield %a : tensor<1x7x16xf32>
}

// -----

// One image for all: panels as wide as the most capable target wants them.
// PACKED-LABEL: glm.graph @head
// PACKED: glm.weight "head" {{.*}} : !glm.packed<tensor<64x256xf32>, #glm.panels<1, 64>>
glm.graph @head(%x: tensor<7x64xf32>) -> tensor<7x256xf32> {
  %w = glm.weight "head" <"f", 0, 65536, raw> : tensor<64x256xf32>
  %y = glm.matmul %x, %w : tensor<7x64xf32>, tensor<64x256xf32> -> tensor<7x256xf32>
  glm.return %y : tensor<7x256xf32>
}
