// RUN: split-file %s %t
// RUN: glm-opt %t/joined.mlir --glm-bind-state | FileCheck %t/joined.mlir
// RUN: glm-opt %t/scattered.mlir --glm-bind-state | FileCheck %t/scattered.mlir
// RUN: glm-opt %t/without.mlir --glm-bind-state | FileCheck %t/without.mlir
// RUN: glm-opt %t/refused.mlir --glm-bind-state --split-input-file --verify-diagnostics

//--- joined.mlir
// Two tokens behind 29 that are cached: room for 31, rounded up to 32. The mask
// is the causal one at full caches; positions are counted on from the length.
// CHECK: module attributes {glm.session = {context = 31 : i64, kv = "f32", logits = "last", vocabulary = 5 : i64}}
// CHECK: glm.graph @step_2(%[[N:.*]]: tensor<1xi64> {glm.state = "length"}, %[[IDS:.*]]: tensor<1x2xi64> {glm.name = "ids"},
// CHECK-SAME: %[[K:.*]]: tensor<1x2x32x8xf32> {glm.state = "past.key"}, %[[V:.*]]: tensor<1x2x32x8xf32> {glm.state = "past.value"})
// CHECK-SAME: -> (tensor<1x2x5xf32> {glm.name = "logits"}, tensor<1x2x32x8xf32> {glm.state = "past.key"}, tensor<1x2x32x8xf32> {glm.state = "past.value"})
// CHECK-DAG: %[[C:.*]] = glm.constant dense<{{\[\[}}0, 1]]> : tensor<1x2xi64>
// CHECK-DAG: %[[L:.*]] = glm.reshape %[[N]] : tensor<1xi64> to tensor<1x1xi64>
// CHECK: %[[POS:.*]] = glm.add %[[L]], %[[C]]
// CHECK: glm.cast %[[POS]] : tensor<1x2xi64> to tensor<1x2xf32>
// CHECK: %[[KW:.*]] = glm.cache_write %[[K]], %{{.*}} at %[[N]] : tensor<1x2x32x8xf32>, tensor<1x2x16xf32>, tensor<1xi64>
// CHECK: %[[VW:.*]] = glm.cache_write %[[V]], %{{.*}} at %[[N]]
// CHECK: glm.attention %{{.*}}, %[[KW]], %[[VW]] past %[[N]] heads 4 kv_heads 2 scale 2.500000e-01 causal :
// CHECK: glm.return %{{.*}}, %[[KW]], %[[VW]]
module attributes {glm.session = {context = 31 : i64, logits = "last", kv = "f32"}} {
  glm.graph @step_2(%n: tensor<1xi64> {glm.state = "length"}, %ids: tensor<1x2xi64> {glm.name = "ids", glm.role = "tokens"},
                    %pos: tensor<1x2xi64> {glm.name = "pos", glm.role = "positions"},
                    %k: tensor<1x2x29x8xf32> {glm.name = "past.key", glm.role = "cache"},
                    %v: tensor<1x2x29x8xf32> {glm.name = "past.value", glm.role = "cache"})
      -> (tensor<1x2x5xf32> {glm.name = "logits"}, tensor<1x2x31x8xf32> {glm.name = "key"}, tensor<1x2x31x8xf32> {glm.name = "value"})
      attributes {glm.tokens = 2 : i64} {
    %table = glm.weight "table" <"m.bin", 0, 640, raw> : tensor<5x32xf32>
    %columns = glm.constant dense<[[[[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30]]]]> : tensor<1x1x1x31xi64>
    %rows = glm.constant dense<[[[[29], [30]]]]> : tensor<1x1x2x1xi64>
    %mask = glm.less_equal %columns, %rows : tensor<1x1x1x31xi64>, tensor<1x1x2x1xi64> -> tensor<1x1x2x31xi1>
    %x = glm.gather %table, %ids axis 0 : tensor<5x32xf32>, tensor<1x2xi64> -> tensor<1x2x32xf32>
    %p = glm.cast %pos : tensor<1x2xi64> to tensor<1x2xf32>
    %p3 = glm.reshape %p : tensor<1x2xf32> to tensor<1x2x1xf32>
    %q = glm.add %x, %p3 : tensor<1x2x32xf32>, tensor<1x2x1xf32> -> tensor<1x2x32xf32>
    %half = glm.slice %x [0, 0, 0] step [1, 1, 1] : tensor<1x2x32xf32> to tensor<1x2x16xf32>
    %split = glm.reshape %half : tensor<1x2x16xf32> to tensor<1x2x2x8xf32>
    %new = glm.transpose %split [0, 2, 1, 3] : tensor<1x2x2x8xf32> -> tensor<1x2x2x8xf32>
    %key = glm.concat %k, %new axis 2 : (tensor<1x2x29x8xf32>, tensor<1x2x2x8xf32>) -> tensor<1x2x31x8xf32>
    %value = glm.concat %v, %new axis 2 : (tensor<1x2x29x8xf32>, tensor<1x2x2x8xf32>) -> tensor<1x2x31x8xf32>
    %a = glm.attention %q, %key, %value mask %mask heads 4 kv_heads 2 scale 0.25 guarded : (tensor<1x2x32xf32>, tensor<1x2x31x8xf32>, tensor<1x2x31x8xf32>, tensor<1x1x2x31xi1>) -> tensor<1x2x32xf32>
    %y = glm.matmul %a, %table transposed : tensor<1x2x32xf32>, tensor<5x32xf32> -> tensor<1x2x5xf32>
    glm.return %y, %key, %value : tensor<1x2x5xf32>, tensor<1x2x31x8xf32>, tensor<1x2x31x8xf32>
  }
}

