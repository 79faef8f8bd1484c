// RUN: glm-opt %s --glm-form-kernels --split-input-file --verify-diagnostics | FileCheck %s

// An op a kernel; a view stays in the graph; a constant of one element moves
// into the kernel, a larger one is an operand.
// CHECK-LABEL: glm.graph @run
// CHECK: %[[C:.*]] = glm.constant dense<[1.000000e+00, 2.000000e+00]>
// CHECK: %[[A:.*]] = glm.launch @[[ADD:.*]](%{{.*}}) : (tensor<2xf32>) -> tensor<2xf32>
// CHECK: %[[M:.*]] = glm.launch @{{.*}}(%[[A]], %[[C]])
// CHECK: glm.reshape %[[M]]
// CHECK: glm.kernel @[[ADD]](%{{.*}}: tensor<2xf32>) -> tensor<2xf32>
// CHECK:   glm.constant dense<3.0
// CHECK:   glm.add
glm.graph @run(%x: tensor<2xf32>) -> tensor<1x2xf32> {
  %three = glm.constant dense<3.0> : tensor<f32>
  %c = glm.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %a = glm.add %x, %three : tensor<2xf32>, tensor<f32> -> tensor<2xf32>
  %m = glm.mul %a, %c : tensor<2xf32>, tensor<2xf32> -> tensor<2xf32>
  %r = glm.reshape %m : tensor<2xf32> to tensor<1x2xf32>
  glm.return %r : tensor<1x2xf32>
}

// -----

// Does not fire: launches stay as they are.
// CHECK-LABEL: glm.graph @launched
// CHECK-NEXT: glm.launch @k(
// CHECK-NEXT: glm.return
glm.graph @launched(%x: tensor<2xf32>) -> tensor<2xf32> {
  %y = glm.launch @k(%x) : (tensor<2xf32>) -> tensor<2xf32>
  glm.return %y : tensor<2xf32>
}
glm.kernel @k(%x: tensor<2xf32>) -> tensor<2xf32> {
  %y = glm.neg %x : tensor<2xf32>
  glm.yield %y : tensor<2xf32>
}

// -----

// Refuses: an op that no family takes.
glm.graph @refused(%x: tensor<2xf32>) -> tensor<1xi64> {
  // expected-error @below {{no kernel family takes this op as it is}}
  %s = glm.shape %x [0 : 1] : tensor<2xf32> -> tensor<1xi64>
  glm.return %s : tensor<1xi64>
}

// -----
// Two products of one quantised weight: each kernel reads the integers, no launch
// makes numbers for both.
// CHECK-LABEL: glm.graph @shared_weight
// CHECK-COUNT-2: glm.launch @matmul
// CHECK-NOT: glm.launch
// CHECK-COUNT-2: glm.dequantize
glm.graph @shared_weight(%x: tensor<1x4xf32>, %z: tensor<1x4xf32>) -> (tensor<1x2xf32>, tensor<1x2xf32>) {
  %q = glm.weight "q" <"f", 0, 4, nibbles> : tensor<4x2xi4>
  %s = glm.weight "s" <"f", 4, 4, raw> : tensor<1x2xf16>
  %w = glm.dequantize %q, %s axis 0 group 4 : tensor<4x2xi4>, tensor<1x2xf16> -> tensor<4x2xf32>
  %a = glm.matmul %x, %w : tensor<1x4xf32>, tensor<4x2xf32> -> tensor<1x2xf32>
  %b = glm.matmul %z, %w : tensor<1x4xf32>, tensor<4x2xf32> -> tensor<1x2xf32>
  glm.return %a, %b : tensor<1x2xf32>, tensor<1x2xf32>
}
