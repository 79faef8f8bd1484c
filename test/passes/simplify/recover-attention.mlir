// RUN: glm-opt %s --glm-recover-attention | FileCheck %s
// Every arrangement is in test/unit/RecoverAttentionTest.cpp; these are to be read.

// SDPA: half of the scale on q and k each, heads repeated, boolean mask, guard.
// CHECK-LABEL: @sdpa
// CHECK-SAME: (%[[Q:.*]]: tensor<1x5x32xf32>, %[[K:.*]]: tensor<1x5x16xf32>, %[[V:.*]]: tensor<1x5x16xf32>, %[[M:.*]]: tensor<1x5xi1>)
// CHECK: %[[MASK:.*]] = glm.reshape %[[M]] : tensor<1x5xi1> to tensor<1x1x1x5xi1>
// CHECK: %[[A:.*]] = glm.attention %[[Q]], %[[K]], %[[V]] mask %[[MASK]] heads 4 kv_heads 2 scale 2.500000e-01 guarded
// CHECK-NOT: glm.expand
// CHECK-NOT: glm.softmax
glm.graph @sdpa(%qt: tensor<1x5x32xf32>, %kt: tensor<1x5x16xf32>, %vt: tensor<1x5x16xf32>, %m: tensor<1x5xi1>) -> tensor<1x4x5x8xf32> {
  %half = glm.constant dense<0.5> : tensor<f32>
  %zero = glm.constant dense<0.0> : tensor<f32>
  %low = glm.constant dense<0xFF800000> : tensor<f32>
  %q4 = glm.reshape %qt : tensor<1x5x32xf32> to tensor<1x5x4x8xf32>
  %q = glm.transpose %q4 [0, 2, 1, 3] : tensor<1x5x4x8xf32> -> tensor<1x4x5x8xf32>
  %k4 = glm.reshape %kt : tensor<1x5x16xf32> to tensor<1x5x2x8xf32>
  %k = glm.transpose %k4 [0, 2, 1, 3] : tensor<1x5x2x8xf32> -> tensor<1x2x5x8xf32>
  %v4 = glm.reshape %vt : tensor<1x5x16xf32> to tensor<1x5x2x8xf32>
  %v = glm.transpose %v4 [0, 2, 1, 3] : tensor<1x5x2x8xf32> -> tensor<1x2x5x8xf32>
  %k5 = glm.reshape %k : tensor<1x2x5x8xf32> to tensor<1x2x1x5x8xf32>
  %ke = glm.expand %k5 : tensor<1x2x1x5x8xf32> to tensor<1x2x2x5x8xf32>
  %kr = glm.reshape %ke : tensor<1x2x2x5x8xf32> to tensor<4x5x8xf32>
  %kx = glm.transpose %kr [0, 2, 1] : tensor<4x5x8xf32> -> tensor<4x8x5xf32>
  %ky = glm.reshape %kx : tensor<4x8x5xf32> to tensor<1x4x8x5xf32>
  %v5 = glm.reshape %v : tensor<1x2x5x8xf32> to tensor<1x2x1x5x8xf32>
  %ve = glm.expand %v5 : tensor<1x2x1x5x8xf32> to tensor<1x2x2x5x8xf32>
  %vr = glm.reshape %ve : tensor<1x2x2x5x8xf32> to tensor<1x4x5x8xf32>
  %qs = glm.mul %q, %half : tensor<1x4x5x8xf32>, tensor<f32> -> tensor<1x4x5x8xf32>
  %ks = glm.mul %ky, %half : tensor<1x4x8x5xf32>, tensor<f32> -> tensor<1x4x8x5xf32>
  %m4 = glm.reshape %m : tensor<1x5xi1> to tensor<1x1x1x5xi1>
  %add = glm.where %m4, %zero, %low : tensor<1x1x1x5xi1>, tensor<f32>, tensor<f32> -> tensor<1x1x1x5xf32>
  %s = glm.matmul %qs, %ks : tensor<1x4x5x8xf32>, tensor<1x4x8x5xf32> -> tensor<1x4x5x5xf32>
  %sm = glm.add %s, %add : tensor<1x4x5x5xf32>, tensor<1x1x1x5xf32> -> tensor<1x4x5x5xf32>
  %p = glm.softmax %sm axis 3 : tensor<1x4x5x5xf32>
  %nan = glm.is_nan %p : tensor<1x4x5x5xf32> -> tensor<1x4x5x5xi1>
  %g = glm.where %nan, %zero, %p : tensor<1x4x5x5xi1>, tensor<f32>, tensor<1x4x5x5xf32> -> tensor<1x4x5x5xf32>
  %y = glm.matmul %g, %vr : tensor<1x4x5x5xf32>, tensor<1x4x5x8xf32> -> tensor<1x4x5x8xf32>
  glm.return %y : tensor<1x4x5x8xf32>
}

