// RUN: glm-opt %s --glm-eliminate-dead-nodes | FileCheck %s

// A chain that nothing reads goes, with its weight; the signature stays.
// CHECK-LABEL: @dead_chain
// CHECK-SAME: %{{.*}}: tensor<2xf32> {glm.name = "unused"}
// CHECK-NEXT: glm.neg
// CHECK-NEXT: glm.return
glm.graph @dead_chain(%x: tensor<2xf32> {glm.name = "unused"}, %y: tensor<2xf32> {glm.name = "y"}) -> tensor<2xf32> {
  %w = glm.weight "w" <"f", 0, 8, raw> : tensor<2xf32>
  %a = glm.add %x, %w : tensor<2xf32>, tensor<2xf32> -> tensor<2xf32>
  %b = glm.exp %a : tensor<2xf32>
  %z = glm.neg %y : tensor<2xf32>
  glm.return %z : tensor<2xf32>
}

// Does not fire: everything is read.
// CHECK-LABEL: @alive
// CHECK: glm.exp
// CHECK: glm.neg
glm.graph @alive(%x: tensor<2xf32>) -> tensor<2xf32> {
  %a = glm.exp %x : tensor<2xf32>
  %z = glm.neg %a : tensor<2xf32>
  glm.return %z : tensor<2xf32>
}

// A kernel that nothing launches goes; one that is launched stays.
// CHECK-NOT: glm.kernel @unused
// CHECK: glm.kernel @used
glm.kernel @unused(%x: tensor<2xf32>) -> tensor<2xf32> {
  %y = glm.neg %x : tensor<2xf32>
  glm.yield %y : tensor<2xf32>
}
glm.kernel @used(%x: tensor<2xf32>) -> tensor<2xf32> {
  %y = glm.neg %x : tensor<2xf32>
  glm.yield %y : tensor<2xf32>
}
glm.graph @launches(%x: tensor<2xf32>) -> tensor<2xf32> {
  %y = glm.launch @used(%x) : (tensor<2xf32>) -> tensor<2xf32>
  glm.return %y : tensor<2xf32>
}
