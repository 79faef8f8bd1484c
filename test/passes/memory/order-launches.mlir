// RUN: split-file %s %t
// RUN: glm-opt %t/fires.mlir --glm-order-launches | FileCheck %t/fires.mlir
// RUN: glm-opt %t/stays.mlir --glm-order-launches | FileCheck %t/stays.mlir
// RUN: glm-opt %t/refused.mlir --glm-order-launches --split-input-file --verify-diagnostics

//--- fires.mlir
glm.kernel @grow(%x: tensor<1xf32>) -> tensor<1024xf32> {
  %0 = glm.expand %x : tensor<1xf32> to tensor<1024xf32>
  glm.yield %0 : tensor<1024xf32>
}
glm.kernel @shrink(%x: tensor<32x32xf32>, %w: tensor<16xf32>) -> tensor<16xf32> {
  glm.yield %w : tensor<16xf32>
}
glm.kernel @add(%x: tensor<16xf32>, %y: tensor<16xf32>) -> tensor<16xf32> {
  %0 = glm.add %x, %y : tensor<16xf32>, tensor<16xf32> -> tensor<16xf32>
  glm.yield %0 : tensor<16xf32>
}
// Two branches, breadth first: both large values are live. Depth first one is.
// Views and constants come along; the view that only the return reads stays
// behind the launches.
// CHECK-LABEL: glm.graph @run
// CHECK-NEXT: %[[A:.*]] = glm.launch @grow
// CHECK-NEXT: %[[W:.*]] = glm.constant
// CHECK-NEXT: %[[AV:.*]] = glm.reshape %[[A]]
// CHECK-NEXT: %[[AS:.*]] = glm.launch @shrink(%[[AV]], %[[W]])
// CHECK-NEXT: %[[B:.*]] = glm.launch @grow
// CHECK-NEXT: %[[BV:.*]] = glm.reshape %[[B]]
// CHECK-NEXT: %[[BS:.*]] = glm.launch @shrink(%[[BV]], %[[W]])
// CHECK-NEXT: %[[S:.*]] = glm.launch @add(%[[AS]], %[[BS]])
// CHECK-NEXT: %[[Y:.*]] = glm.reshape %[[S]]
// CHECK-NEXT: glm.return %[[Y]]
glm.graph @run(%x: tensor<1xf32>) -> tensor<4x4xf32> {
  %w = glm.constant dense<1.0> : tensor<16xf32>
  %a = glm.launch @grow(%x) : (tensor<1xf32>) -> tensor<1024xf32>
  %b = glm.launch @grow(%x) : (tensor<1xf32>) -> tensor<1024xf32>
  %av = glm.reshape %a : tensor<1024xf32> to tensor<32x32xf32>
  %bv = glm.reshape %b : tensor<1024xf32> to tensor<32x32xf32>
  %as = glm.launch @shrink(%av, %w) : (tensor<32x32xf32>, tensor<16xf32>) -> tensor<16xf32>
  %bs = glm.launch @shrink(%bv, %w) : (tensor<32x32xf32>, tensor<16xf32>) -> tensor<16xf32>
  %s = glm.launch @add(%as, %bs) : (tensor<16xf32>, tensor<16xf32>) -> tensor<16xf32>
  %y = glm.reshape %s : tensor<16xf32> to tensor<4x4xf32>
  glm.return %y : tensor<4x4xf32>
}

