// gate * sigmoid(gate) * up in every association, and what only looks like it.
// RUN: %glm-opt %s --glm-recover-swiglu --mlir-print-debuginfo --mlir-print-local-scope | FileCheck %s

// (gate sigmoid) up.
// CHECK-LABEL: @gate_first(
// CHECK-SAME: %[[G:[a-z0-9]+]]: tensor<2x3xf32>{{.*}}, %[[U:[a-z0-9]+]]: tensor<2x3xf32>{{.*}}) ->
// CHECK-NEXT: %[[Y:.*]] = glm.swiglu %[[G]], %[[U]] : tensor<2x3xf32> loc(fused["Sigmoid", "Mul_1", "Mul_2"])
// CHECK-NEXT: glm.return %[[Y]]
glm.graph @gate_first(%g: tensor<2x3xf32>, %u: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %s = glm.sigmoid %g : tensor<2x3xf32> loc("Sigmoid")
  %a = glm.mul %g, %s : tensor<2x3xf32>, tensor<2x3xf32> -> tensor<2x3xf32> loc("Mul_1")
  %y = glm.mul %u, %a : tensor<2x3xf32>, tensor<2x3xf32> -> tensor<2x3xf32> loc("Mul_2")
  glm.return %y : tensor<2x3xf32>
}

// (gate up) sigmoid.
// CHECK-LABEL: @sigmoid_last(
// CHECK-SAME: %[[G:[a-z0-9]+]]: tensor<2x3xf32>{{.*}}, %[[U:[a-z0-9]+]]: tensor<2x3xf32>{{.*}}) ->
// CHECK-NEXT: %[[Y:.*]] = glm.swiglu %[[G]], %[[U]] : tensor<2x3xf32>
// CHECK-NEXT: glm.return %[[Y]]
glm.graph @sigmoid_last(%g: tensor<2x3xf32>, %u: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %s = glm.sigmoid %g : tensor<2x3xf32>
  %a = glm.mul %u, %g : tensor<2x3xf32>, tensor<2x3xf32> -> tensor<2x3xf32>
  %y = glm.mul %a, %s : tensor<2x3xf32>, tensor<2x3xf32> -> tensor<2x3xf32>
  glm.return %y : tensor<2x3xf32>
}

// gate (sigmoid up).
// CHECK-LABEL: @gate_last(
// CHECK-SAME: %[[G:[a-z0-9]+]]: tensor<2x3xf32>{{.*}}, %[[U:[a-z0-9]+]]: tensor<2x3xf32>{{.*}}) ->
// CHECK-NEXT: %[[Y:.*]] = glm.swiglu %[[G]], %[[U]] : tensor<2x3xf32>
// CHECK-NEXT: glm.return %[[Y]]
glm.graph @gate_last(%g: tensor<2x3xf32>, %u: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %s = glm.sigmoid %g : tensor<2x3xf32>
  %a = glm.mul %s, %u : tensor<2x3xf32>, tensor<2x3xf32> -> tensor<2x3xf32>
  %y = glm.mul %g, %a : tensor<2x3xf32>, tensor<2x3xf32> -> tensor<2x3xf32>
  glm.return %y : tensor<2x3xf32>
}

// sigmoid as 1 / (1 + e^-gate).
// CHECK-LABEL: @spelled_out(
// CHECK-SAME: %[[G:[a-z0-9]+]]: tensor<2x3xf32>{{.*}}, %[[U:[a-z0-9]+]]: tensor<2x3xf32>{{.*}}) ->
// CHECK-NEXT: %[[Y:.*]] = glm.swiglu %[[G]], %[[U]] : tensor<2x3xf32>
// CHECK-NEXT: glm.return %[[Y]]
glm.graph @spelled_out(%g: tensor<2x3xf32>, %u: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %one = glm.constant dense<1.0> : tensor<f32>
  %n = glm.neg %g : tensor<2x3xf32>
  %e = glm.exp %n : tensor<2x3xf32>
  %d = glm.add %one, %e : tensor<f32>, tensor<2x3xf32> -> tensor<2x3xf32>
  %s = glm.div %one, %d : tensor<f32>, tensor<2x3xf32> -> tensor<2x3xf32>
  %a = glm.mul %g, %s : tensor<2x3xf32>, tensor<2x3xf32> -> tensor<2x3xf32>
  %y = glm.mul %a, %u : tensor<2x3xf32>, tensor<2x3xf32> -> tensor<2x3xf32>
  glm.return %y : tensor<2x3xf32>
}

