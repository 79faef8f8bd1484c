// RUN: glm-opt %s --glm-select-logits --split-input-file | FileCheck %s

// Through the head, its norm, the gated unit with the residual: everything works
// on one row, taken from the residual and from attention, which needs all.
// CHECK: glm.graph @step_4(%[[N:.*]]: tensor<1xi64> {glm.state = "length"}, %[[X:.*]]: tensor<1x4x8xf32> {glm.name = "x"}, %[[LAST:.*]]: tensor<1xi64> {glm.name = "last"}, %[[K:.*]]: tensor<1x1x16x8xf32> {glm.state = "k"}) -> (tensor<1x1x5xf32> {glm.name = "logits"}, tensor<1x1x16x8xf32> {glm.state = "k"})
// CHECK: %[[XROW:.*]] = glm.gather %[[X]], %[[LAST]] axis 1
// CHECK: %[[C:.*]] = glm.cache_write
// CHECK: %[[A:.*]] = glm.attention {{.*}} -> tensor<1x4x8xf32>
// CHECK: %[[ROW:.*]] = glm.gather %[[A]], %[[LAST]] axis 1 : tensor<1x4x8xf32>, tensor<1xi64> -> tensor<1x1x8xf32>
// CHECK: %[[H:.*]] = glm.add %[[XROW]], %[[ROW]] : tensor<1x1x8xf32>, tensor<1x1x8xf32> -> tensor<1x1x8xf32>
// CHECK: %[[M:.*]] = glm.matmul %[[H]], %{{.*}} -> tensor<1x1x16xf32>
// CHECK: glm.slice %[[M]] [0, 0, 0] step [1, 1, 1] : tensor<1x1x16xf32> to tensor<1x1x8xf32>
// CHECK: glm.swiglu %{{.*}} : tensor<1x1x8xf32>
// CHECK: glm.rms_norm %{{.*}} : tensor<1x1x8xf32>
// CHECK: %[[F:.*]] = glm.reshape %{{.*}} : tensor<1x1x8xf32> to tensor<1x8xf32>
// CHECK: glm.matmul %[[F]], %{{.*}} -> tensor<1x5xf32>
// CHECK-NOT: tensor<1x4x5xf32>
module attributes {glm.session = {context = 16 : i64, logits = "last"}} {
  glm.graph @step_4(%n: tensor<1xi64> {glm.state = "length"}, %x: tensor<1x4x8xf32> {glm.name = "x"}, %k: tensor<1x1x16x8xf32> {glm.state = "k"})
      -> (tensor<1x4x5xf32> {glm.name = "logits"}, tensor<1x1x16x8xf32> {glm.state = "k"}) attributes {glm.tokens = 4 : i64} {
    %w = glm.weight "w" <"m.bin", 0, 512, raw> : tensor<8x16xf32>
    %head = glm.weight "head" <"m.bin", 512, 160, raw> : tensor<8x5xf32>
    %g = glm.constant dense<1.0> : tensor<8xf32>
    %bias = glm.constant dense<2.0> : tensor<5xf32>
    %c = glm.cache_write %k, %x at %n : tensor<1x1x16x8xf32>, tensor<1x4x8xf32>, tensor<1xi64>
    %a = glm.attention %x, %c, %c past %n heads 1 kv_heads 1 scale 1.0 causal : (tensor<1x4x8xf32>, tensor<1x1x16x8xf32>, tensor<1x1x16x8xf32>, tensor<1xi64>) -> tensor<1x4x8xf32>
    %h = glm.add %x, %a : tensor<1x4x8xf32>, tensor<1x4x8xf32> -> tensor<1x4x8xf32>
    %m = glm.matmul %h, %w : tensor<1x4x8xf32>, tensor<8x16xf32> -> tensor<1x4x16xf32>
    %gate = glm.slice %m [0, 0, 0] step [1, 1, 1] : tensor<1x4x16xf32> to tensor<1x4x8xf32>
    %up = glm.slice %m [0, 0, 8] step [1, 1, 1] : tensor<1x4x16xf32> to tensor<1x4x8xf32>
    %s = glm.swiglu %gate, %up : tensor<1x4x8xf32>
    %t = glm.add %h, %s : tensor<1x4x8xf32>, tensor<1x4x8xf32> -> tensor<1x4x8xf32>
    %r = glm.rms_norm %t, %g epsilon 1.0e-05 : tensor<1x4x8xf32>, tensor<8xf32>
    %flat = glm.reshape %r : tensor<1x4x8xf32> to tensor<4x8xf32>
    %p = glm.matmul %flat, %head : tensor<4x8xf32>, tensor<8x5xf32> -> tensor<4x5xf32>
    %b = glm.add %p, %bias : tensor<4x5xf32>, tensor<5xf32> -> tensor<4x5xf32>
    %y = glm.reshape %b : tensor<4x5xf32> to tensor<1x4x5xf32>
    glm.return %y, %c : tensor<1x4x5xf32>, tensor<1x1x16x8xf32>
  }
}

// -----
// All logits are wanted; and one token has but one row.
// CHECK: @step_4(%{{.*}}: tensor<1x4x8xf32>) -> tensor<1x4x8xf32>
module attributes {glm.session = {context = 16 : i64, logits = "all"}} {
  glm.graph @step_4(%x: tensor<1x4x8xf32>) -> tensor<1x4x8xf32> attributes {glm.tokens = 4 : i64} {
    glm.return %x : tensor<1x4x8xf32>
  }
}

// -----
// CHECK: @step_1(%{{.*}}: tensor<1x1x8xf32>) -> tensor<1x1x8xf32>
module attributes {glm.session = {context = 16 : i64, logits = "last"}} {
  glm.graph @step_1(%x: tensor<1x1x8xf32>) -> tensor<1x1x8xf32> attributes {glm.tokens = 1 : i64} {
    glm.return %x : tensor<1x1x8xf32>
  }
}

// -----
// A step of integers: sums of rows, and what they are quantised from.
// CHECK-LABEL: glm.graph @step_3
// CHECK-SAME: (%[[Q:.*]]: tensor<1x3x8xui8>, %[[LAST:.*]]: tensor<1xi64>
// CHECK: %[[R:.*]] = glm.gather %[[Q]], %[[LAST]] axis 1 : tensor<1x3x8xui8>, tensor<1xi64> -> tensor<1x1x8xui8>
// CHECK: glm.dequantize %[[R]], %{{.*}} axis 1 group 3 : tensor<1x1x8xui8>, tensor<1x1x1xf32> -> tensor<1x1x8xf32>
// CHECK: glm.reduce "sum" %{{.*}} [2] : tensor<1x1x8xf32> -> tensor<1x1x1xf32>
module attributes {glm.session = {context = 16 : i64, logits = "last"}} {
  glm.graph @step_3(%q: tensor<1x3x8xui8>) -> tensor<1x3x8xf32> attributes {glm.tokens = 3 : i64} {
    %s = glm.constant dense<0.5> : tensor<1x1x1xf32>
    %x = glm.dequantize %q, %s axis 1 group 3 : tensor<1x3x8xui8>, tensor<1x1x1xf32> -> tensor<1x3x8xf32>
    %r = glm.reduce "sum" %x [2] : tensor<1x3x8xf32> -> tensor<1x3x1xf32>
    %y = glm.mul %x, %r : tensor<1x3x8xf32>, tensor<1x3x1xf32> -> tensor<1x3x8xf32>
    glm.return %y : tensor<1x3x8xf32>
  }
}
