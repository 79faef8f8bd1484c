// RUN: split-file %s %t
// RUN: glm-opt %t/plan.mlir --glm-plan-memory | FileCheck %t/plan.mlir
// RUN: glm-opt %t/in-place.mlir --glm-plan-memory | FileCheck %t/in-place.mlir
// RUN: glm-opt %t/several.mlir --glm-plan-memory | FileCheck %t/several.mlir
// RUN: glm-opt %t/search.mlir --glm-plan-memory | FileCheck %t/search.mlir
// RUN: glm-opt %t/outputs.mlir --glm-plan-memory | FileCheck %t/outputs.mlir
// RUN: glm-opt %t/outputs.mlir --glm-plan-memory=io-arena | FileCheck %t/outputs.mlir --check-prefix=IO
// RUN: glm-opt %t/io-attribute.mlir --glm-plan-memory | FileCheck %t/io-attribute.mlir
// RUN: glm-opt %t/entry-points.mlir --glm-plan-memory | FileCheck %t/entry-points.mlir
// RUN: glm-opt %t/nothing.mlir --glm-plan-memory | FileCheck %t/nothing.mlir
// RUN: glm-opt %t/refused.mlir --glm-plan-memory --split-input-file --verify-diagnostics

//--- plan.mlir
// Weights in order of first use, equal ones once, views at the place of their
// base, scratch and certificate.
glm.kernel @mul(%x: tensor<2x10xf32>, %w: !glm.packed<tensor<2x10xf32>, #glm.panels<1, 16>>) -> tensor<2x10xf32>
    attributes {scratch = [tensor<70xf32>]} {
  glm.yield %x : tensor<2x10xf32>
}
glm.kernel @add(%x: tensor<20xf32>, %y: tensor<20xf32>, %z: tensor<20xf32>) -> tensor<20xf32> {
  %0 = glm.add %x, %y : tensor<20xf32>, tensor<20xf32> -> tensor<20xf32>
  glm.yield %0 : tensor<20xf32>
}
// CHECK-NOT: glm.graph
// CHECK-NOT: dense<7.0
// CHECK:      glm.placed_weight "w" at 0 type !glm.packed<tensor<2x10xf32>, #glm.panels<1, 16>> source #glm.stored<"m.bin", 0, 80, raw>
// CHECK-NEXT: glm.placed_weight "c0" at 128 type tensor<4x5xf32> source dense<1.000000e+00> : tensor<4x5xf32>
// CHECK-NEXT: glm.placed_weight "w.1" at 256 type tensor<20xf32> source #glm.stored<"m.bin", 0, 80, raw>
// CHECK-NEXT: glm.placed_weight "c1" at 384 type tensor<20xf32> source dense<2.000000e+00> : tensor<20xf32>
// CHECK-NOT:  glm.placed_weight
// At the first launch: 80 bytes made and 280 of scratch; then twice 80.
// CHECK:      glm.program @run arena 448 bound 448 peak ["layer/mul scratch: 0..280", "layer/mul: 320..400"]
// CHECK-SAME:   inputs [#glm.parameter<"x", tensor<20xf32>, <input 0[0:80]>>]
// CHECK-SAME:   outputs [#glm.parameter<"output0", tensor<4x5xf32>, <output 0[0:80]>>]
// CHECK-NEXT:   glm.planned_launch @mul on "cpu" reads [#glm.place<input 0[0:80]>, #glm.place<weights[0:128]>] writes [#glm.place<arena[320:80]>] scratch [#glm.place<arena[0:280]>]
// CHECK-NEXT:   glm.planned_launch @add on "cpu" reads [#glm.place<arena[320:80]>, #glm.place<weights[128:80]>, #glm.place<weights[256:80]>] writes [#glm.place<arena[0:80]>] scratch []
// CHECK-NEXT:   glm.planned_launch @add on "cpu" reads [#glm.place<arena[0:80]>, #glm.place<weights[384:80]>, #glm.place<weights[128:80]>] writes [#glm.place<output 0[0:80]>] scratch []
// CHECK-NEXT: }
glm.graph @run(%x: tensor<20xf32> {glm.name = "x"}) -> tensor<4x5xf32> {
  %unused = glm.constant dense<7.0> : tensor<20xf32>
  %late = glm.constant dense<2.0> : tensor<20xf32>
  %one = glm.constant dense<1.0> : tensor<4x5xf32>
  %again = glm.constant dense<1.0> : tensor<4x5xf32>
  %packed = glm.weight "w" <"m.bin", 0, 80, raw> : !glm.packed<tensor<2x10xf32>, #glm.panels<1, 16>>
  %plain = glm.weight "w" <"m.bin", 0, 80, raw> : tensor<20xf32>
  %flat = glm.reshape %one : tensor<4x5xf32> to tensor<20xf32>
  %flatAgain = glm.reshape %again : tensor<4x5xf32> to tensor<20xf32>
  %wide = glm.reshape %x : tensor<20xf32> to tensor<2x10xf32>
  %m = glm.launch @mul(%wide, %packed) : (tensor<2x10xf32>, !glm.packed<tensor<2x10xf32>, #glm.panels<1, 16>>) -> tensor<2x10xf32> loc("layer/mul")
  %n = glm.reshape %m : tensor<2x10xf32> to tensor<20xf32>
  %a = glm.launch @add(%n, %flat, %plain) : (tensor<20xf32>, tensor<20xf32>, tensor<20xf32>) -> tensor<20xf32>
  %b = glm.launch @add(%a, %late, %flatAgain) : (tensor<20xf32>, tensor<20xf32>, tensor<20xf32>) -> tensor<20xf32>
  %y = glm.reshape %b : tensor<20xf32> to tensor<4x5xf32>
  glm.return %y : tensor<4x5xf32>
}

//--- in-place.mlir
glm.kernel @neg(%x: tensor<16xf32>) -> tensor<16xf32> attributes {in_place = array<i64: 0, 0>} {
  %0 = glm.neg %x : tensor<16xf32>
  glm.yield %0 : tensor<16xf32>
}
glm.kernel @add(%x: tensor<16xf32>, %y: tensor<16xf32>) -> tensor<16xf32> attributes {in_place = array<i64: 0, 0, 1, 0>} {
  %0 = glm.add %x, %y : tensor<16xf32>, tensor<16xf32> -> tensor<16xf32>
  glm.yield %0 : tensor<16xf32>
}
glm.kernel @narrow(%x: tensor<16xf32>) -> tensor<8xf32> attributes {in_place = array<i64: 0, 0>} {
  %0 = glm.slice %x [0] step [1] : tensor<16xf32> to tensor<8xf32>
  glm.yield %0 : tensor<8xf32>
}

// The input is never overwritten, a chain stays in one block, an output is not
// in the arena.
// CHECK-LABEL: glm.program @chain arena 64 bound 64 peak ["neg: 0..64"]
// CHECK-NEXT: @neg on "cpu" reads [#glm.place<input 0[0:64]>] writes [#glm.place<arena[0:64]>]
// CHECK-NEXT: @neg on "cpu" reads [#glm.place<arena[0:64]>] writes [#glm.place<arena[0:64]>]
// CHECK-NEXT: @neg on "cpu" reads [#glm.place<arena[0:64]>] writes [#glm.place<output 0[0:64]>]
glm.graph @chain(%x: tensor<16xf32>) -> tensor<16xf32> {
  %a = glm.launch @neg(%x) : (tensor<16xf32>) -> tensor<16xf32>
  %s = glm.reshape %a : tensor<16xf32> to tensor<4x4xf32>
  %t = glm.reshape %s : tensor<4x4xf32> to tensor<16xf32>
  %b = glm.launch @neg(%t) : (tensor<16xf32>) -> tensor<16xf32>
  %c = glm.launch @neg(%b) : (tensor<16xf32>) -> tensor<16xf32>
  glm.return %c : tensor<16xf32>
}

// %a is read later through a view: %b may not take its block, but may take
// %c's. The same operand twice is left alone; so are other sizes.
// CHECK-LABEL: glm.program @kept arena 128 bound 128
// CHECK-NEXT: @neg on "cpu" reads [#glm.place<input 0[0:64]>] writes [#glm.place<arena[0:64]>]
// CHECK-NEXT: @neg on "cpu" reads [#glm.place<arena[0:64]>] writes [#glm.place<arena[64:64]>]
// CHECK-NEXT: @add on "cpu" reads [#glm.place<arena[0:64]>, #glm.place<arena[64:64]>] writes [#glm.place<arena[0:64]>]
// CHECK-NEXT: @add on "cpu" reads [#glm.place<arena[0:64]>, #glm.place<arena[0:64]>] writes [#glm.place<arena[64:64]>]
// CHECK-NEXT: @narrow on "cpu" reads [#glm.place<arena[64:64]>] writes [#glm.place<arena[0:32]>]
// CHECK-NEXT: @narrow on "cpu" reads [#glm.place<input 0[0:64]>] writes [#glm.place<output 0[0:32]>]
glm.graph @kept(%x: tensor<16xf32>) -> tensor<8xf32> {
  %a = glm.launch @neg(%x) : (tensor<16xf32>) -> tensor<16xf32>
  %v = glm.reshape %a : tensor<16xf32> to tensor<4x4xf32>
  %b = glm.launch @neg(%a) : (tensor<16xf32>) -> tensor<16xf32>
  %w = glm.reshape %v : tensor<4x4xf32> to tensor<16xf32>
  %c = glm.launch @add(%w, %b) : (tensor<16xf32>, tensor<16xf32>) -> tensor<16xf32>
  %d = glm.launch @add(%c, %c) : (tensor<16xf32>, tensor<16xf32>) -> tensor<16xf32>
  %e = glm.launch @narrow(%d) : (tensor<16xf32>) -> tensor<8xf32>
  %f = glm.launch @narrow(%x) : (tensor<16xf32>) -> tensor<8xf32>
  glm.return %f : tensor<8xf32>
}

//--- several.mlir
// Kernels of several results and scratch: all that a launch makes and needs lies
// apart from each other and from what it reads, but for an in-place pair.
glm.kernel @qkv(%x: tensor<16xf32>, %c: tensor<16xf32>) -> (tensor<64xf32>, tensor<32xf32>, tensor<16xf32>)
    attributes {scratch = [tensor<128xf32>, tensor<96xf32>], in_place = array<i64: 0, 2, 1, 2>} {
  %0 = glm.concat %x, %x, %x, %x axis 0 : (tensor<16xf32>, tensor<16xf32>, tensor<16xf32>, tensor<16xf32>) -> tensor<64xf32>
  %1 = glm.concat %x, %x axis 0 : (tensor<16xf32>, tensor<16xf32>) -> tensor<32xf32>
  %2 = glm.add %x, %c : tensor<16xf32>, tensor<16xf32> -> tensor<16xf32>
  glm.yield %0, %1, %2 : tensor<64xf32>, tensor<32xf32>, tensor<16xf32>
}
glm.kernel @both(%x: tensor<16xf32>, %y: tensor<16xf32>) -> (tensor<16xf32>, tensor<16xf32>)
    attributes {in_place = array<i64: 0, 0, 0, 1, 1, 1, 1, 0>} {
  %0 = glm.add %x, %y : tensor<16xf32>, tensor<16xf32> -> tensor<16xf32>
  %1 = glm.sub %x, %y : tensor<16xf32>, tensor<16xf32> -> tensor<16xf32>
  glm.yield %0, %1 : tensor<16xf32>, tensor<16xf32>
}
glm.kernel @neg(%x: tensor<16xf32>) -> tensor<16xf32> {
  %0 = glm.neg %x : tensor<16xf32>
  glm.yield %0 : tensor<16xf32>
}
glm.kernel @use(%q: tensor<64xf32>, %k: tensor<32xf32>, %v: tensor<16xf32>) -> tensor<16xf32> {
  glm.yield %v : tensor<16xf32>
}

// The third result takes over %n's bytes; the constant is never overwritten.
// CHECK-LABEL: glm.program @results arena 1344 bound 1344
// CHECK-SAME:    peak ["a/qkv scratch#0: 0..512", "a/qkv scratch#1: 512..896", "a/qkv#0: 896..1152", "a/qkv#1: 1152..1280", "a/qkv#2: 1280..1344"]
// CHECK-NEXT: @neg on "cpu" reads [#glm.place<input 0[0:64]>] writes [#glm.place<arena[1280:64]>]
// CHECK-NEXT: @qkv on "cpu" reads [#glm.place<arena[1280:64]>, #glm.place<weights[0:64]>] writes [#glm.place<arena[896:256]>, #glm.place<arena[1152:128]>, #glm.place<arena[1280:64]>] scratch [#glm.place<arena[0:512]>, #glm.place<arena[512:384]>]
// CHECK-NEXT: @use on "cpu" reads [#glm.place<arena[896:256]>, #glm.place<arena[1152:128]>, #glm.place<arena[1280:64]>] writes [#glm.place<output 0[0:64]>]
glm.graph @results(%x: tensor<16xf32>) -> tensor<16xf32> {
  %one = glm.constant dense<1.0> : tensor<16xf32>
  %n = glm.launch @neg(%x) : (tensor<16xf32>) -> tensor<16xf32>
  %q:3 = glm.launch @qkv(%n, %one) : (tensor<16xf32>, tensor<16xf32>) -> (tensor<64xf32>, tensor<32xf32>, tensor<16xf32>) loc("a/qkv")
  %y = glm.launch @use(%q#0, %q#1, %q#2) : (tensor<64xf32>, tensor<32xf32>, tensor<16xf32>) -> tensor<16xf32>
  glm.return %y : tensor<16xf32>
}

// Each operand is taken over once: the first by the first result, the second by
// the second. A result that nobody reads still has bytes of its own.
// CHECK-LABEL: glm.program @pairs arena 128 bound 128
// CHECK-NEXT: @neg on "cpu" reads [#glm.place<input 0[0:64]>] writes [#glm.place<arena[0:64]>]
// CHECK-NEXT: @neg on "cpu" reads [#glm.place<input 0[0:64]>] writes [#glm.place<arena[64:64]>]
// CHECK-NEXT: @both on "cpu" reads [#glm.place<arena[0:64]>, #glm.place<arena[64:64]>] writes [#glm.place<arena[0:64]>, #glm.place<arena[64:64]>]
// CHECK-NEXT: @both on "cpu" reads [#glm.place<arena[0:64]>, #glm.place<input 0[0:64]>] writes [#glm.place<arena[0:64]>, #glm.place<arena[64:64]>]
// CHECK-NEXT: @neg on "cpu" reads [#glm.place<arena[0:64]>] writes [#glm.place<output 0[0:64]>]
glm.graph @pairs(%x: tensor<16xf32>) -> tensor<16xf32> {
  %a = glm.launch @neg(%x) : (tensor<16xf32>) -> tensor<16xf32>
  %b = glm.launch @neg(%x) : (tensor<16xf32>) -> tensor<16xf32>
  %c:2 = glm.launch @both(%a, %b) : (tensor<16xf32>, tensor<16xf32>) -> (tensor<16xf32>, tensor<16xf32>)
  %d:2 = glm.launch @both(%c#0, %x) : (tensor<16xf32>, tensor<16xf32>) -> (tensor<16xf32>, tensor<16xf32>)
  %e = glm.launch @neg(%d#0) : (tensor<16xf32>) -> tensor<16xf32>
  glm.return %e : tensor<16xf32>
}

//--- search.mlir
// The plan says who found it. No order of placement that is tried reaches the
// bound for these eight launches; branch and bound does.
// CHECK: glm.program @run arena 960 bound 960 {{.*}} attributes {glm.planner = "branch and bound"}
glm.kernel @make0(%x: tensor<1xf32>) -> tensor<112xf32> {
  %0 = glm.expand %x : tensor<1xf32> to tensor<112xf32>
  glm.yield %0 : tensor<112xf32>
}
glm.kernel @make1(%x: tensor<1xf32>, %y: tensor<112xf32>) -> tensor<80xf32> {
  %0 = glm.expand %x : tensor<1xf32> to tensor<80xf32>
  glm.yield %0 : tensor<80xf32>
}
glm.kernel @make2(%x: tensor<1xf32>) -> tensor<64xf32> {
  %0 = glm.expand %x : tensor<1xf32> to tensor<64xf32>
  glm.yield %0 : tensor<64xf32>
}
glm.kernel @make3(%x: tensor<1xf32>, %y: tensor<64xf32>) -> tensor<64xf32> {
  %0 = glm.expand %x : tensor<1xf32> to tensor<64xf32>
  glm.yield %0 : tensor<64xf32>
}
glm.kernel @make4(%x: tensor<1xf32>, %y: tensor<80xf32>) -> tensor<48xf32> {
  %0 = glm.expand %x : tensor<1xf32> to tensor<48xf32>
  glm.yield %0 : tensor<48xf32>
}
glm.kernel @make5(%x: tensor<1xf32>) -> tensor<128xf32> {
  %0 = glm.expand %x : tensor<1xf32> to tensor<128xf32>
  glm.yield %0 : tensor<128xf32>
}
glm.kernel @use5(%x: tensor<1xf32>, %y: tensor<128xf32>) -> tensor<1xf32> {
  glm.yield %x : tensor<1xf32>
}
glm.kernel @use34(%x: tensor<1xf32>, %y: tensor<64xf32>, %z: tensor<48xf32>) -> tensor<1xf32> {
  glm.yield %x : tensor<1xf32>
}
glm.graph @run(%x: tensor<1xf32>) -> (tensor<1xf32>, tensor<1xf32>) {
  %v0 = glm.launch @make0(%x) : (tensor<1xf32>) -> tensor<112xf32>
  %v1 = glm.launch @make1(%x, %v0) : (tensor<1xf32>, tensor<112xf32>) -> tensor<80xf32>
  %v2 = glm.launch @make2(%x) : (tensor<1xf32>) -> tensor<64xf32>
  %v3 = glm.launch @make3(%x, %v2) : (tensor<1xf32>, tensor<64xf32>) -> tensor<64xf32>
  %v4 = glm.launch @make4(%x, %v1) : (tensor<1xf32>, tensor<80xf32>) -> tensor<48xf32>
  %v5 = glm.launch @make5(%x) : (tensor<1xf32>) -> tensor<128xf32>
  %v6 = glm.launch @use5(%x, %v5) : (tensor<1xf32>, tensor<128xf32>) -> tensor<1xf32>
  %v7 = glm.launch @use34(%x, %v3, %v4) : (tensor<1xf32>, tensor<64xf32>, tensor<48xf32>) -> tensor<1xf32>
  glm.return %v6, %v7 : tensor<1xf32>, tensor<1xf32>
}

//--- outputs.mlir
// Outputs that no launch can write itself are copied at the end: the second of
// one value, an input, a constant.
glm.kernel @neg(%x: tensor<16xf32>) -> tensor<16xf32> attributes {in_place = array<i64: 0, 0>} {
  %0 = glm.neg %x : tensor<16xf32>
  glm.yield %0 : tensor<16xf32>
}
// CHECK:      glm.placed_weight "c0" at 0 type tensor<3xi64>
// CHECK:      glm.program @run arena 0 bound 0 peak []
// CHECK-SAME:   outputs [#glm.parameter<"y", tensor<16xf32>, <output 0[0:64]>>, #glm.parameter<"again", tensor<4x4xf32>, <output 1[0:64]>>
// CHECK-SAME:   #glm.parameter<"x2", tensor<16xf32>, <output 2[0:64]>>, #glm.parameter<"k", tensor<3xi64>, <output 3[0:24]>>
// CHECK-SAME:   #glm.parameter<"z", tensor<16xf32>, <output 4[0:64]>>]
// CHECK-NEXT:   @neg on "cpu" reads [#glm.place<input 0[0:64]>] writes [#glm.place<output 0[0:64]>]
// CHECK-NEXT:   @neg on "cpu" reads [#glm.place<output 0[0:64]>] writes [#glm.place<output 4[0:64]>]
// CHECK-NEXT:   glm.planned_copy <output 0[0:64]> to <output 1[0:64]>
// CHECK-NEXT:   glm.planned_copy <input 0[0:64]> to <output 2[0:64]>
// CHECK-NEXT:   glm.planned_copy <weights[0:24]> to <output 3[0:24]>
// CHECK-NEXT: }

// In the arena the copied input stays until its copy is made, and all outputs
// to the end; nothing is done in place, since %y is an output too.
// IO:      glm.program @run arena 320 bound 320 peak
// IO-SAME:   inputs [#glm.parameter<"x", tensor<16xf32>, <arena[[X:\[[0-9]+:64\]]]>>]
// IO-SAME:   outputs [#glm.parameter<"y", tensor<16xf32>, <arena[[Y:\[[0-9]+:64\]]]>>, #glm.parameter<"again", tensor<4x4xf32>, <arena[[AGAIN:\[[0-9]+:64\]]]>>
// IO-SAME:   #glm.parameter<"x2", tensor<16xf32>, <arena[[X2:\[[0-9]+:64\]]]>>, #glm.parameter<"k", tensor<3xi64>, <arena[[K:\[[0-9]+:24\]]]>>
// IO-SAME:   #glm.parameter<"z", tensor<16xf32>, <arena[[Z:\[[0-9]+:64\]]]>>]
// IO-NEXT:   @neg on "cpu" reads [#glm.place<arena[[X]]>] writes [#glm.place<arena[[Y]]>]
// IO-NEXT:   @neg on "cpu" reads [#glm.place<arena[[Y]]>] writes [#glm.place<arena[[Z]]>]
// IO-NEXT:   glm.planned_copy <arena[[Y]]> to <arena[[AGAIN]]>
// IO-NEXT:   glm.planned_copy <arena[[X]]> to <arena[[X2]]>
// IO-NEXT:   glm.planned_copy <weights[0:24]> to <arena[[K]]>
glm.graph @run(%x: tensor<16xf32> {glm.name = "x"})
    -> (tensor<16xf32> {glm.name = "y"}, tensor<4x4xf32> {glm.name = "again"}, tensor<16xf32> {glm.name = "x2"},
        tensor<3xi64> {glm.name = "k"}, tensor<16xf32> {glm.name = "z"}) {
  %k = glm.constant dense<[1, 2, 3]> : tensor<3xi64>
  %y = glm.launch @neg(%x) : (tensor<16xf32>) -> tensor<16xf32>
  %again = glm.reshape %y : tensor<16xf32> to tensor<4x4xf32>
  %z = glm.launch @neg(%y) : (tensor<16xf32>) -> tensor<16xf32>
  glm.return %y, %again, %x, %k, %z : tensor<16xf32>, tensor<4x4xf32>, tensor<16xf32>, tensor<3xi64>, tensor<16xf32>
}

//--- io-attribute.mlir
// With inputs in the arena a kernel may work in place on one that is read no
// more; an input that nothing reads has a place too.
glm.kernel @neg(%x: tensor<16xf32>) -> tensor<16xf32> attributes {in_place = array<i64: 0, 0>} {
  %0 = glm.neg %x : tensor<16xf32>
  glm.yield %0 : tensor<16xf32>
}
// CHECK:      glm.program @run arena 128 bound 128 peak ["neg: 0..64", "input1: 64..80"]
// CHECK-SAME:   inputs [#glm.parameter<"input0", tensor<16xf32>, <arena[0:64]>>, #glm.parameter<"input1", tensor<4xf32>, <arena[64:16]>>]
// CHECK-SAME:   outputs [#glm.parameter<"output0", tensor<16xf32>, <arena[0:64]>>]
// CHECK-SAME:   attributes {glm.io_arena, glm.planner = "greedy by size"}
// CHECK-NEXT:   @neg on "cpu" reads [#glm.place<arena[0:64]>] writes [#glm.place<arena[0:64]>]
glm.graph @run(%x: tensor<16xf32>, %unused: tensor<4xf32>) -> tensor<16xf32> attributes {glm.io_arena} {
  %y = glm.launch @neg(%x) : (tensor<16xf32>) -> tensor<16xf32>
  glm.return %y : tensor<16xf32>
}

//--- entry-points.mlir
// Entry points share weights; each has a plan of its own that starts at 0.
glm.kernel @add(%x: tensor<16xf32>, %w: tensor<16xf32>) -> tensor<16xf32> {
  %0 = glm.add %x, %w : tensor<16xf32>, tensor<16xf32> -> tensor<16xf32>
  glm.yield %0 : tensor<16xf32>
}
// CHECK:      glm.placed_weight "w" at 0
// CHECK-NEXT: glm.placed_weight "v" at 64
// CHECK:      glm.program @prefill arena 64 bound 64 peak ["add: 0..64"]
// CHECK-NEXT:   @add on "cpu" reads [#glm.place<input 0[0:64]>, #glm.place<weights[0:64]>] writes [#glm.place<arena[0:64]>]
// CHECK-NEXT:   @add on "cpu" reads [#glm.place<arena[0:64]>, #glm.place<weights[0:64]>] writes [#glm.place<output 0[0:64]>]
// CHECK:      glm.program @decode arena 64 bound 64 peak ["add: 0..64"]
// CHECK-NEXT:   @add on "cpu" reads [#glm.place<input 0[0:64]>, #glm.place<weights[64:64]>] writes [#glm.place<arena[0:64]>]
// CHECK-NEXT:   @add on "cpu" reads [#glm.place<arena[0:64]>, #glm.place<weights[0:64]>] writes [#glm.place<output 0[0:64]>]
glm.graph @prefill(%x: tensor<16xf32>) -> tensor<16xf32> {
  %w = glm.weight "w" <"m.bin", 0, 64, raw> : tensor<16xf32>
  %a = glm.launch @add(%x, %w) : (tensor<16xf32>, tensor<16xf32>) -> tensor<16xf32>
  %b = glm.launch @add(%a, %w) : (tensor<16xf32>, tensor<16xf32>) -> tensor<16xf32>
  glm.return %b : tensor<16xf32>
}
glm.graph @decode(%x: tensor<16xf32>) -> tensor<16xf32> {
  %w = glm.weight "tied" <"m.bin", 0, 64, raw> : tensor<16xf32>
  %v = glm.weight "v" <"m.bin", 64, 64, raw> : tensor<16xf32>
  %a = glm.launch @add(%x, %v) : (tensor<16xf32>, tensor<16xf32>) -> tensor<16xf32>
  %b = glm.launch @add(%a, %w) : (tensor<16xf32>, tensor<16xf32>) -> tensor<16xf32>
  glm.return %b : tensor<16xf32>
}

//--- nothing.mlir
// A module that is planned already has no graph and stays as it is.
glm.kernel @neg(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = glm.neg %x : tensor<4xf32>
  glm.yield %0 : tensor<4xf32>
}
// CHECK:      glm.program @run arena 0 bound 0 peak [] inputs
// CHECK-NEXT:   glm.planned_launch @neg
// CHECK-NEXT: }
glm.program @run arena 0 bound 0 peak [] inputs [#glm.parameter<"x", tensor<4xf32>, <input 0[0:16]>>]
    outputs [#glm.parameter<"y", tensor<4xf32>, <output 0[0:16]>>] {
  glm.planned_launch @neg on "cpu" reads [#glm.place<input 0[0:16]>] writes [#glm.place<output 0[0:16]>] scratch []
}

//--- refused.mlir
// All ops that are not in a kernel are listed.
glm.graph @run(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error@+1 {{'glm.neg' op is not in a kernel: run glm-form-kernels first}}
  %y = glm.neg %x : tensor<4xf32>
  // expected-error@+1 {{'glm.add' op is not in a kernel: run glm-form-kernels first}}
  %z = glm.add %x, %y : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
  glm.return %z : tensor<4xf32>
}

// -----

// expected-error@+1 {{argument has type 'tensor<?xf32>', expected a static tensor or packed weight of less than 2^62 bytes}}
glm.graph @run(%x: tensor<?xf32>) {
  glm.return
}

// -----

// expected-error@+1 {{argument has type 'tensor<4611686018427387904xf32>', expected a static tensor or packed weight of less than 2^62 bytes}}
glm.graph @run(%x: tensor<4611686018427387904xf32>) {
  glm.return
}

// -----

// expected-error@+1 {{has an input or output of type '!glm.packed<tensor<4x4xf32>, #glm.panels<0, 4>>', expected a tensor}}
glm.graph @run(%x: !glm.packed<tensor<4x4xf32>, #glm.panels<0, 4>>) {
  glm.return
}

// -----

// expected-error@+1 {{is planned already, a graph cannot be planned beside it}}
glm.placed_weight "w" at 0 type tensor<4xf32> source dense<1.0> : tensor<4xf32>
glm.graph @run(%x: tensor<4xf32>) -> tensor<4xf32> {
  glm.return %x : tensor<4xf32>
}