// sigmoid as the reciprocal of 1 + e^-gate.
// CHECK-LABEL: @reciprocal(
// CHECK-SAME: %[[G:[a-z0-9]+]]: tensor<2x3xf32>{{.*}}, %[[U:[a-z0-9]+]]: tensor<2x3xf32>{{.*}}) ->
// CHECK-NEXT: %[[Y:.*]] = glm.swiglu %[[G]], %[[U]] : tensor<2x3xf32>
// CHECK-NEXT: glm.return %[[Y]]
glm.graph @reciprocal(%g: tensor<2x3xf32>, %u: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %one = glm.constant dense<1.0> : tensor<f32>
  %n = glm.neg %g : tensor<2x3xf32>
  %e = glm.exp %n : tensor<2x3xf32>
  %d = glm.add %one, %e : tensor<f32>, tensor<2x3xf32> -> tensor<2x3xf32>
  %s = glm.reciprocal %d : tensor<2x3xf32>
  %a = glm.mul %g, %s : tensor<2x3xf32>, tensor<2x3xf32> -> tensor<2x3xf32>
  %y = glm.mul %a, %u : tensor<2x3xf32>, tensor<2x3xf32> -> tensor<2x3xf32>
  glm.return %y : tensor<2x3xf32>
}

// gate / (1 + e^-gate).
// CHECK-LABEL: @quotient(
// CHECK-SAME: %[[G:[a-z0-9]+]]: tensor<2x3xf32>{{.*}}, %[[U:[a-z0-9]+]]: tensor<2x3xf32>{{.*}}) ->
// CHECK-NEXT: %[[Y:.*]] = glm.swiglu %[[G]], %[[U]] : tensor<2x3xf32>
// CHECK-NEXT: glm.return %[[Y]]
glm.graph @quotient(%g: tensor<2x3xf32>, %u: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %one = glm.constant dense<1.0> : tensor<f32>
  %n = glm.neg %g : tensor<2x3xf32>
  %e = glm.exp %n : tensor<2x3xf32>
  %d = glm.add %one, %e : tensor<f32>, tensor<2x3xf32> -> tensor<2x3xf32>
  %a = glm.div %g, %d : tensor<2x3xf32>, tensor<2x3xf32> -> tensor<2x3xf32>
  %y = glm.mul %u, %a : tensor<2x3xf32>, tensor<2x3xf32> -> tensor<2x3xf32>
  glm.return %y : tensor<2x3xf32>
}

// (up gate) / (1 + e^-gate).
// CHECK-LABEL: @quotient_last(
// CHECK-SAME: %[[G:[a-z0-9]+]]: tensor<2x3xf32>{{.*}}, %[[U:[a-z0-9]+]]: tensor<2x3xf32>{{.*}}) ->
// CHECK-NEXT: %[[Y:.*]] = glm.swiglu %[[G]], %[[U]] : tensor<2x3xf32>
// CHECK-NEXT: glm.return %[[Y]]
glm.graph @quotient_last(%g: tensor<2x3xf32>, %u: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %one = glm.constant dense<1.0> : tensor<f32>
  %n = glm.neg %g : tensor<2x3xf32>
  %e = glm.exp %n : tensor<2x3xf32>
  %d = glm.add %one, %e : tensor<f32>, tensor<2x3xf32> -> tensor<2x3xf32>
  %a = glm.mul %u, %g : tensor<2x3xf32>, tensor<2x3xf32> -> tensor<2x3xf32>
  %y = glm.div %a, %d : tensor<2x3xf32>, tensor<2x3xf32> -> tensor<2x3xf32>
  glm.return %y : tensor<2x3xf32>
}

// Gate and up are parts of one product.
// CHECK-LABEL: @split(
// CHECK: %[[G:.*]] = glm.slice %{{.*}} [0, 0]
// CHECK-NEXT: %[[U:.*]] = glm.slice %{{.*}} [0, 3]
// CHECK-NEXT: glm.swiglu %[[G]], %[[U]]
glm.graph @split(%x: tensor<2x5xf32>, %w: tensor<5x6xf32>) -> tensor<2x3xf32> {
  %m = glm.matmul %x, %w : tensor<2x5xf32>, tensor<5x6xf32> -> tensor<2x6xf32>
  %g = glm.slice %m [0, 0] step [1, 1] : tensor<2x6xf32> to tensor<2x3xf32>
  %u = glm.slice %m [0, 3] step [1, 1] : tensor<2x6xf32> to tensor<2x3xf32>
  %s = glm.sigmoid %g : tensor<2x3xf32>
  %a = glm.mul %g, %s : tensor<2x3xf32>, tensor<2x3xf32> -> tensor<2x3xf32>
  %y = glm.mul %u, %a : tensor<2x3xf32>, tensor<2x3xf32> -> tensor<2x3xf32>
  glm.return %y : tensor<2x3xf32>
}

// up is itself a product, and the result a factor.
// CHECK-LABEL: @up_is_a_product(
// CHECK: %[[U:.*]] = glm.mul
// CHECK-NEXT: %[[Y:.*]] = glm.swiglu %{{.*}}, %[[U]]
// CHECK-NEXT: glm.mul %[[Y]]
glm.graph @up_is_a_product(%g: tensor<2x3xf32>, %u: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %s = glm.sigmoid %g : tensor<2x3xf32>
  %v = glm.mul %u, %u : tensor<2x3xf32>, tensor<2x3xf32> -> tensor<2x3xf32>
  %a = glm.mul %g, %s : tensor<2x3xf32>, tensor<2x3xf32> -> tensor<2x3xf32>
  %p = glm.mul %a, %v : tensor<2x3xf32>, tensor<2x3xf32> -> tensor<2x3xf32>
  %y = glm.mul %p, %u : tensor<2x3xf32>, tensor<2x3xf32> -> tensor<2x3xf32>
  glm.return %y : tensor<2x3xf32>
}

