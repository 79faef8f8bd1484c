// RUN: glm-opt %s --glm-recover-cache-update | FileCheck %s

// A token written at %at into a cache [batch, heads, tokens, features].
// CHECK-LABEL: @decode
// CHECK-SAME: (%[[CACHE:.*]]: tensor<1x2x8x4xf32>, %[[AT:.*]]: tensor<1x1xi64>, %[[K:.*]]: tensor<1x1x2x4xf32>)
// CHECK-DAG: %[[HEADS:.*]] = glm.constant dense<{{\[\[\[\[}}0, 0, 0]], {{\[\[}}0, 1, 0{{\]\]\]\]}}> : tensor<1x2x1x3xi64>
// CHECK-DAG: %[[PLACE:.*]] = glm.constant dense<[0, 0, 1]> : tensor<3xi64>
// CHECK: %[[TOKEN:.*]] = glm.reshape %[[AT]] : tensor<1x1xi64> to tensor<1x1x1x1xi64>
// CHECK: %[[PLACED:.*]] = glm.mul %[[TOKEN]], %[[PLACE]]
// CHECK: %[[TUPLES:.*]] = glm.add %[[HEADS]], %[[PLACED]]
// CHECK: %[[U:.*]] = glm.reshape %[[K]] : tensor<1x1x2x4xf32> to tensor<1x2x1x4xf32>
// CHECK: %[[Y:.*]] = glm.scatter_nd %[[CACHE]], %[[TUPLES]], %[[U]]
// CHECK-NOT: glm.transpose
// CHECK: glm.return %[[Y]]
glm.graph @decode(%cache: tensor<1x2x8x4xf32>, %at: tensor<1x1xi64>, %k: tensor<1x1x2x4xf32>) -> tensor<1x2x8x4xf32> {
  %t = glm.transpose %cache [2, 0, 1, 3] : tensor<1x2x8x4xf32> -> tensor<8x1x2x4xf32>
  %w = glm.scatter_nd %t, %at, %k : tensor<8x1x2x4xf32>, tensor<1x1xi64>, tensor<1x1x2x4xf32> -> tensor<8x1x2x4xf32>
  %y = glm.transpose %w [1, 2, 0, 3] : tensor<8x1x2x4xf32> -> tensor<1x2x8x4xf32>
  glm.return %y : tensor<1x2x8x4xf32>
}

// Several tokens: only they are transposed. Two readers of one order.
// CHECK-LABEL: @prefill
// CHECK: glm.transpose %{{.*}} [1, 2, 0, 3] : tensor<3x2x2x4xf32> -> tensor<2x2x3x4xf32>
// CHECK: glm.scatter_nd {{.*}} : tensor<2x2x8x4xf32>, tensor<2x2x3x3xi32>, tensor<2x2x3x4xf32>
// CHECK-NOT: glm.transpose
glm.graph @prefill(%cache: tensor<2x2x8x4xf32>, %at: tensor<3x1xi32>, %k: tensor<3x2x2x4xf32>)
    -> (tensor<2x2x8x4xf32>, tensor<2x2x8x4xf32>) {
  %t = glm.transpose %cache [2, 0, 1, 3] : tensor<2x2x8x4xf32> -> tensor<8x2x2x4xf32>
  %w = glm.scatter_nd %t, %at, %k : tensor<8x2x2x4xf32>, tensor<3x1xi32>, tensor<3x2x2x4xf32> -> tensor<8x2x2x4xf32>
  %y = glm.transpose %w [1, 2, 0, 3] : tensor<8x2x2x4xf32> -> tensor<2x2x8x4xf32>
  %z = glm.transpose %w [1, 2, 0, 3] : tensor<8x2x2x4xf32> -> tensor<2x2x8x4xf32>
  %n = glm.neg %z : tensor<2x2x8x4xf32>
  glm.return %y, %n : tensor<2x2x8x4xf32>, tensor<2x2x8x4xf32>
}

// Tuples of two, in another order.
// CHECK-LABEL: @pairs
// CHECK-COUNT-2: glm.slice
// CHECK: glm.scatter_nd {{.*}} : tensor<3x2x2x4xf32>, tensor<2x5x3xi64>, tensor<2x5x4xf32>
glm.graph @pairs(%x: tensor<3x2x2x4xf32>, %at: tensor<5x2xi64>, %u: tensor<5x2x4xf32>) -> tensor<3x2x2x4xf32> {
  %t = glm.transpose %x [2, 0, 1, 3] : tensor<3x2x2x4xf32> -> tensor<2x3x2x4xf32>
  %w = glm.scatter_nd %t, %at, %u : tensor<2x3x2x4xf32>, tensor<5x2xi64>, tensor<5x2x4xf32> -> tensor<2x3x2x4xf32>
  %y = glm.transpose %w [1, 2, 0, 3] : tensor<2x3x2x4xf32> -> tensor<3x2x2x4xf32>
  glm.return %y : tensor<3x2x2x4xf32>
}

