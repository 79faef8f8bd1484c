// RUN: glm-opt %s --glm-simplify-movement | FileCheck %s

// Heads out and back, with reshapes between.
// CHECK-LABEL: @there_and_back
// CHECK-SAME: (%[[X:.*]]: tensor<1x7x64xf32>)
// CHECK-NEXT: glm.return %[[X]]
glm.graph @there_and_back(%x: tensor<1x7x64xf32>) -> tensor<1x7x64xf32> {
  %r = glm.reshape %x : tensor<1x7x64xf32> to tensor<1x7x4x16xf32>
  %h = glm.transpose %r [0, 2, 1, 3] : tensor<1x7x4x16xf32> -> tensor<1x4x7x16xf32>
  %f = glm.reshape %h : tensor<1x4x7x16xf32> to tensor<4x7x16xf32>
  %g = glm.transpose %f [1, 0, 2] : tensor<4x7x16xf32> -> tensor<7x4x16xf32>
  %y = glm.reshape %g : tensor<7x4x16xf32> to tensor<1x7x64xf32>
  glm.return %y : tensor<1x7x64xf32>
}

// CHECK-LABEL: @piece_of_concat
// CHECK-SAME: (%[[X:.*]]: tensor<3x4xf32>, %[[Y:.*]]: tensor<3x2xf32>)
// CHECK-NEXT: glm.return %[[Y]]
glm.graph @piece_of_concat(%x: tensor<3x4xf32>, %y: tensor<3x2xf32>) -> tensor<3x2xf32> {
  %c = glm.concat %x, %y axis 1 : (tensor<3x4xf32>, tensor<3x2xf32>) -> tensor<3x6xf32>
  %s = glm.slice %c [0, 4] step [1, 1] : tensor<3x6xf32> to tensor<3x2xf32>
  glm.return %s : tensor<3x2xf32>
}

// CHECK-LABEL: @gathers_in_order
// CHECK: %[[R:.*]] = glm.reshape %{{.*}} : tensor<1x4xi1> to tensor<1x1x4xi1>
// CHECK-NEXT: glm.return %[[R]]
glm.graph @gathers_in_order(%x: tensor<1x4xi1>) -> tensor<1x1x4xi1> {
  %i = glm.constant dense<[[[0, 0], [0, 1], [0, 2], [0, 3]]]> : tensor<1x4x2xi64>
  %g = glm.gather_nd %x, %i batch 0 : tensor<1x4xi1>, tensor<1x4x2xi64> -> tensor<1x4xi1>
  %j = glm.constant dense<[[0]]> : tensor<1x1xi64>
  %y = glm.gather %g, %j axis 0 : tensor<1x4xi1>, tensor<1x1xi64> -> tensor<1x1x4xi1>
  glm.return %y : tensor<1x1x4xi1>
}

// Does not fire: elements do change place, are repeated, or are chosen at run time.
// CHECK-LABEL: @moves
// CHECK: glm.transpose
// CHECK: glm.slice
// CHECK: glm.expand
// CHECK: glm.gather
// CHECK: glm.concat
glm.graph @moves(%x: tensor<3x4xf32>, %i: tensor<4xi64>)
    -> (tensor<4x3xf32>, tensor<3x4xf32>, tensor<2x3x4xf32>, tensor<3x4xf32>, tensor<6x4xf32>) {
  %t = glm.transpose %x [1, 0] : tensor<3x4xf32> -> tensor<4x3xf32>
  %s = glm.slice %x [0, 3] step [1, -1] : tensor<3x4xf32> to tensor<3x4xf32>
  %r = glm.reshape %x : tensor<3x4xf32> to tensor<1x3x4xf32>
  %e = glm.expand %r : tensor<1x3x4xf32> to tensor<2x3x4xf32>
  %g = glm.gather %x, %i axis 1 : tensor<3x4xf32>, tensor<4xi64> -> tensor<3x4xf32>
  %c = glm.concat %x, %x axis 0 : (tensor<3x4xf32>, tensor<3x4xf32>) -> tensor<6x4xf32>
  glm.return %t, %s, %e, %g, %c : tensor<4x3xf32>, tensor<3x4xf32>, tensor<2x3x4xf32>, tensor<3x4xf32>, tensor<6x4xf32>
}

// Does not fire: one reshape is what it makes.
// CHECK-LABEL: @reshape
// CHECK-NEXT: glm.reshape
// CHECK-NEXT: glm.return
glm.graph @reshape(%x: tensor<3x4xf32>) -> tensor<12xf32> {
  %y = glm.reshape %x : tensor<3x4xf32> to tensor<12xf32>
  glm.return %y : tensor<12xf32>
}

// Without elements there is nowhere that they come from.
// CHECK-LABEL: @empty
// CHECK: glm.transpose
// CHECK: glm.slice
glm.graph @empty(%x: tensor<0x4xf32>) -> tensor<2x0xf32> {
  %t = glm.transpose %x [1, 0] : tensor<0x4xf32> -> tensor<4x0xf32>
  %s = glm.slice %t [1, 0] step [2, 1] : tensor<4x0xf32> to tensor<2x0xf32>
  glm.return %s : tensor<2x0xf32>
}
