// RUN: glm-opt %s --glm-schedule-kernels=target=x86-64-v3 --split-input-file --verify-diagnostics | FileCheck %s --check-prefixes=CHECK,ONE
// RUN: glm-opt %s --glm-schedule-kernels="target=x86-64-v3 threads=4" --split-input-file --verify-diagnostics | FileCheck %s --check-prefixes=CHECK,FOUR

// One query: its scores of all keys, 4 heads at once, in scratch:
// 4 * (8192 + 16) elements; the sums of 4 * 128 values fit on the stack.
// CHECK: glm.kernel @decode
// CHECK-SAME: family = "attention"
// ONE-SAME: schedule = {rows = 1 : i64, vector = 8 : i64}, scratch = [tensor<32832xf32>]
// FOUR-SAME: schedule = {parallel = 1 : i64, rows = 1 : i64, vector = 8 : i64}, scratch = [tensor<131328xf32>]
glm.kernel @decode(%q: tensor<1x1x2048xf32>, %k: tensor<1x4x8192x128xf32>, %v: tensor<1x4x8192x128xf32>) -> tensor<1x1x2048xf32> {
  %y = glm.attention %q, %k, %v heads 16 kv_heads 4 scale 1.0 : (tensor<1x1x2048xf32>, tensor<1x4x8192x128xf32>, tensor<1x4x8192x128xf32>) -> tensor<1x1x2048xf32>
  glm.yield %y : tensor<1x1x2048xf32>
}

// 16 tokens of 4 heads are 64 rows: 64 * (128 + 16) scores and 64 * 128 sums.
// CHECK: glm.kernel @prefill
// ONE-SAME: schedule = {rows = 16 : i64, vector = 8 : i64}, scratch = [tensor<17408xf32>]
// FOUR-SAME: schedule = {parallel = 1 : i64, rows = 16 : i64, vector = 8 : i64}, scratch = [tensor<69632xf32>]
glm.kernel @prefill(%q: tensor<1x128x2048xf32>, %k: tensor<1x128x512xf32>, %v: tensor<1x128x512xf32>) -> tensor<1x128x2048xf32> {
  %y = glm.attention %q, %k, %v heads 16 kv_heads 4 scale 1.0 causal : (tensor<1x128x2048xf32>, tensor<1x128x512xf32>, tensor<1x128x512xf32>) -> tensor<1x128x2048xf32>
  glm.yield %y : tensor<1x128x2048xf32>
}

// Tiles are about equal: 18 tokens are 9 and 9. Everything fits on the stack,
// and there is too little to do for threads.
// CHECK: glm.kernel @small
// CHECK-SAME: attributes {family = "attention", schedule = {rows = 9 : i64, vector = 8 : i64}}
glm.kernel @small(%q: tensor<1x18x32xf32>, %k: tensor<1x16x8xf32>, %v: tensor<1x16x8xf32>) -> tensor<1x18x32xf32> {
  %y = glm.attention %q, %k, %v heads 4 kv_heads 1 scale 1.0 : (tensor<1x18x32xf32>, tensor<1x16x8xf32>, tensor<1x16x8xf32>) -> tensor<1x18x32xf32>
  glm.yield %y : tensor<1x18x32xf32>
}

// How many keys there are is known at run time; scratch is for all that have
// room: 4 * (2048 + 16).
// CHECK: glm.kernel @cached
// CHECK-SAME: family = "attention"
// ONE-SAME: schedule = {rows = 1 : i64, vector = 8 : i64}, scratch = [tensor<8256xf32>]
glm.kernel @cached(%q: tensor<1x1x2048xf32>, %k: tensor<1x4x2048x128xf16>, %v: tensor<1x4x2048x128xi8>, %s: tensor<1x4x2048x1xf32>, %n: tensor<1xi64>) -> tensor<1x1x2048xf32> {
  %a = glm.cast %k : tensor<1x4x2048x128xf16> to tensor<1x4x2048x128xf32>
  %b = glm.cast %v : tensor<1x4x2048x128xi8> to tensor<1x4x2048x128xf32>
  %c = glm.mul %b, %s : tensor<1x4x2048x128xf32>, tensor<1x4x2048x1xf32> -> tensor<1x4x2048x128xf32>
  %y = glm.attention %q, %a, %c past %n heads 16 kv_heads 4 scale 1.0 causal : (tensor<1x1x2048xf32>, tensor<1x4x2048x128xf32>, tensor<1x4x2048x128xf32>, tensor<1xi64>) -> tensor<1x1x2048xf32>
  glm.yield %y : tensor<1x1x2048xf32>
}