// Eager, with the lowest float as a mask's number: it stays a number.
// CHECK-LABEL: @eager
// CHECK: %[[MASK:.*]] = glm.where
// CHECK: glm.attention %{{.*}} mask %[[MASK]] heads 2 kv_heads 2 scale 2.500000e-01 :
glm.graph @eager(%q: tensor<1x2x3x4xf32>, %k: tensor<1x2x3x4xf32>, %v: tensor<1x2x3x4xf32>, %m: tensor<1x1x1x3xi1>) -> tensor<1x2x3x4xf32> {
  %quarter = glm.constant dense<0.25> : tensor<f32>
  %zero = glm.constant dense<0.0> : tensor<f32>
  %low = glm.constant dense<-3.40282347E+38> : tensor<f32>
  %add = glm.where %m, %zero, %low : tensor<1x1x1x3xi1>, tensor<f32>, tensor<f32> -> tensor<1x1x1x3xf32>
  %s = glm.matmul %q, %k transposed : tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32> -> tensor<1x2x3x3xf32>
  %c = glm.mul %s, %quarter : tensor<1x2x3x3xf32>, tensor<f32> -> tensor<1x2x3x3xf32>
  %sm = glm.add %c, %add : tensor<1x2x3x3xf32>, tensor<1x1x1x3xf32> -> tensor<1x2x3x3xf32>
  %p = glm.softmax %sm axis 3 : tensor<1x2x3x3xf32>
  %y = glm.matmul %p, %v : tensor<1x2x3x3xf32>, tensor<1x2x3x4xf32> -> tensor<1x2x3x4xf32>
  glm.return %y : tensor<1x2x3x4xf32>
}

// A constant mask, aligned to the last key of a longer cache.
// CHECK-LABEL: @causal
// CHECK: glm.attention %{{.*}}, %{{.*}}, %{{.*}} heads 1 kv_heads 1 scale 1.000000e+00 causal :
glm.graph @causal(%q: tensor<1x1x2x4xf32>, %k: tensor<1x1x3x4xf32>, %v: tensor<1x1x3x4xf32>) -> tensor<1x1x2x4xf32> {
  %m = glm.constant dense<[[[[0.0, 0.0, 0xFF800000], [0.0, 0.0, 0.0]]]]> : tensor<1x1x2x3xf32>
  %s = glm.matmul %q, %k transposed : tensor<1x1x2x4xf32>, tensor<1x1x3x4xf32> -> tensor<1x1x2x3xf32>
  %sm = glm.add %s, %m : tensor<1x1x2x3xf32>, tensor<1x1x2x3xf32> -> tensor<1x1x2x3xf32>
  %p = glm.softmax %sm axis 3 : tensor<1x1x2x3xf32>
  %y = glm.matmul %p, %v : tensor<1x1x2x3xf32>, tensor<1x1x3x4xf32> -> tensor<1x1x2x4xf32>
  glm.return %y : tensor<1x1x2x4xf32>
}

// Not causal: another constant, aligned to the first key. It stays a mask.
// CHECK-LABEL: @aligned_to_first_key
// CHECK: glm.attention %{{.*}} mask %{{.*}} scale 1.000000e+00 :
glm.graph @aligned_to_first_key(%q: tensor<1x1x2x4xf32>, %k: tensor<1x1x3x4xf32>, %v: tensor<1x1x3x4xf32>) -> tensor<1x1x2x4xf32> {
  %m = glm.constant dense<[[[[0.0, 0xFF800000, 0xFF800000], [0.0, 0.0, 0xFF800000]]]]> : tensor<1x1x2x3xf32>
  %s = glm.matmul %q, %k transposed : tensor<1x1x2x4xf32>, tensor<1x1x3x4xf32> -> tensor<1x1x2x3xf32>
  %sm = glm.add %s, %m : tensor<1x1x2x3xf32>, tensor<1x1x2x3xf32> -> tensor<1x1x2x3xf32>
  %p = glm.softmax %sm axis 3 : tensor<1x1x2x3xf32>
  %y = glm.matmul %p, %v : tensor<1x1x2x3xf32>, tensor<1x1x3x4xf32> -> tensor<1x1x2x4xf32>
  glm.return %y : tensor<1x1x2x4xf32>
}

