// RUN: glm-opt %s --glm-share-kernels | FileCheck %s

// Equal regions, types and schedules: one kernel. Another constant: another.
// CHECK-LABEL: glm.graph @run
// CHECK: glm.launch @k00_add(
// CHECK: glm.launch @k00_add(
// CHECK: glm.launch @k01_add(
// CHECK: glm.launch @k02_neg(
glm.graph @run(%x: tensor<2xf32>) -> tensor<2xf32> {
  %a = glm.launch @p(%x) : (tensor<2xf32>) -> tensor<2xf32>
  %b = glm.launch @k02_neg(%a) : (tensor<2xf32>) -> tensor<2xf32>
  %c = glm.launch @r(%b) : (tensor<2xf32>) -> tensor<2xf32>
  %d = glm.launch @s(%c) : (tensor<2xf32>) -> tensor<2xf32>
  glm.return %d : tensor<2xf32>
}

// CHECK: glm.kernel @k00_add
// CHECK: dense<1.0
// CHECK: glm.kernel @k01_add
// CHECK: dense<2.0
// CHECK: glm.kernel @k02_neg
// CHECK-NOT: glm.kernel
glm.kernel @p(%x: tensor<2xf32>) -> tensor<2xf32> attributes {family = "elementwise", schedule = {vector = 2 : i64}} {
  %c = glm.constant dense<1.0> : tensor<f32>
  %y = glm.add %x, %c : tensor<2xf32>, tensor<f32> -> tensor<2xf32>
  glm.yield %y : tensor<2xf32>
}
// Its old name is the new name of another.
glm.kernel @k02_neg(%a: tensor<2xf32>) -> tensor<2xf32> attributes {family = "elementwise", schedule = {vector = 2 : i64}} {
  %one = glm.constant dense<1.0> : tensor<f32>
  %b = glm.add %a, %one : tensor<2xf32>, tensor<f32> -> tensor<2xf32>
  glm.yield %b : tensor<2xf32>
}
glm.kernel @r(%x: tensor<2xf32>) -> tensor<2xf32> attributes {family = "elementwise", schedule = {vector = 2 : i64}} {
  %c = glm.constant dense<2.0> : tensor<f32>
  %y = glm.add %x, %c : tensor<2xf32>, tensor<f32> -> tensor<2xf32>
  glm.yield %y : tensor<2xf32>
}
glm.kernel @s(%x: tensor<2xf32>) -> tensor<2xf32> attributes {family = "elementwise", schedule = {vector = 2 : i64}} {
  %y = glm.neg %x : tensor<2xf32>
  glm.yield %y : tensor<2xf32>
}