// Element ops and rotary before, pointwise ops after.
// CHECK: glm.kernel @around
// CHECK-SAME: family = "attention"
glm.kernel @around(%q: tensor<1x1x8xf32>, %a: tensor<1x1x2xf32>, %old: tensor<1x2x3x4xf32>, %new: tensor<1x2x1x4xf32>, %v: tensor<1x4x2x4xf32>) -> tensor<1x1x8xf32> {
  %r = glm.rotary %q, %a, %a heads 2 : tensor<1x1x8xf32>, tensor<1x1x2xf32>, tensor<1x1x2xf32>
  %k = glm.concat %old, %new axis 2 : (tensor<1x2x3x4xf32>, tensor<1x2x1x4xf32>) -> tensor<1x2x4x4xf32>
  %t = glm.transpose %v [0, 2, 1, 3] : tensor<1x4x2x4xf32> -> tensor<1x2x4x4xf32>
  %y = glm.attention %r, %k, %t heads 2 kv_heads 2 scale 1.0 : (tensor<1x1x8xf32>, tensor<1x2x4x4xf32>, tensor<1x2x4x4xf32>) -> tensor<1x1x8xf32>
  %z = glm.neg %y : tensor<1x1x8xf32>
  glm.yield %z : tensor<1x1x8xf32>
}

// -----

// expected-error @below {{no kernel family takes this region}}
glm.kernel @two(%q: tensor<1x4x4xf32>) -> tensor<1x4x4xf32> {
  %y = glm.attention %q, %q, %q heads 1 kv_heads 1 scale 1.0 : (tensor<1x4x4xf32>, tensor<1x4x4xf32>, tensor<1x4x4xf32>) -> tensor<1x4x4xf32>
  %z = glm.attention %y, %q, %q heads 1 kv_heads 1 scale 1.0 : (tensor<1x4x4xf32>, tensor<1x4x4xf32>, tensor<1x4x4xf32>) -> tensor<1x4x4xf32>
  glm.yield %z : tensor<1x4x4xf32>
}

// -----

// expected-error @below {{no kernel family takes this region}}
glm.kernel @moved(%q: tensor<1x4x4xf32>) -> tensor<4x1x4xf32> {
  %y = glm.attention %q, %q, %q heads 1 kv_heads 1 scale 1.0 : (tensor<1x4x4xf32>, tensor<1x4x4xf32>, tensor<1x4x4xf32>) -> tensor<1x4x4xf32>
  %z = glm.transpose %y [1, 0, 2] : tensor<1x4x4xf32> -> tensor<4x1x4xf32>
  glm.yield %z : tensor<4x1x4xf32>
}

// -----

// Blocks of keys are whole.
// expected-error @below {{no kernel family takes this region}}
glm.kernel @room(%q: tensor<1x4x4xf32>, %k: tensor<1x1x40x4xf32>, %n: tensor<1xi64>) -> tensor<1x4x4xf32> {
  %y = glm.attention %q, %k, %k past %n heads 1 kv_heads 1 scale 1.0 : (tensor<1x4x4xf32>, tensor<1x1x40x4xf32>, tensor<1x1x40x4xf32>, tensor<1xi64>) -> tensor<1x4x4xf32>
  glm.yield %y : tensor<1x4x4xf32>
}

// -----

// How many keys there are is in a buffer.
// expected-error @below {{no kernel family takes this region}}
glm.kernel @computed(%q: tensor<1x4x4xf32>, %k: tensor<1x1x48x4xf32>, %n: tensor<1xi64>) -> tensor<1x4x4xf32> {
  %m = glm.neg %n : tensor<1xi64>
  %y = glm.attention %q, %k, %k past %m heads 1 kv_heads 1 scale 1.0 : (tensor<1x4x4xf32>, tensor<1x1x48x4xf32>, tensor<1x1x48x4xf32>, tensor<1xi64>) -> tensor<1x4x4xf32>
  glm.yield %y : tensor<1x4x4xf32>
}