// A constant cache is transposed when compiling.
// CHECK-LABEL: @empty_cache
// CHECK: glm.transpose {{.*}} : tensor<8x1x2x4xf32> -> tensor<1x2x8x4xf32>
// CHECK: glm.scatter_nd {{.*}} : tensor<1x2x8x4xf32>, tensor<1x2x1x3xi64>, tensor<1x2x1x4xf32>
// CHECK-NOT: glm.transpose
glm.graph @empty_cache(%at: tensor<1x1xi64>, %k: tensor<1x1x2x4xf32>) -> tensor<1x2x8x4xf32> {
  %zeros = glm.constant dense<0.0> : tensor<8x1x2x4xf32>
  %w = glm.scatter_nd %zeros, %at, %k : tensor<8x1x2x4xf32>, tensor<1x1xi64>, tensor<1x1x2x4xf32> -> tensor<8x1x2x4xf32>
  %y = glm.transpose %w [1, 2, 0, 3] : tensor<8x1x2x4xf32> -> tensor<1x2x8x4xf32>
  glm.return %y : tensor<1x2x8x4xf32>
}

// Does not fire: another transpose back.
// CHECK-LABEL: @another_order
// CHECK: glm.transpose %{{.*}} [2, 0, 1, 3]
// CHECK: glm.scatter_nd
// CHECK: glm.transpose %{{.*}} [2, 1, 0, 3]
glm.graph @another_order(%x: tensor<2x2x2x4xf32>, %at: tensor<1x1xi64>, %k: tensor<1x2x2x4xf32>) -> tensor<2x2x2x4xf32> {
  %t = glm.transpose %x [2, 0, 1, 3] : tensor<2x2x2x4xf32> -> tensor<2x2x2x4xf32>
  %w = glm.scatter_nd %t, %at, %k : tensor<2x2x2x4xf32>, tensor<1x1xi64>, tensor<1x2x2x4xf32> -> tensor<2x2x2x4xf32>
  %y = glm.transpose %w [2, 1, 0, 3] : tensor<2x2x2x4xf32> -> tensor<2x2x2x4xf32>
  glm.return %y : tensor<2x2x2x4xf32>
}

// Does not fire: the scattered order is read too.
// CHECK-LABEL: @extra_user
// CHECK: glm.scatter_nd {{.*}} tensor<1x1xi64>
glm.graph @extra_user(%cache: tensor<1x2x8x4xf32>, %at: tensor<1x1xi64>, %k: tensor<1x1x2x4xf32>)
    -> (tensor<1x2x8x4xf32>, tensor<8x1x2x4xf32>) {
  %t = glm.transpose %cache [2, 0, 1, 3] : tensor<1x2x8x4xf32> -> tensor<8x1x2x4xf32>
  %w = glm.scatter_nd %t, %at, %k : tensor<8x1x2x4xf32>, tensor<1x1xi64>, tensor<1x1x2x4xf32> -> tensor<8x1x2x4xf32>
  %y = glm.transpose %w [1, 2, 0, 3] : tensor<8x1x2x4xf32> -> tensor<1x2x8x4xf32>
  glm.return %y, %w : tensor<1x2x8x4xf32>, tensor<8x1x2x4xf32>
}

// Does not fire: the cache comes as it is written.
// CHECK-LABEL: @computed
// CHECK: glm.scatter_nd {{.*}} tensor<1x1xi64>
glm.graph @computed(%x: tensor<8x1x2x4xf32>, %at: tensor<1x1xi64>, %k: tensor<1x1x2x4xf32>) -> tensor<1x2x8x4xf32> {
  %n = glm.neg %x : tensor<8x1x2x4xf32>
  %w = glm.scatter_nd %n, %at, %k : tensor<8x1x2x4xf32>, tensor<1x1xi64>, tensor<1x1x2x4xf32> -> tensor<8x1x2x4xf32>
  %y = glm.transpose %w [1, 2, 0, 3] : tensor<8x1x2x4xf32> -> tensor<1x2x8x4xf32>
  glm.return %y : tensor<1x2x8x4xf32>
}
