// RUN: glm-opt %s --glm-form-kernels --glm-fuse-siblings --split-input-file | FileCheck %s

// cos and sin of one angle.
// CHECK-LABEL: glm.graph @table
// CHECK: %[[A:.*]] = glm.launch @mul
// CHECK-NEXT: %[[L:.*]]:2 = glm.launch @{{.*}}(%[[A]])
// CHECK-NEXT: glm.return %[[L]]#0, %[[L]]#1
glm.graph @table(%p: tensor<7x1xf32>, %f: tensor<1x4xf32>) -> (tensor<7x4xf32>, tensor<7x4xf32>) {
  %a = glm.mul %p, %f : tensor<7x1xf32>, tensor<1x4xf32> -> tensor<7x4xf32>
  %c = glm.cos %a : tensor<7x4xf32>
  %s = glm.sin %a : tensor<7x4xf32>
  glm.return %c, %s : tensor<7x4xf32>, tensor<7x4xf32>
}

// -----

// Two results of one launch, appended to two caches.
// CHECK-LABEL: glm.graph @caches
// CHECK-NEXT: %[[K:.*]]:2 = glm.launch @kv
// CHECK-NEXT: glm.launch @{{.*}}(%{{.*}}, %[[K]]#0, %{{.*}}, %[[K]]#1)
// CHECK-NEXT: glm.return
glm.graph @caches(%x: tensor<1x4xf32>, %k: tensor<7x4xf32>, %v: tensor<7x4xf32>) -> (tensor<8x4xf32>, tensor<8x4xf32>) {
  %kv:2 = glm.launch @kv(%x) : (tensor<1x4xf32>) -> (tensor<1x4xf32>, tensor<1x4xf32>)
  %a = glm.concat %k, %kv#0 axis 0 : (tensor<7x4xf32>, tensor<1x4xf32>) -> tensor<8x4xf32>
  %b = glm.concat %v, %kv#1 axis 0 : (tensor<7x4xf32>, tensor<1x4xf32>) -> tensor<8x4xf32>
  glm.return %a, %b : tensor<8x4xf32>, tensor<8x4xf32>
}
glm.kernel @kv(%x: tensor<1x4xf32>) -> (tensor<1x4xf32>, tensor<1x4xf32>) {
  %a = glm.neg %x : tensor<1x4xf32>
  %b = glm.exp %x : tensor<1x4xf32>
  glm.yield %a, %b : tensor<1x4xf32>, tensor<1x4xf32>
}

// -----

// Two caches, written at one place; lengths that are inputs, made anywhere.
// CHECK-LABEL: glm.graph @updates
// CHECK-NEXT: %{{.*}}:2 = glm.launch @scatter_nd
// CHECK-NEXT: %{{.*}}:2 = glm.launch @abs
// CHECK-NEXT: glm.return
glm.graph @updates(%k: tensor<8x4xf32>, %v: tensor<8x4xf32>, %i: tensor<1x1xi64>, %u: tensor<1x4xf32>, %n: tensor<i64>, %m: tensor<i64>) -> (tensor<8x4xf32>, tensor<8x4xf32>, tensor<i64>, tensor<i64>) {
  %o = glm.neg %n : tensor<i64>
  %a = glm.scatter_nd %k, %i, %u : tensor<8x4xf32>, tensor<1x1xi64>, tensor<1x4xf32> -> tensor<8x4xf32>
  %b = glm.scatter_nd %v, %i, %u : tensor<8x4xf32>, tensor<1x1xi64>, tensor<1x4xf32> -> tensor<8x4xf32>
  %p = glm.abs %m : tensor<i64>
  glm.return %a, %b, %o, %p : tensor<8x4xf32>, tensor<8x4xf32>, tensor<i64>, tensor<i64>
}

// -----

// Near misses: another type; one needs the other; nothing in common.
// CHECK-LABEL: glm.graph @types
// CHECK-COUNT-2: glm.launch
glm.graph @types(%x: tensor<8xf32>) -> (tensor<8xf32>, tensor<8xi1>) {
  %a = glm.neg %x : tensor<8xf32>
  %b = glm.is_nan %x : tensor<8xf32> -> tensor<8xi1>
  glm.return %a, %b : tensor<8xf32>, tensor<8xi1>
}
// CHECK-LABEL: glm.graph @chain
// CHECK-COUNT-2: glm.launch
glm.graph @chain(%x: tensor<8xf32>) -> (tensor<8xf32>, tensor<8xf32>) {
  %a = glm.exp %x : tensor<8xf32>
  %b = glm.add %a, %x : tensor<8xf32>, tensor<8xf32> -> tensor<8xf32>
  glm.return %a, %b : tensor<8xf32>, tensor<8xf32>
}
// CHECK-LABEL: glm.graph @strangers
// CHECK-COUNT-4: glm.launch
glm.graph @strangers(%x: tensor<8x8xf32>, %y: tensor<8x8xf32>) -> (tensor<8x8xf32>, tensor<8x8xf32>) {
  %a = glm.matmul %x, %x : tensor<8x8xf32>, tensor<8x8xf32> -> tensor<8x8xf32>
  %b = glm.matmul %y, %y : tensor<8x8xf32>, tensor<8x8xf32> -> tensor<8x8xf32>
  %c = glm.exp %a : tensor<8x8xf32>
  %d = glm.exp %b : tensor<8x8xf32>
  glm.return %c, %d : tensor<8x8xf32>, tensor<8x8xf32>
}
