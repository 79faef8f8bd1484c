// GELU in its two forms and many arrangements, and what only looks like one.
// RUN: %glm-opt %s --glm-recover-gelu --mlir-print-debuginfo --mlir-print-local-scope | FileCheck %s

// PyTorch's exporter.
// CHECK-LABEL: @exact(
// CHECK-NEXT: %[[Y:.*]] = glm.gelu %{{.*}} : tensor<2x3xf32> loc(fused["Div", "Erf", "Add", "Mul_1", "Mul_2"])
// CHECK-NEXT: glm.return %[[Y]]
glm.graph @exact(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %one = glm.constant dense<1.0> : tensor<f32>
  %half = glm.constant dense<0.5> : tensor<f32>
  %root2 = glm.constant dense<1.41421354> : tensor<f32>
  %a = glm.div %x, %root2 : tensor<2x3xf32>, tensor<f32> -> tensor<2x3xf32> loc("Div")
  %t = glm.erf %a : tensor<2x3xf32> loc("Erf")
  %s = glm.add %t, %one : tensor<2x3xf32>, tensor<f32> -> tensor<2x3xf32> loc("Add")
  %p = glm.mul %x, %s : tensor<2x3xf32>, tensor<2x3xf32> -> tensor<2x3xf32> loc("Mul_1")
  %y = glm.mul %p, %half : tensor<2x3xf32>, tensor<f32> -> tensor<2x3xf32> loc("Mul_2")
  glm.return %y : tensor<2x3xf32>
}

// (x / 2) (1 + erf), and times 1 / sqrt 2.
// CHECK-LABEL: @half_first(
// CHECK-NEXT: %[[Y:.*]] = glm.gelu %{{.*}} : tensor<2x3xf32>
// CHECK-NEXT: glm.return %[[Y]]
glm.graph @half_first(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %one = glm.constant dense<1.0> : tensor<f32>
  %half = glm.constant dense<0.5> : tensor<f32>
  %over = glm.constant dense<0.707106769> : tensor<f32>
  %h = glm.mul %half, %x : tensor<f32>, tensor<2x3xf32> -> tensor<2x3xf32>
  %a = glm.mul %over, %x : tensor<f32>, tensor<2x3xf32> -> tensor<2x3xf32>
  %t = glm.erf %a : tensor<2x3xf32>
  %s = glm.add %one, %t : tensor<f32>, tensor<2x3xf32> -> tensor<2x3xf32>
  %y = glm.mul %h, %s : tensor<2x3xf32>, tensor<2x3xf32> -> tensor<2x3xf32>
  glm.return %y : tensor<2x3xf32>
}

// x / 2 + x / 2 erf.
// CHECK-LABEL: @distributed(
// CHECK-NEXT: %[[Y:.*]] = glm.gelu %{{.*}} : tensor<2x3xf32>
// CHECK-NEXT: glm.return %[[Y]]
glm.graph @distributed(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %half = glm.constant dense<0.5> : tensor<f32>
  %over = glm.constant dense<0.707106769> : tensor<f32>
  %h = glm.mul %x, %half : tensor<2x3xf32>, tensor<f32> -> tensor<2x3xf32>
  %a = glm.mul %x, %over : tensor<2x3xf32>, tensor<f32> -> tensor<2x3xf32>
  %t = glm.erf %a : tensor<2x3xf32>
  %p = glm.mul %t, %h : tensor<2x3xf32>, tensor<2x3xf32> -> tensor<2x3xf32>
  %y = glm.add %h, %p : tensor<2x3xf32>, tensor<2x3xf32> -> tensor<2x3xf32>
  glm.return %y : tensor<2x3xf32>
}

// x times (1/2 + erf / 2).
// CHECK-LABEL: @distribution(
// CHECK-NEXT: %[[Y:.*]] = glm.gelu %{{.*}} : tensor<2x3xf32>
// CHECK-NEXT: glm.return %[[Y]]
glm.graph @distribution(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %half = glm.constant dense<0.5> : tensor<f32>
  %over = glm.constant dense<0.707106769> : tensor<f32>
  %a = glm.mul %x, %over : tensor<2x3xf32>, tensor<f32> -> tensor<2x3xf32>
  %t = glm.erf %a : tensor<2x3xf32>
  %q = glm.mul %t, %half : tensor<2x3xf32>, tensor<f32> -> tensor<2x3xf32>
  %s = glm.add %q, %half : tensor<2x3xf32>, tensor<f32> -> tensor<2x3xf32>
  %y = glm.mul %s, %x : tensor<2x3xf32>, tensor<2x3xf32> -> tensor<2x3xf32>
  glm.return %y : tensor<2x3xf32>
}

