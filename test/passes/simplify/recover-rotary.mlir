// RUN: glm-opt %s --glm-recover-rotary | FileCheck %s
// Every arrangement is in test/unit/RecoverRotaryTest.cpp; these are to be read.

// As GLM: pairs next to each other, half of each head, tables by repeat_interleave.
// CHECK-LABEL: @interleaved
// CHECK-SAME: (%[[Q:.*]]: tensor<1x7x32xf32>, %[[ANGLES:.*]]: tensor<1x7x4xf32>)
// CHECK: %[[COS:.*]] = glm.slice %{{.*}} [0, 0, 0] step [1, 1, 1] : tensor<1x7x4xf32> to tensor<1x7x2xf32>
// CHECK: %[[SIN:.*]] = glm.slice %{{.*}} [0, 0, 0] step [1, 1, 1] : tensor<1x7x4xf32> to tensor<1x7x2xf32>
// CHECK: %[[R:.*]] = glm.rotary %[[Q]], %[[COS]], %[[SIN]] heads 4 interleaved
// CHECK: %[[H:.*]] = glm.reshape %[[R]] : tensor<1x7x32xf32> to tensor<1x7x4x8xf32>
// CHECK: %[[Y:.*]] = glm.transpose %[[H]] [0, 2, 1, 3]
// CHECK: glm.return %[[Y]]
glm.graph @interleaved(%q: tensor<1x7x32xf32>, %angles: tensor<1x7x4xf32>) -> tensor<1x4x7x8xf32> {
  %split = glm.reshape %q : tensor<1x7x32xf32> to tensor<1x7x4x8xf32>
  %x = glm.transpose %split [0, 2, 1, 3] : tensor<1x7x4x8xf32> -> tensor<1x4x7x8xf32>
  %cos = glm.cos %angles : tensor<1x7x4xf32>
  %sin = glm.sin %angles : tensor<1x7x4xf32>
  %c0 = glm.slice %cos [0, 0, 0] step [1, 1, 1] : tensor<1x7x4xf32> to tensor<1x7x2xf32>
  %c1 = glm.reshape %c0 : tensor<1x7x2xf32> to tensor<1x1x7x2x1xf32>
  %c2 = glm.expand %c1 : tensor<1x1x7x2x1xf32> to tensor<1x1x7x2x2xf32>
  %c = glm.reshape %c2 : tensor<1x1x7x2x2xf32> to tensor<1x1x7x4xf32>
  %s0 = glm.slice %sin [0, 0, 0] step [1, 1, 1] : tensor<1x7x4xf32> to tensor<1x7x2xf32>
  %s1 = glm.reshape %s0 : tensor<1x7x2xf32> to tensor<1x1x7x2x1xf32>
  %s2 = glm.expand %s1 : tensor<1x1x7x2x1xf32> to tensor<1x1x7x2x2xf32>
  %s = glm.reshape %s2 : tensor<1x1x7x2x2xf32> to tensor<1x1x7x4xf32>
  %turn = glm.slice %x [0, 0, 0, 0] step [1, 1, 1, 1] : tensor<1x4x7x8xf32> to tensor<1x4x7x4xf32>
  %pass = glm.slice %x [0, 0, 0, 4] step [1, 1, 1, 1] : tensor<1x4x7x8xf32> to tensor<1x4x7x4xf32>
  %even = glm.slice %turn [0, 0, 0, 0] step [1, 1, 1, 2] : tensor<1x4x7x4xf32> to tensor<1x4x7x2xf32>
  %odd = glm.slice %turn [0, 0, 0, 1] step [1, 1, 1, 2] : tensor<1x4x7x4xf32> to tensor<1x4x7x2xf32>
  %minus = glm.neg %odd : tensor<1x4x7x2xf32>
  %a = glm.reshape %minus : tensor<1x4x7x2xf32> to tensor<1x4x7x2x1xf32>
  %b = glm.reshape %even : tensor<1x4x7x2xf32> to tensor<1x4x7x2x1xf32>
  %pairs = glm.concat %a, %b axis 4 : (tensor<1x4x7x2x1xf32>, tensor<1x4x7x2x1xf32>) -> tensor<1x4x7x2x2xf32>
  %turned = glm.reshape %pairs : tensor<1x4x7x2x2xf32> to tensor<1x4x7x4xf32>
  %xc = glm.mul %turn, %c : tensor<1x4x7x4xf32>, tensor<1x1x7x4xf32> -> tensor<1x4x7x4xf32>
  %xs = glm.mul %turned, %s : tensor<1x4x7x4xf32>, tensor<1x1x7x4xf32> -> tensor<1x4x7x4xf32>
  %sum = glm.add %xc, %xs : tensor<1x4x7x4xf32>, tensor<1x4x7x4xf32> -> tensor<1x4x7x4xf32>
  %y = glm.concat %sum, %pass axis 3 : (tensor<1x4x7x4xf32>, tensor<1x4x7x4xf32>) -> tensor<1x4x7x8xf32>
  glm.return %y : tensor<1x4x7x8xf32>
}