//--- scattered.mlir
// A cache of its own size, written at rows that follow from a length; the length
// that comes out is the context's business.
// CHECK: glm.graph @step_1(%[[N:.*]]: tensor<1xi64> {glm.state = "length"}, %{{.*}}: tensor<1x1xi64> {glm.name = "ids"}, %[[K:.*]]: tensor<1x2x16x8xf32> {glm.state = "k"})
// CHECK-SAME: -> (tensor<1x1x16xf32> {glm.name = "logits"}, tensor<1x2x16x8xf32> {glm.state = "k"})
// CHECK: %[[W:.*]] = glm.cache_write %[[K]], %{{.*}} at %[[N]]
// CHECK: glm.attention %{{.*}}, %[[W]], %[[W]] past %[[N]] heads 2 kv_heads 2 scale 1.000000e+00 causal :
module attributes {glm.session = {context = 16 : i64, logits = "all", kv = "f32"}} {
  glm.graph @step_1(%n: tensor<1xi64> {glm.state = "length"}, %ids: tensor<1x1xi64> {glm.name = "ids", glm.role = "tokens"},
                    %at: tensor<i64> {glm.name = "at", glm.role = "length"}, %k: tensor<1x2x16x8xf32> {glm.name = "k", glm.role = "cache"})
      -> (tensor<1x1x16xf32> {glm.name = "logits"}, tensor<1x2x16x8xf32> {glm.name = "k_out"}, tensor<i64> {glm.name = "at_out"})
      attributes {glm.tokens = 1 : i64} {
    %one = glm.constant dense<1> : tensor<i64>
    %table = glm.weight "table" <"m.bin", 0, 320, raw> : tensor<5x16xf32>
    %x = glm.gather %table, %ids axis 0 : tensor<5x16xf32>, tensor<1x1xi64> -> tensor<1x1x16xf32>
    %new = glm.reshape %x : tensor<1x1x16xf32> to tensor<1x2x1x8xf32>
    %known = glm.constant dense<[[[[0, 0, 0]], [[0, 1, 0]]]]> : tensor<1x2x1x3xi64>
    %place = glm.constant dense<[0, 0, 1]> : tensor<3xi64>
    %row = glm.mul %at, %place : tensor<i64>, tensor<3xi64> -> tensor<3xi64>
    %tuples = glm.add %known, %row : tensor<1x2x1x3xi64>, tensor<3xi64> -> tensor<1x2x1x3xi64>
    %w = glm.scatter_nd %k, %tuples, %new : tensor<1x2x16x8xf32>, tensor<1x2x1x3xi64>, tensor<1x2x1x8xf32> -> tensor<1x2x16x8xf32>
    %a = glm.attention %x, %w, %w heads 2 kv_heads 2 scale 1.0 : (tensor<1x1x16xf32>, tensor<1x2x16x8xf32>, tensor<1x2x16x8xf32>) -> tensor<1x1x16xf32>
    %p = glm.cast %at : tensor<i64> to tensor<f32>
    %y = glm.add %a, %p : tensor<1x1x16xf32>, tensor<f32> -> tensor<1x1x16xf32>
    %next = glm.add %at, %one : tensor<i64>, tensor<i64> -> tensor<i64>
    glm.return %y, %w, %next : tensor<1x1x16xf32>, tensor<1x2x16x8xf32>, tensor<i64>
  }
}