// x / 2 (1 - -erf).
// CHECK-LABEL: @negated(
// CHECK-NEXT: %[[Y:.*]] = glm.gelu %{{.*}} : tensor<2x3xf32>
// CHECK-NEXT: glm.return %[[Y]]
glm.graph @negated(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %one = glm.constant dense<1.0> : tensor<f32>
  %half = glm.constant dense<0.5> : tensor<f32>
  %over = glm.constant dense<0.707106769> : tensor<f32>
  %a = glm.mul %x, %over : tensor<2x3xf32>, tensor<f32> -> tensor<2x3xf32>
  %t = glm.erf %a : tensor<2x3xf32>
  %m = glm.neg %t : tensor<2x3xf32>
  %s = glm.sub %one, %m : tensor<f32>, tensor<2x3xf32> -> tensor<2x3xf32>
  %p = glm.mul %x, %s : tensor<2x3xf32>, tensor<2x3xf32> -> tensor<2x3xf32>
  %y = glm.mul %p, %half : tensor<2x3xf32>, tensor<f32> -> tensor<2x3xf32>
  glm.return %y : tensor<2x3xf32>
}

// x^3 as a power.
// CHECK-LABEL: @tanh(
// CHECK-NEXT: %[[Y:.*]] = glm.gelu %{{.*}} tanh : tensor<2x3xf32>
// CHECK-NEXT: glm.return %[[Y]]
glm.graph @tanh(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %one = glm.constant dense<1.0> : tensor<f32>
  %half = glm.constant dense<0.5> : tensor<f32>
  %three = glm.constant dense<3.0> : tensor<f32>
  %c = glm.constant dense<0.0447149985> : tensor<f32>
  %r = glm.constant dense<0.797884583> : tensor<f32>
  %x3 = glm.pow %x, %three : tensor<2x3xf32>, tensor<f32> -> tensor<2x3xf32>
  %x3c = glm.mul %x3, %c : tensor<2x3xf32>, tensor<f32> -> tensor<2x3xf32>
  %i = glm.add %x, %x3c : tensor<2x3xf32>, tensor<2x3xf32> -> tensor<2x3xf32>
  %a = glm.mul %i, %r : tensor<2x3xf32>, tensor<f32> -> tensor<2x3xf32>
  %t = glm.tanh %a : tensor<2x3xf32>
  %s = glm.add %t, %one : tensor<2x3xf32>, tensor<f32> -> tensor<2x3xf32>
  %h = glm.mul %x, %half : tensor<2x3xf32>, tensor<f32> -> tensor<2x3xf32>
  %y = glm.mul %h, %s : tensor<2x3xf32>, tensor<2x3xf32> -> tensor<2x3xf32>
  glm.return %y : tensor<2x3xf32>
}

// x^3 as products, x sqrt(2 / pi) (1 + 0.044715 x^2), the half last.
// CHECK-LABEL: @tanh_products(
// CHECK-NEXT: %[[Y:.*]] = glm.gelu %{{.*}} tanh : tensor<2x3xf32>
// CHECK-NEXT: glm.return %[[Y]]
glm.graph @tanh_products(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %one = glm.constant dense<1.0> : tensor<f32>
  %half = glm.constant dense<0.5> : tensor<f32>
  %c = glm.constant dense<0.0447149985> : tensor<f32>
  %r = glm.constant dense<0.797884583> : tensor<f32>
  %x2 = glm.mul %x, %x : tensor<2x3xf32>, tensor<2x3xf32> -> tensor<2x3xf32>
  %x2c = glm.mul %c, %x2 : tensor<f32>, tensor<2x3xf32> -> tensor<2x3xf32>
  %i = glm.add %one, %x2c : tensor<f32>, tensor<2x3xf32> -> tensor<2x3xf32>
  %xr = glm.mul %x, %r : tensor<2x3xf32>, tensor<f32> -> tensor<2x3xf32>
  %a = glm.mul %xr, %i : tensor<2x3xf32>, tensor<2x3xf32> -> tensor<2x3xf32>
  %t = glm.tanh %a : tensor<2x3xf32>
  %s = glm.add %t, %one : tensor<2x3xf32>, tensor<f32> -> tensor<2x3xf32>
  %p = glm.mul %x, %s : tensor<2x3xf32>, tensor<2x3xf32> -> tensor<2x3xf32>
  %y = glm.mul %p, %half : tensor<2x3xf32>, tensor<f32> -> tensor<2x3xf32>
  glm.return %y : tensor<2x3xf32>
}