// Does not fire: there is no up.
// CHECK-LABEL: @swish(
// CHECK-NOT: glm.swiglu
// CHECK: glm.return
glm.graph @swish(%g: tensor<2x3xf32>, %u: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %s = glm.sigmoid %g : tensor<2x3xf32>
  %y = glm.mul %g, %s : tensor<2x3xf32>, tensor<2x3xf32> -> tensor<2x3xf32>
  glm.return %y : tensor<2x3xf32>
}

// Does not fire: sigmoid is of another value.
// CHECK-LABEL: @another_gate(
// CHECK-NOT: glm.swiglu
// CHECK: glm.return
glm.graph @another_gate(%g: tensor<2x3xf32>, %u: tensor<2x3xf32>, %z: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %s = glm.sigmoid %g : tensor<2x3xf32>
  %a = glm.mul %z, %s : tensor<2x3xf32>, tensor<2x3xf32> -> tensor<2x3xf32>
  %y = glm.mul %a, %u : tensor<2x3xf32>, tensor<2x3xf32> -> tensor<2x3xf32>
  glm.return %y : tensor<2x3xf32>
}

// Does not fire: up broadcasts.
// CHECK-LABEL: @broadcast(
// CHECK-NOT: glm.swiglu
// CHECK: glm.return
glm.graph @broadcast(%g: tensor<2x3xf32>, %u: tensor<3xf32>) -> tensor<2x3xf32> {
  %s = glm.sigmoid %g : tensor<2x3xf32>
  %a = glm.mul %g, %s : tensor<2x3xf32>, tensor<2x3xf32> -> tensor<2x3xf32>
  %y = glm.mul %a, %u : tensor<2x3xf32>, tensor<3xf32> -> tensor<2x3xf32>
  glm.return %y : tensor<2x3xf32>
}

// Does not fire: gate sigmoid has another reader.
// CHECK-LABEL: @read_elsewhere(
// CHECK-NOT: glm.swiglu
// CHECK: glm.return
glm.graph @read_elsewhere(%g: tensor<2x3xf32>, %u: tensor<2x3xf32>) -> (tensor<2x3xf32>, tensor<2x3xf32>) {
  %s = glm.sigmoid %g : tensor<2x3xf32>
  %a = glm.mul %g, %s : tensor<2x3xf32>, tensor<2x3xf32> -> tensor<2x3xf32>
  %y = glm.mul %a, %u : tensor<2x3xf32>, tensor<2x3xf32> -> tensor<2x3xf32>
  glm.return %y, %a : tensor<2x3xf32>, tensor<2x3xf32>
}

// Does not fire: 2 + e^-gate.
// CHECK-LABEL: @another_constant(
// CHECK-NOT: glm.swiglu
// CHECK: glm.return
glm.graph @another_constant(%g: tensor<2x3xf32>, %u: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %one = glm.constant dense<2.0> : tensor<f32>
  %n = glm.neg %g : tensor<2x3xf32>
  %e = glm.exp %n : tensor<2x3xf32>
  %d = glm.add %one, %e : tensor<f32>, tensor<2x3xf32> -> tensor<2x3xf32>
  %a = glm.div %g, %d : tensor<2x3xf32>, tensor<2x3xf32> -> tensor<2x3xf32>
  %y = glm.mul %u, %a : tensor<2x3xf32>, tensor<2x3xf32> -> tensor<2x3xf32>
  glm.return %y : tensor<2x3xf32>
}

// Does not fire: 1 + e^gate.
// CHECK-LABEL: @exp_of_gate(
// CHECK-NOT: glm.swiglu
// CHECK: glm.return
glm.graph @exp_of_gate(%g: tensor<2x3xf32>, %u: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %one = glm.constant dense<1.0> : tensor<f32>
  %e = glm.exp %g : tensor<2x3xf32>
  %d = glm.add %one, %e : tensor<f32>, tensor<2x3xf32> -> tensor<2x3xf32>
  %a = glm.div %g, %d : tensor<2x3xf32>, tensor<2x3xf32> -> tensor<2x3xf32>
  %y = glm.mul %u, %a : tensor<2x3xf32>, tensor<2x3xf32> -> tensor<2x3xf32>
  glm.return %y : tensor<2x3xf32>
}

// Does not fire: divided by the product.
// CHECK-LABEL: @divisor(
// CHECK-NOT: glm.swiglu
// CHECK: glm.return
glm.graph @divisor(%g: tensor<2x3xf32>, %u: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %s = glm.sigmoid %g : tensor<2x3xf32>
  %a = glm.mul %g, %s : tensor<2x3xf32>, tensor<2x3xf32> -> tensor<2x3xf32>
  %y = glm.div %u, %a : tensor<2x3xf32>, tensor<2x3xf32> -> tensor<2x3xf32>
  glm.return %y : tensor<2x3xf32>
}