//--- without.mlir
// No session: nothing is state.
// CHECK: glm.graph @run(%{{.*}}: tensor<4xf32> {glm.name = "x"}) -> tensor<4xf32>
glm.graph @run(%x: tensor<4xf32> {glm.name = "x"}) -> tensor<4xf32> {
  glm.return %x : tensor<4xf32>
}

//--- refused.mlir
// Read by something that is not attention.
module attributes {glm.session = {context = 16 : i64, logits = "all", kv = "f32"}} {
  glm.graph @step_1(%n: tensor<1xi64> {glm.state = "length"}, %x: tensor<1x2x1x8xf32> {glm.name = "x", glm.role = "tokens"},
                    %k: tensor<1x2x15x8xf32> {glm.name = "k", glm.role = "cache"}) -> tensor<1x2x16x8xf32> attributes {glm.tokens = 1 : i64} {
    %w = glm.concat %k, %x axis 2 : (tensor<1x2x15x8xf32>, tensor<1x2x1x8xf32>) -> tensor<1x2x16x8xf32>
    // expected-error @+1 {{reads the cache 'k', expected only attention to do so}}
    %y = glm.neg %w : tensor<1x2x16x8xf32>
    glm.return %y : tensor<1x2x16x8xf32>
  }
}
// -----
// New tokens before the old ones.
module attributes {glm.session = {context = 16 : i64, logits = "all", kv = "f32"}} {
  glm.graph @step_1(%n: tensor<1xi64> {glm.state = "length"}, %x: tensor<1x2x1x8xf32> {glm.name = "x", glm.role = "tokens"},
                    %k: tensor<1x2x15x8xf32> {glm.name = "k", glm.role = "cache"}) -> tensor<1x2x16x8xf32> attributes {glm.tokens = 1 : i64} {
    // expected-error @+1 {{reads the cache 'k', expected one Concat of it and the new tokens}}
    %w = glm.concat %x, %k axis 2 : (tensor<1x2x1x8xf32>, tensor<1x2x15x8xf32>) -> tensor<1x2x16x8xf32>
    glm.return %w : tensor<1x2x16x8xf32>
  }
}
// -----
// Two tokens that see each other.
module attributes {glm.session = {context = 16 : i64, logits = "all", kv = "f32"}} {
  glm.graph @step_2(%n: tensor<1xi64> {glm.state = "length"}, %x: tensor<1x2x16xf32> {glm.name = "x", glm.role = "tokens"},
                    %k: tensor<1x2x14x8xf32> {glm.name = "k", glm.role = "cache"}) -> (tensor<1x2x16xf32>, tensor<1x2x16x8xf32>) attributes {glm.tokens = 2 : i64} {
    %new = glm.reshape %x : tensor<1x2x16xf32> to tensor<1x2x2x8xf32>
    %w = glm.concat %k, %new axis 2 : (tensor<1x2x14x8xf32>, tensor<1x2x2x8xf32>) -> tensor<1x2x16x8xf32>
    // expected-error @+1 {{does not attend to a token's own and all earlier positions and to nothing else}}
    %y = glm.attention %x, %w, %w heads 2 kv_heads 2 scale 1.0 : (tensor<1x2x16xf32>, tensor<1x2x16x8xf32>, tensor<1x2x16x8xf32>) -> tensor<1x2x16xf32>
    glm.return %y, %w : tensor<1x2x16xf32>, tensor<1x2x16x8xf32>
  }
}
// -----
// A window: the first token is not seen by the last.
module attributes {glm.session = {context = 16 : i64, logits = "all", kv = "f32"}} {
  glm.graph @step_1(%n: tensor<1xi64> {glm.state = "length"}, %x: tensor<1x1x16xf32> {glm.name = "x", glm.role = "tokens"},
                    %k: tensor<1x2x15x8xf32> {glm.name = "k", glm.role = "cache"}) -> (tensor<1x1x16xf32>, tensor<1x2x16x8xf32>) attributes {glm.tokens = 1 : i64} {
    %mask = glm.constant dense<[[[[false, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true]]]]> : tensor<1x1x1x16xi1>
    %new = glm.reshape %x : tensor<1x1x16xf32> to tensor<1x2x1x8xf32>
    %w = glm.concat %k, %new axis 2 : (tensor<1x2x15x8xf32>, tensor<1x2x1x8xf32>) -> tensor<1x2x16x8xf32>
    // expected-error @+1 {{does not attend to a token's own and all earlier positions and to nothing else}}
    %y = glm.attention %x, %w, %w mask %mask heads 2 kv_heads 2 scale 1.0 : (tensor<1x1x16xf32>, tensor<1x2x16x8xf32>, tensor<1x2x16x8xf32>, tensor<1x1x1x16xi1>) -> tensor<1x1x16xf32>
    glm.return %y, %w : tensor<1x1x16xf32>, tensor<1x2x16x8xf32>
  }
}
// -----
// Positions that follow from shapes.
module attributes {glm.session = {context = 16 : i64, logits = "all", kv = "f32"}} {
  // expected-error @+1 {{the positions of tokens do not come from an input}}
  glm.graph @step_1(%n: tensor<1xi64> {glm.state = "length"}, %x: tensor<1x1x16xf32> {glm.name = "x", glm.role = "tokens"},
                    %k: tensor<1x2x15x8xf32> {glm.name = "k", glm.role = "cache"}) -> (tensor<1x1x16xf32>, tensor<1x2x16x8xf32>) attributes {glm.tokens = 1 : i64} {
    %new = glm.reshape %x : tensor<1x1x16xf32> to tensor<1x2x1x8xf32>
    %w = glm.concat %k, %new axis 2 : (tensor<1x2x15x8xf32>, tensor<1x2x1x8xf32>) -> tensor<1x2x16x8xf32>
    %y = glm.attention %x, %w, %w heads 2 kv_heads 2 scale 1.0 : (tensor<1x1x16xf32>, tensor<1x2x16x8xf32>, tensor<1x2x16x8xf32>) -> tensor<1x1x16xf32>
    glm.return %y, %w : tensor<1x1x16xf32>, tensor<1x2x16x8xf32>
  }
}
// -----
// A table of positions that ends before the context does.
module attributes {glm.session = {context = 16 : i64, logits = "all", kv = "f32"}} {
  glm.graph @step_1(%n: tensor<1xi64> {glm.state = "length"}, %x: tensor<1x1x16xf32> {glm.name = "x", glm.role = "tokens"},
                    %p: tensor<1x1xi64> {glm.name = "p", glm.role = "positions"},
                    %k: tensor<1x2x15x8xf32> {glm.name = "k", glm.role = "cache"}) -> (tensor<1x1x16xf32>, tensor<1x2x16x8xf32>) attributes {glm.tokens = 1 : i64} {
    %table = glm.weight "table" <"m.bin", 0, 640, raw> : tensor<10x16xf32>
    // expected-error @+1 {{looks up position 15 in a table of 10: --context can be at most 10}}
    %e = glm.gather %table, %p axis 0 : tensor<10x16xf32>, tensor<1x1xi64> -> tensor<1x1x16xf32>
    %q = glm.add %x, %e : tensor<1x1x16xf32>, tensor<1x1x16xf32> -> tensor<1x1x16xf32>
    %new = glm.reshape %x : tensor<1x1x16xf32> to tensor<1x2x1x8xf32>
    %w = glm.concat %k, %new axis 2 : (tensor<1x2x15x8xf32>, tensor<1x2x1x8xf32>) -> tensor<1x2x16x8xf32>
    %y = glm.attention %q, %w, %w heads 2 kv_heads 2 scale 1.0 : (tensor<1x1x16xf32>, tensor<1x2x16x8xf32>, tensor<1x2x16x8xf32>) -> tensor<1x1x16xf32>
    glm.return %y, %w : tensor<1x1x16xf32>, tensor<1x2x16x8xf32>
  }
}
// -----
// An input that is none of these.
module attributes {glm.session = {context = 16 : i64, logits = "all", kv = "f32"}} {
  // expected-error @+1 {{input 'style' is not the tokens, positions, a mask, a length or a cache}}
  glm.graph @step_1(%n: tensor<1xi64> {glm.state = "length"}, %x: tensor<1x1x16xf32> {glm.name = "style"}) -> tensor<1x1x16xf32> attributes {glm.tokens = 1 : i64} {
    glm.return %x : tensor<1x1x16xf32>
  }
}
// -----
// Nothing is kept.
module attributes {glm.session = {context = 16 : i64, logits = "all", kv = "f32"}} {
  // expected-error @+1 {{there is no cache that goes in as an input and comes out as an output}}
  glm.graph @step_1(%n: tensor<1xi64> {glm.state = "length"}, %x: tensor<1x1x16xf32> {glm.name = "x", glm.role = "tokens"}) -> tensor<1x1x16xf32> attributes {glm.tokens = 1 : i64} {
    glm.return %x : tensor<1x1x16xf32>
  }
}