// As GPT-NeoX: halves of a head, tables with two equal halves.
// CHECK-LABEL: @halves
// CHECK-SAME: (%[[Q:.*]]: tensor<1x7x32xf32>
// CHECK: glm.rotary %[[Q]], %{{.*}}, %{{.*}} heads 4 : tensor<1x7x32xf32>, tensor<1x7x4xf32>
glm.graph @halves(%q: tensor<1x7x32xf32>, %angles: tensor<1x7x4xf32>) -> tensor<1x4x7x8xf32> {
  %split = glm.reshape %q : tensor<1x7x32xf32> to tensor<1x7x4x8xf32>
  %x = glm.transpose %split [0, 2, 1, 3] : tensor<1x7x4x8xf32> -> tensor<1x4x7x8xf32>
  %both = glm.concat %angles, %angles axis 2 : (tensor<1x7x4xf32>, tensor<1x7x4xf32>) -> tensor<1x7x8xf32>
  %c = glm.cos %both : tensor<1x7x8xf32>
  %s = glm.sin %both : tensor<1x7x8xf32>
  %first = glm.slice %x [0, 0, 0, 0] step [1, 1, 1, 1] : tensor<1x4x7x8xf32> to tensor<1x4x7x4xf32>
  %second = glm.slice %x [0, 0, 0, 4] step [1, 1, 1, 1] : tensor<1x4x7x8xf32> to tensor<1x4x7x4xf32>
  %minus = glm.neg %second : tensor<1x4x7x4xf32>
  %turned = glm.concat %minus, %first axis 3 : (tensor<1x4x7x4xf32>, tensor<1x4x7x4xf32>) -> tensor<1x4x7x8xf32>
  %xc = glm.mul %x, %c : tensor<1x4x7x8xf32>, tensor<1x7x8xf32> -> tensor<1x4x7x8xf32>
  %xs = glm.mul %turned, %s : tensor<1x4x7x8xf32>, tensor<1x7x8xf32> -> tensor<1x4x7x8xf32>
  %y = glm.add %xc, %xs : tensor<1x4x7x8xf32>, tensor<1x4x7x8xf32> -> tensor<1x4x7x8xf32>
  glm.return %y : tensor<1x4x7x8xf32>
}

// Does not fire: the other half is negated, which turns pairs of the same kind
// the other way with one of them mirrored.
// CHECK-LABEL: @wrong_sign
// CHECK-NOT: glm.rotary
glm.graph @wrong_sign(%x: tensor<1x4x7x8xf32>, %c: tensor<1x7x1xf32>, %s: tensor<1x7x1xf32>) -> tensor<1x4x7x8xf32> {
  %first = glm.slice %x [0, 0, 0, 0] step [1, 1, 1, 1] : tensor<1x4x7x8xf32> to tensor<1x4x7x4xf32>
  %second = glm.slice %x [0, 0, 0, 4] step [1, 1, 1, 1] : tensor<1x4x7x8xf32> to tensor<1x4x7x4xf32>
  %turned = glm.concat %second, %first axis 3 : (tensor<1x4x7x4xf32>, tensor<1x4x7x4xf32>) -> tensor<1x4x7x8xf32>
  %xc = glm.mul %x, %c : tensor<1x4x7x8xf32>, tensor<1x7x1xf32> -> tensor<1x4x7x8xf32>
  %xs = glm.mul %turned, %s : tensor<1x4x7x8xf32>, tensor<1x7x1xf32> -> tensor<1x4x7x8xf32>
  %y = glm.add %xc, %xs : tensor<1x4x7x8xf32>, tensor<1x4x7x8xf32> -> tensor<1x4x7x8xf32>
  glm.return %y : tensor<1x4x7x8xf32>
}

// Does not fire: a product is read elsewhere and would be computed twice.
// CHECK-LABEL: @extra_user
// CHECK-NOT: glm.rotary
glm.graph @extra_user(%x: tensor<1x4x7x8xf32>, %c: tensor<1x7x1xf32>, %s: tensor<1x7x1xf32>)
    -> (tensor<1x4x7x8xf32>, tensor<1x4x7x8xf32>) {
  %first = glm.slice %x [0, 0, 0, 0] step [1, 1, 1, 1] : tensor<1x4x7x8xf32> to tensor<1x4x7x4xf32>
  %second = glm.slice %x [0, 0, 0, 4] step [1, 1, 1, 1] : tensor<1x4x7x8xf32> to tensor<1x4x7x4xf32>
  %minus = glm.neg %second : tensor<1x4x7x4xf32>
  %turned = glm.concat %minus, %first axis 3 : (tensor<1x4x7x4xf32>, tensor<1x4x7x4xf32>) -> tensor<1x4x7x8xf32>
  %xc = glm.mul %x, %c : tensor<1x4x7x8xf32>, tensor<1x7x1xf32> -> tensor<1x4x7x8xf32>
  %xs = glm.mul %turned, %s : tensor<1x4x7x8xf32>, tensor<1x7x1xf32> -> tensor<1x4x7x8xf32>
  %y = glm.add %xc, %xs : tensor<1x4x7x8xf32>, tensor<1x4x7x8xf32> -> tensor<1x4x7x8xf32>
  glm.return %y, %xc : tensor<1x4x7x8xf32>, tensor<1x4x7x8xf32>
}
