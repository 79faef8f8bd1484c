// RUN: split-file %s %t
// RUN: glm-opt %t/plan.mlir --glm-order-launches --glm-plan-memory | FileCheck %t/plan.mlir
// RUN: glm-opt %t/plan.mlir --glm-order-launches --glm-plan-memory=io-arena | FileCheck %t/plan.mlir --check-prefix=IO
// RUN: glm-opt %t/refused.mlir --glm-plan-memory --split-input-file --verify-diagnostics

//--- plan.mlir
// States of both graphs by name, no parameters; caches written where they are.
// CHECK:      glm.placed_state "length" at 0 type tensor<1xi64>
// CHECK-NEXT: glm.placed_state "k" at 64 type tensor<1x1x16x4xf32>
// CHECK-NEXT: glm.placed_state "v" at 320 type tensor<1x1x16x4xf32>
// CHECK-NOT:  glm.placed_state
// CHECK:      glm.program @step_1 arena 0 bound 0 peak []
// CHECK-SAME:   inputs [#glm.parameter<"x", tensor<1x1x4xf32>, <input 0[0:16]>>, #glm.parameter<"y", tensor<1x1x4xf32>, <input 1[0:16]>>]
// CHECK-SAME:   outputs [#glm.parameter<"sum", tensor<1x1x4xf32>, <output 0[0:16]>>]
// CHECK-NEXT:   glm.planned_launch @write on "cpu" reads [#glm.place<state[64:256]>, #glm.place<input 0[0:16]>, #glm.place<state[0:8]>] writes [#glm.place<state[64:256]>] scratch []
// CHECK-NEXT:   glm.planned_launch @write on "cpu" reads [#glm.place<state[320:256]>, #glm.place<input 1[0:16]>, #glm.place<state[0:8]>] writes [#glm.place<state[320:256]>] scratch []
// CHECK-NEXT:   glm.planned_launch @read on "cpu" reads [#glm.place<state[64:256]>, #glm.place<state[320:256]>] writes [#glm.place<output 0[0:16]>] scratch []
// CHECK-NEXT: }
// CHECK:      glm.program @look
// CHECK-NEXT:   glm.planned_launch @read on "cpu" reads [#glm.place<state[64:256]>, #glm.place<state[320:256]>] writes [#glm.place<output 0[0:16]>]
// IO: glm.program @step_1 arena 128
// IO: glm.planned_launch @write on "cpu" reads [#glm.place<state[64:256]>, #glm.place<arena[{{.*}}]>, #glm.place<state[0:8]>] writes [#glm.place<state[64:256]>]
glm.kernel @write(%c: tensor<1x1x16x4xf32>, %x: tensor<1x1x4xf32>, %n: tensor<1xi64>) -> tensor<1x1x16x4xf32> attributes {in_place = array<i64: 0, 0>} {
  %0 = glm.cache_write %c, %x at %n : tensor<1x1x16x4xf32>, tensor<1x1x4xf32>, tensor<1xi64>
  glm.yield %0 : tensor<1x1x16x4xf32>
}
glm.kernel @read(%k: tensor<1x1x16x4xf32>, %v: tensor<1x1x16x4xf32>) -> tensor<1x1x4xf32> {
  %0 = glm.add %k, %v : tensor<1x1x16x4xf32>, tensor<1x1x16x4xf32> -> tensor<1x1x16x4xf32>
  %1 = glm.reduce "sum" %0 [2] : tensor<1x1x16x4xf32> -> tensor<1x1x1x4xf32>
  %2 = glm.reshape %1 : tensor<1x1x1x4xf32> to tensor<1x1x4xf32>
  glm.yield %2 : tensor<1x1x4xf32>
}
glm.graph @step_1(%n: tensor<1xi64> {glm.state = "length"}, %x: tensor<1x1x4xf32> {glm.name = "x"}, %k: tensor<1x1x16x4xf32> {glm.state = "k"},
                  %y: tensor<1x1x4xf32> {glm.name = "y"}, %v: tensor<1x1x16x4xf32> {glm.state = "v"})
    -> (tensor<1x1x16x4xf32> {glm.state = "v"}, tensor<1x1x4xf32> {glm.name = "sum"}, tensor<1x1x16x4xf32> {glm.state = "k"}) {
  %kw = glm.launch @write(%k, %x, %n) : (tensor<1x1x16x4xf32>, tensor<1x1x4xf32>, tensor<1xi64>) -> tensor<1x1x16x4xf32>
  %vw = glm.launch @write(%v, %y, %n) : (tensor<1x1x16x4xf32>, tensor<1x1x4xf32>, tensor<1xi64>) -> tensor<1x1x16x4xf32>
  %s = glm.launch @read(%kw, %vw) : (tensor<1x1x16x4xf32>, tensor<1x1x16x4xf32>) -> tensor<1x1x4xf32>
  glm.return %vw, %s, %kw : tensor<1x1x16x4xf32>, tensor<1x1x4xf32>, tensor<1x1x16x4xf32>
}
glm.graph @look(%v: tensor<1x1x16x4xf32> {glm.state = "v"}, %k: tensor<1x1x16x4xf32> {glm.state = "k"}) -> (tensor<1x1x4xf32> {glm.name = "sum"}, tensor<1x1x16x4xf32> {glm.state = "k"}) {
  %s = glm.launch @read(%k, %v) : (tensor<1x1x16x4xf32>, tensor<1x1x16x4xf32>) -> tensor<1x1x4xf32>
  glm.return %s, %k : tensor<1x1x4xf32>, tensor<1x1x16x4xf32>
}

//--- refused.mlir
// Not in place.
glm.kernel @neg(%c: tensor<4xf32>) -> tensor<4xf32> {
  %0 = glm.neg %c : tensor<4xf32>
  glm.yield %0 : tensor<4xf32>
}
glm.graph @step(%c: tensor<4xf32> {glm.state = "c"}) -> (tensor<4xf32> {glm.state = "c"}) {
  // expected-error @+1 {{state 'c' is not written in place by a launch}}
  %d = glm.launch @neg(%c) : (tensor<4xf32>) -> tensor<4xf32>
  glm.return %d : tensor<4xf32>
}
// -----
// Read again after it was overwritten.
glm.kernel @neg(%c: tensor<4xf32>) -> tensor<4xf32> attributes {in_place = array<i64: 0, 0>} {
  %0 = glm.neg %c : tensor<4xf32>
  glm.yield %0 : tensor<4xf32>
}
glm.graph @step(%c: tensor<4xf32> {glm.state = "c"}) -> (tensor<4xf32>, tensor<4xf32> {glm.state = "c"}) {
  // expected-error @+1 {{writes state 'c' in place, but is not all that reads it before}}
  %d = glm.launch @neg(%c) : (tensor<4xf32>) -> tensor<4xf32>
  %e = glm.launch @neg(%c) : (tensor<4xf32>) -> tensor<4xf32>
  glm.return %e, %d : tensor<4xf32>, tensor<4xf32>
}
// -----
// One name, two types.
glm.graph @a(%c: tensor<4xf32> {glm.state = "c"}) -> (tensor<4xf32> {glm.state = "c"}) {
  glm.return %c : tensor<4xf32>
}
// expected-error @+1 {{has state 'c' of type 'tensor<8xf32>', another graph of type 'tensor<4xf32>'}}
glm.graph @b(%c: tensor<8xf32> {glm.state = "c"}) -> (tensor<8xf32> {glm.state = "c"}) {
  glm.return %c : tensor<8xf32>
}