// x is itself a product, and the result a factor.
// CHECK-LABEL: @of_a_product(
// CHECK-NEXT: %[[X:.*]] = glm.mul
// CHECK-NEXT: %[[Y:.*]] = glm.gelu %[[X]] : tensor<2x3xf32>
// CHECK-NEXT: glm.mul %[[Y]]
glm.graph @of_a_product(%u: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %one = glm.constant dense<1.0> : tensor<f32>
  %half = glm.constant dense<0.5> : tensor<f32>
  %over = glm.constant dense<0.707106769> : tensor<f32>
  %x = glm.mul %u, %u : tensor<2x3xf32>, tensor<2x3xf32> -> tensor<2x3xf32>
  %a = glm.mul %x, %over : tensor<2x3xf32>, tensor<f32> -> tensor<2x3xf32>
  %t = glm.erf %a : tensor<2x3xf32>
  %s = glm.add %t, %one : tensor<2x3xf32>, tensor<f32> -> tensor<2x3xf32>
  %p = glm.mul %x, %s : tensor<2x3xf32>, tensor<2x3xf32> -> tensor<2x3xf32>
  %g = glm.mul %p, %half : tensor<2x3xf32>, tensor<f32> -> tensor<2x3xf32>
  %y = glm.mul %g, %u : tensor<2x3xf32>, tensor<2x3xf32> -> tensor<2x3xf32>
  glm.return %y : tensor<2x3xf32>
}

// Does not fire: 1.702 is the constant of another approximation.
// CHECK-LABEL: @another_constant(
// CHECK-NOT: glm.gelu
// CHECK: glm.return
glm.graph @another_constant(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %one = glm.constant dense<1.0> : tensor<f32>
  %half = glm.constant dense<0.5> : tensor<f32>
  %over = glm.constant dense<1.702> : tensor<f32>
  %a = glm.mul %x, %over : tensor<2x3xf32>, tensor<f32> -> tensor<2x3xf32>
  %t = glm.erf %a : tensor<2x3xf32>
  %s = glm.add %t, %one : tensor<2x3xf32>, tensor<f32> -> tensor<2x3xf32>
  %p = glm.mul %x, %s : tensor<2x3xf32>, tensor<2x3xf32> -> tensor<2x3xf32>
  %y = glm.mul %p, %half : tensor<2x3xf32>, tensor<f32> -> tensor<2x3xf32>
  glm.return %y : tensor<2x3xf32>
}

// Does not fire: 0.0447 is not 0.044715.
// CHECK-LABEL: @another_cube(
// CHECK-NOT: glm.gelu
// CHECK: glm.return
glm.graph @another_cube(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %one = glm.constant dense<1.0> : tensor<f32>
  %half = glm.constant dense<0.5> : tensor<f32>
  %three = glm.constant dense<3.0> : tensor<f32>
  %c = glm.constant dense<0.0447> : tensor<f32>
  %r = glm.constant dense<0.797884583> : tensor<f32>
  %x3 = glm.pow %x, %three : tensor<2x3xf32>, tensor<f32> -> tensor<2x3xf32>
  %x3c = glm.mul %x3, %c : tensor<2x3xf32>, tensor<f32> -> tensor<2x3xf32>
  %i = glm.add %x, %x3c : tensor<2x3xf32>, tensor<2x3xf32> -> tensor<2x3xf32>
  %a = glm.mul %i, %r : tensor<2x3xf32>, tensor<f32> -> tensor<2x3xf32>
  %t = glm.tanh %a : tensor<2x3xf32>
  %s = glm.add %t, %one : tensor<2x3xf32>, tensor<f32> -> tensor<2x3xf32>
  %h = glm.mul %x, %half : tensor<2x3xf32>, tensor<f32> -> tensor<2x3xf32>
  %y = glm.mul %h, %s : tensor<2x3xf32>, tensor<2x3xf32> -> tensor<2x3xf32>
  glm.return %y : tensor<2x3xf32>
}

// Does not fire: tanh's argument in erf.
// CHECK-LABEL: @erf_of_cube(
// CHECK-NOT: glm.gelu
// CHECK: glm.return
glm.graph @erf_of_cube(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %one = glm.constant dense<1.0> : tensor<f32>
  %half = glm.constant dense<0.5> : tensor<f32>
  %three = glm.constant dense<3.0> : tensor<f32>
  %c = glm.constant dense<0.0447149985> : tensor<f32>
  %r = glm.constant dense<0.797884583> : tensor<f32>
  %x3 = glm.pow %x, %three : tensor<2x3xf32>, tensor<f32> -> tensor<2x3xf32>
  %x3c = glm.mul %x3, %c : tensor<2x3xf32>, tensor<f32> -> tensor<2x3xf32>
  %i = glm.add %x, %x3c : tensor<2x3xf32>, tensor<2x3xf32> -> tensor<2x3xf32>
  %a = glm.mul %i, %r : tensor<2x3xf32>, tensor<f32> -> tensor<2x3xf32>
  %t = glm.erf %a : tensor<2x3xf32>
  %s = glm.add %t, %one : tensor<2x3xf32>, tensor<f32> -> tensor<2x3xf32>
  %h = glm.mul %x, %half : tensor<2x3xf32>, tensor<f32> -> tensor<2x3xf32>
  %y = glm.mul %h, %s : tensor<2x3xf32>, tensor<2x3xf32> -> tensor<2x3xf32>
  glm.return %y : tensor<2x3xf32>
}

