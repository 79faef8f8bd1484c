// RUN: glm-opt %s --glm-form-kernels --glm-fuse-movement --split-input-file | FileCheck %s

// A slice goes into both of its readers.
// CHECK-LABEL: glm.graph @two_readers
// CHECK-COUNT-2: glm.launch
// CHECK-NOT: glm.launch
// CHECK: glm.slice
// CHECK-NEXT: glm.exp
// CHECK: glm.slice
// CHECK-NEXT: glm.neg
glm.graph @two_readers(%x: tensor<8x64xf32>) -> (tensor<8x32xf32>, tensor<8x32xf32>) {
  %s = glm.slice %x [0, 32] step [1, 1] : tensor<8x64xf32> to tensor<8x32xf32>
  %a = glm.exp %s : tensor<8x32xf32>
  %b = glm.neg %s : tensor<8x32xf32>
  glm.return %a, %b : tensor<8x32xf32>, tensor<8x32xf32>
}

// -----

// A view between two launches goes into the kernel with them.
// CHECK-LABEL: glm.graph @view
// CHECK-NEXT: glm.launch
// CHECK-NEXT: glm.return
// CHECK: glm.transpose
// CHECK-NEXT: glm.reshape
// CHECK-NEXT: glm.add
glm.graph @view(%x: tensor<4x8xf32>, %y: tensor<2x16xf32>) -> tensor<2x16xf32> {
  %t = glm.transpose %x [1, 0] : tensor<4x8xf32> -> tensor<8x4xf32>
  %v = glm.reshape %t : tensor<8x4xf32> to tensor<2x16xf32>
  %z = glm.add %v, %y : tensor<2x16xf32>, tensor<2x16xf32> -> tensor<2x16xf32>
  glm.return %z : tensor<2x16xf32>
}

// -----

// Does not fire: an output has to be stored.
// CHECK-LABEL: glm.graph @output
// CHECK-COUNT-2: glm.launch
glm.graph @output(%x: tensor<8x64xf32>) -> (tensor<8x32xf32>, tensor<8x32xf32>) {
  %s = glm.slice %x [0, 32] step [1, 1] : tensor<8x64xf32> to tensor<8x32xf32>
  %a = glm.exp %s : tensor<8x32xf32>
  glm.return %a, %s : tensor<8x32xf32>, tensor<8x32xf32>
}

// -----

// Near miss: a gather has one reader only, or it would read its indices twice.
// CHECK-LABEL: glm.graph @gather
// CHECK-COUNT-3: glm.launch
glm.graph @gather(%x: tensor<8x64xf32>, %i: tensor<2xi64>) -> (tensor<2x64xf32>, tensor<2x64xf32>) {
  %s = glm.gather %x, %i axis 0 : tensor<8x64xf32>, tensor<2xi64> -> tensor<2x64xf32>
  %a = glm.exp %s : tensor<2x64xf32>
  %b = glm.neg %s : tensor<2x64xf32>
  glm.return %a, %b : tensor<2x64xf32>, tensor<2x64xf32>
}

// -----

// Near miss: one reader cannot read through it (a product's right side), so
// neither does.
// CHECK-LABEL: glm.graph @right_side
// CHECK-COUNT-3: glm.launch
glm.graph @right_side(%x: tensor<8x8xf32>, %w: tensor<8x8xf32>) -> (tensor<8x8xf32>, tensor<8x8xf32>) {
  %t = glm.transpose %w [1, 0] : tensor<8x8xf32> -> tensor<8x8xf32>
  %m = glm.matmul %x, %t : tensor<8x8xf32>, tensor<8x8xf32> -> tensor<8x8xf32>
  %n = glm.neg %t : tensor<8x8xf32>
  glm.return %m, %n : tensor<8x8xf32>, tensor<8x8xf32>
}