// Does not fire: softmax over queries.
// CHECK-LABEL: @another_axis
// CHECK-NOT: glm.attention
glm.graph @another_axis(%q: tensor<1x2x3x4xf32>, %k: tensor<1x2x3x4xf32>, %v: tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32> {
  %s = glm.matmul %q, %k transposed : tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32> -> tensor<1x2x3x3xf32>
  %p = glm.softmax %s axis 2 : tensor<1x2x3x3xf32>
  %y = glm.matmul %p, %v : tensor<1x2x3x3xf32>, tensor<1x2x3x4xf32> -> tensor<1x2x3x4xf32>
  glm.return %y : tensor<1x2x3x4xf32>
}

// Does not fire: probabilities are a result too.
// CHECK-LABEL: @extra_user
// CHECK-NOT: glm.attention
glm.graph @extra_user(%q: tensor<1x2x3x4xf32>, %k: tensor<1x2x3x4xf32>, %v: tensor<1x2x3x4xf32>) -> (tensor<1x2x3x4xf32>, tensor<1x2x3x3xf32>) {
  %s = glm.matmul %q, %k transposed : tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32> -> tensor<1x2x3x3xf32>
  %p = glm.softmax %s axis 3 : tensor<1x2x3x3xf32>
  %y = glm.matmul %p, %v : tensor<1x2x3x3xf32>, tensor<1x2x3x4xf32> -> tensor<1x2x3x4xf32>
  glm.return %y, %p : tensor<1x2x3x4xf32>, tensor<1x2x3x3xf32>
}

// Does not fire: the guard lets ones through.
// CHECK-LABEL: @another_constant
// CHECK-NOT: glm.attention
glm.graph @another_constant(%q: tensor<1x2x3x4xf32>, %k: tensor<1x2x3x4xf32>, %v: tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32> {
  %one = glm.constant dense<1.0> : tensor<f32>
  %s = glm.matmul %q, %k transposed : tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32> -> tensor<1x2x3x3xf32>
  %p = glm.softmax %s axis 3 : tensor<1x2x3x3xf32>
  %nan = glm.is_nan %p : tensor<1x2x3x3xf32> -> tensor<1x2x3x3xi1>
  %g = glm.where %nan, %one, %p : tensor<1x2x3x3xi1>, tensor<f32>, tensor<1x2x3x3xf32> -> tensor<1x2x3x3xf32>
  %y = glm.matmul %g, %v : tensor<1x2x3x3xf32>, tensor<1x2x3x4xf32> -> tensor<1x2x3x4xf32>
  glm.return %y : tensor<1x2x3x4xf32>
}

// Does not fire: nothing to attend to, or nothing to compare by.
// CHECK-LABEL: @empty
// CHECK-NOT: glm.attention
glm.graph @empty(%q: tensor<1x2x3x4xf32>, %k: tensor<1x2x0x4xf32>, %none: tensor<1x2x3x0xf32>, %v: tensor<1x2x3x4xf32>) -> (tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>) {
  %s = glm.matmul %q, %k transposed : tensor<1x2x3x4xf32>, tensor<1x2x0x4xf32> -> tensor<1x2x3x0xf32>
  %p = glm.softmax %s axis 3 : tensor<1x2x3x0xf32>
  %y = glm.matmul %p, %k : tensor<1x2x3x0xf32>, tensor<1x2x0x4xf32> -> tensor<1x2x3x4xf32>
  %s1 = glm.matmul %none, %none transposed : tensor<1x2x3x0xf32>, tensor<1x2x3x0xf32> -> tensor<1x2x3x3xf32>
  %p1 = glm.softmax %s1 axis 3 : tensor<1x2x3x3xf32>
  %y1 = glm.matmul %p1, %v : tensor<1x2x3x3xf32>, tensor<1x2x3x4xf32> -> tensor<1x2x3x4xf32>
  glm.return %y, %y1 : tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>
}