// Does not fire: 1 - erf.
// CHECK-LABEL: @minus(
// CHECK-NOT: glm.gelu
// CHECK: glm.return
glm.graph @minus(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %one = glm.constant dense<1.0> : tensor<f32>
  %half = glm.constant dense<0.5> : tensor<f32>
  %over = glm.constant dense<0.707106769> : tensor<f32>
  %a = glm.mul %x, %over : tensor<2x3xf32>, tensor<f32> -> tensor<2x3xf32>
  %t = glm.erf %a : tensor<2x3xf32>
  %s = glm.sub %one, %t : tensor<f32>, tensor<2x3xf32> -> tensor<2x3xf32>
  %p = glm.mul %x, %s : tensor<2x3xf32>, tensor<2x3xf32> -> tensor<2x3xf32>
  %y = glm.mul %p, %half : tensor<2x3xf32>, tensor<f32> -> tensor<2x3xf32>
  glm.return %y : tensor<2x3xf32>
}

// Does not fire: the factor is not what erf is of.
// CHECK-LABEL: @another_factor(
// CHECK-NOT: glm.gelu
// CHECK: glm.return
glm.graph @another_factor(%x: tensor<2x3xf32>, %z: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %one = glm.constant dense<1.0> : tensor<f32>
  %half = glm.constant dense<0.5> : tensor<f32>
  %over = glm.constant dense<0.707106769> : tensor<f32>
  %a = glm.mul %x, %over : tensor<2x3xf32>, tensor<f32> -> tensor<2x3xf32>
  %t = glm.erf %a : tensor<2x3xf32>
  %s = glm.add %t, %one : tensor<2x3xf32>, tensor<f32> -> tensor<2x3xf32>
  %p = glm.mul %z, %s : tensor<2x3xf32>, tensor<2x3xf32> -> tensor<2x3xf32>
  %y = glm.mul %p, %half : tensor<2x3xf32>, tensor<f32> -> tensor<2x3xf32>
  glm.return %y : tensor<2x3xf32>
}

// Does not fire: 1 + erf has another reader.
// CHECK-LABEL: @read_elsewhere(
// CHECK-NOT: glm.gelu
// CHECK: glm.return
glm.graph @read_elsewhere(%x: tensor<2x3xf32>) -> (tensor<2x3xf32>, tensor<2x3xf32>) {
  %one = glm.constant dense<1.0> : tensor<f32>
  %half = glm.constant dense<0.5> : tensor<f32>
  %over = glm.constant dense<0.707106769> : tensor<f32>
  %a = glm.mul %x, %over : tensor<2x3xf32>, tensor<f32> -> tensor<2x3xf32>
  %t = glm.erf %a : tensor<2x3xf32>
  %s = glm.add %t, %one : tensor<2x3xf32>, tensor<f32> -> tensor<2x3xf32>
  %p = glm.mul %x, %s : tensor<2x3xf32>, tensor<2x3xf32> -> tensor<2x3xf32>
  %y = glm.mul %p, %half : tensor<2x3xf32>, tensor<f32> -> tensor<2x3xf32>
  glm.return %y, %s : tensor<2x3xf32>, tensor<2x3xf32>
}

// Does not fire: no half.
// CHECK-LABEL: @not_halved(
// CHECK-NOT: glm.gelu
// CHECK: glm.return
glm.graph @not_halved(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %one = glm.constant dense<1.0> : tensor<f32>
  %over = glm.constant dense<0.707106769> : tensor<f32>
  %a = glm.mul %x, %over : tensor<2x3xf32>, tensor<f32> -> tensor<2x3xf32>
  %t = glm.erf %a : tensor<2x3xf32>
  %s = glm.add %t, %one : tensor<2x3xf32>, tensor<f32> -> tensor<2x3xf32>
  %y = glm.mul %x, %s : tensor<2x3xf32>, tensor<2x3xf32> -> tensor<2x3xf32>
  glm.return %y : tensor<2x3xf32>
}
