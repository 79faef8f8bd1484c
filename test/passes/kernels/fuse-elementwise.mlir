// RUN: glm-opt %s --glm-form-kernels --glm-fuse-elementwise --split-input-file | FileCheck %s

// x and sigmoid x are one reader once they are merged.
// CHECK-LABEL: glm.graph @chain
// CHECK-COUNT-1: glm.launch
// CHECK-NOT: glm.launch
// CHECK: glm.add
// CHECK-NEXT: glm.sigmoid
// CHECK-NEXT: glm.mul
glm.graph @chain(%x: tensor<7x8xf32>, %b: tensor<8xf32>) -> tensor<7x8xf32> {
  %a = glm.add %x, %b : tensor<7x8xf32>, tensor<8xf32> -> tensor<7x8xf32>
  %s = glm.sigmoid %a : tensor<7x8xf32>
  %y = glm.mul %a, %s : tensor<7x8xf32>, tensor<7x8xf32> -> tensor<7x8xf32>
  glm.return %y : tensor<7x8xf32>
}

// -----

// Does not fire: two launches read the value, and it is a result as well.
// CHECK-LABEL: glm.graph @two_readers
// CHECK-COUNT-3: glm.launch
glm.graph @two_readers(%x: tensor<8xf32>) -> (tensor<8xf32>, tensor<8xf32>, tensor<8xf32>) {
  %e = glm.exp %x : tensor<8xf32>
  %a = glm.neg %e : tensor<8xf32>
  %b = glm.abs %e : tensor<8xf32>
  glm.return %a, %b, %e : tensor<8xf32>, tensor<8xf32>, tensor<8xf32>
}

// -----

// Near misses: an element read for another element, or for several, waits for
// what comes before it.
// CHECK-LABEL: glm.graph @moved
// CHECK-COUNT-3: glm.launch
glm.graph @moved(%x: tensor<8x8xf32>, %y: tensor<4x8x8xf32>) -> tensor<4x8x8xf32> {
  %e = glm.neg %x : tensor<8x8xf32>
  %t = glm.transpose %e [1, 0] : tensor<8x8xf32> -> tensor<8x8xf32>
  %z = glm.mul %t, %y : tensor<8x8xf32>, tensor<4x8x8xf32> -> tensor<4x8x8xf32>
  glm.return %z : tensor<4x8x8xf32>
}

// -----

// Does not fire: a product is not elementwise.
// CHECK-LABEL: glm.graph @product
// CHECK-COUNT-2: glm.launch
glm.graph @product(%x: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %m = glm.matmul %x, %x : tensor<8x8xf32>, tensor<8x8xf32> -> tensor<8x8xf32>
  %y = glm.neg %m : tensor<8x8xf32>
  glm.return %y : tensor<8x8xf32>
}

// -----

// A kernel that another launch runs as well stays for it.
// CHECK-LABEL: glm.graph @shared
// CHECK: glm.launch @[[A:.*]](%{{.*}}) :
// CHECK: glm.launch @neg(
// CHECK: glm.kernel @neg
glm.graph @shared(%x: tensor<8xf32>) -> tensor<8xf32> {
  %a = glm.launch @neg(%x) : (tensor<8xf32>) -> tensor<8xf32>
  %b = glm.launch @abs(%a) : (tensor<8xf32>) -> tensor<8xf32>
  %v = glm.reshape %b : tensor<8xf32> to tensor<2x4xf32>
  %w = glm.reshape %v : tensor<2x4xf32> to tensor<8xf32>
  %c = glm.launch @neg(%w) : (tensor<8xf32>) -> tensor<8xf32>
  glm.return %c : tensor<8xf32>
}
glm.kernel @neg(%x: tensor<8xf32>) -> tensor<8xf32> {
  %y = glm.neg %x : tensor<8xf32>
  glm.yield %y : tensor<8xf32>
}
glm.kernel @abs(%x: tensor<8xf32>) -> tensor<8xf32> {
  %y = glm.abs %x : tensor<8xf32>
  glm.yield %y : tensor<8xf32>
}

// Bytes that become wider are a boundary: what makes them and what reads them may be
// epilogues of two products, with bytes in memory between.
// CHECK-LABEL: glm.graph @bytes
// CHECK: %[[Q:.*]] = glm.launch @{{.*}}(%{{.*}}) : (tensor<4x8xf32>) -> tensor<4x8xi8>
// CHECK: glm.launch @{{.*}}(%[[Q]]{{.*}}) : (tensor<4x8xi8>{{.*}}) -> tensor<4x8xf32>
glm.graph @bytes(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %r = glm.round %x : tensor<4x8xf32>
  %q = glm.cast %r : tensor<4x8xf32> to tensor<4x8xi8>
  %f = glm.cast %q : tensor<4x8xi8> to tensor<4x8xf32>
  %y = glm.exp %f : tensor<4x8xf32>
  glm.return %y : tensor<4x8xf32>
}