// Scratch counts, and so does what is in place. The work runs while nothing else
// is live; then each branch is finished by itself, %a's in its own bytes.
glm.kernel @work(%x: tensor<1xf32>) -> tensor<16xf32> attributes {scratch = [tensor<2048xf32>]} {
  %0 = glm.expand %x : tensor<1xf32> to tensor<16xf32>
  glm.yield %0 : tensor<16xf32>
}
glm.kernel @neg(%x: tensor<1024xf32>) -> tensor<1024xf32> attributes {in_place = array<i64: 0, 0>} {
  %0 = glm.neg %x : tensor<1024xf32>
  glm.yield %0 : tensor<1024xf32>
}
glm.kernel @narrow(%x: tensor<1024xf32>) -> (tensor<16xf32>, tensor<16xf32>) {
  %0 = glm.slice %x [0] step [1] : tensor<1024xf32> to tensor<16xf32>
  %1 = glm.slice %x [16] step [1] : tensor<1024xf32> to tensor<16xf32>
  glm.yield %0, %1 : tensor<16xf32>, tensor<16xf32>
}
// CHECK-LABEL: glm.graph @scratch
// CHECK-NEXT: %[[W:.*]] = glm.launch @work
// CHECK-NEXT: %[[A:.*]] = glm.launch @grow
// CHECK-NEXT: %[[B:.*]] = glm.launch @neg(%[[A]])
// CHECK-NEXT: %[[C:.*]]:2 = glm.launch @narrow(%[[B]])
// CHECK-NEXT: %[[S:.*]] = glm.launch @add(%[[C]]#0, %[[W]])
// CHECK-NEXT: glm.launch @add(%[[S]], %[[C]]#1)
glm.graph @scratch(%x: tensor<1xf32>) -> tensor<16xf32> {
  %a = glm.launch @grow(%x) : (tensor<1xf32>) -> tensor<1024xf32>
  %b = glm.launch @neg(%a) : (tensor<1024xf32>) -> tensor<1024xf32>
  %w = glm.launch @work(%x) : (tensor<1xf32>) -> tensor<16xf32>
  %c:2 = glm.launch @narrow(%b) : (tensor<1024xf32>) -> (tensor<16xf32>, tensor<16xf32>)
  %s = glm.launch @add(%c#0, %w) : (tensor<16xf32>, tensor<16xf32>) -> tensor<16xf32>
  %t = glm.launch @add(%s, %c#1) : (tensor<16xf32>, tensor<16xf32>) -> tensor<16xf32>
  glm.return %t : tensor<16xf32>
}

//--- stays.mlir
glm.kernel @grow(%x: tensor<1xf32>) -> tensor<1024xf32> {
  %0 = glm.expand %x : tensor<1xf32> to tensor<1024xf32>
  glm.yield %0 : tensor<1024xf32>
}
glm.kernel @shrink(%x: tensor<32x32xf32>, %w: tensor<16xf32>) -> tensor<16xf32> {
  glm.yield %w : tensor<16xf32>
}
glm.kernel @dot(%x: tensor<1024xf32>, %y: tensor<1024xf32>, %w: tensor<16xf32>) -> tensor<16xf32> {
  glm.yield %w : tensor<16xf32>
}
// A view keeps its base alive: %a is read again by the last launch, so to
// shrink it early frees nothing.
// CHECK-LABEL: glm.graph @view
// CHECK-NEXT: glm.constant
// CHECK-NEXT: %[[A:.*]] = glm.launch @grow
// CHECK-NEXT: %[[B:.*]] = glm.launch @grow
// CHECK-NEXT: glm.reshape %[[A]]
// CHECK-NEXT: glm.launch @shrink
// CHECK-NEXT: glm.reshape
// CHECK-NEXT: glm.launch @dot
// CHECK-NEXT: glm.return
glm.graph @view(%x: tensor<1xf32>) -> (tensor<16xf32>, tensor<16xf32>) {
  %w = glm.constant dense<1.0> : tensor<16xf32>
  %a = glm.launch @grow(%x) : (tensor<1xf32>) -> tensor<1024xf32>
  %b = glm.launch @grow(%x) : (tensor<1xf32>) -> tensor<1024xf32>
  %av = glm.reshape %a : tensor<1024xf32> to tensor<32x32xf32>
  %as = glm.launch @shrink(%av, %w) : (tensor<32x32xf32>, tensor<16xf32>) -> tensor<16xf32>
  %again = glm.reshape %av : tensor<32x32xf32> to tensor<1024xf32>
  %d = glm.launch @dot(%again, %b, %w) : (tensor<1024xf32>, tensor<1024xf32>, tensor<16xf32>) -> tensor<16xf32>
  glm.return %as, %d : tensor<16xf32>, tensor<16xf32>
}

// Both large values are outputs, which the caller holds: no order is better.
// CHECK-LABEL: glm.graph @outputs
// CHECK-NEXT: glm.constant
// CHECK-NEXT: glm.launch @grow
// CHECK-NEXT: glm.launch @grow
// CHECK-NEXT: glm.reshape
// CHECK-NEXT: glm.launch @shrink
// CHECK-NEXT: glm.return
glm.graph @outputs(%x: tensor<1xf32>) -> (tensor<1024xf32>, tensor<1024xf32>, tensor<16xf32>) {
  %w = glm.constant dense<1.0> : tensor<16xf32>
  %a = glm.launch @grow(%x) : (tensor<1xf32>) -> tensor<1024xf32>
  %b = glm.launch @grow(%x) : (tensor<1xf32>) -> tensor<1024xf32>
  %av = glm.reshape %a : tensor<1024xf32> to tensor<32x32xf32>
  %as = glm.launch @shrink(%av, %w) : (tensor<32x32xf32>, tensor<16xf32>) -> tensor<16xf32>
  glm.return %a, %b, %as : tensor<1024xf32>, tensor<1024xf32>, tensor<16xf32>
}

//--- refused.mlir
glm.graph @run(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error@+1 {{'glm.neg' op is not in a kernel: run glm-form-kernels first}}
  %y = glm.neg %x : tensor<4xf32>
  glm.return %y : tensor<4xf32>
}
