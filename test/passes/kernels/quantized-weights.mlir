// RUN: glm-opt %s --glm-form-kernels --glm-fuse-products --glm-fuse-prologues --glm-pack-weights=target=x86-64-v3 --glm-schedule-kernels=target=x86-64-v3 --split-input-file | FileCheck %s

// Integers and their scales are read by the product itself: in panels of one
// width, 8 steps of k of a column in 32 bits. Products of one left side are one.
// CHECK-LABEL: glm.graph @products
// CHECK: glm.weight "a" {{.*}} : !glm.packed<tensor<64x64xi4>, #glm.panels<1, 16, 8>>
// CHECK: glm.weight "a.scales" {{.*}} : !glm.packed<tensor<2x64xf16>, #glm.panels<1, 16>>
// CHECK: glm.weight "b" {{.*}} : !glm.packed<tensor<64x32xi4>, #glm.panels<1, 16, 8>>
// CHECK: glm.launch
// CHECK-NOT: glm.launch
// CHECK: glm.kernel
// CHECK-SAME: family = "matmul"
// CHECK-SAME: dots = 2
// CHECK-SAME: scratch = [tensor<1x16xui32>, tensor<1x2xf32>, tensor<1x2xi32>]
glm.graph @products(%x: tensor<1x64xf32>) -> (tensor<1x64xf32>, tensor<1x32xf32>) {
  %a = glm.weight "a" <"f", 0, 2048, nibbles> : tensor<64x64xi4>
  %s = glm.weight "a.scales" <"f", 2048, 256, raw> : tensor<2x64xf16>
  %b = glm.weight "b" <"f", 2304, 1024, nibbles> : tensor<64x32xi4>
  %t = glm.weight "b.scales" <"f", 3328, 128, raw> : tensor<2x32xf16>
  %c = glm.dequantize %a, %s axis 0 group 32 : tensor<64x64xi4>, tensor<2x64xf16> -> tensor<64x64xf32>
  %d = glm.dequantize %b, %t axis 0 group 32 : tensor<64x32xi4>, tensor<2x32xf16> -> tensor<64x32xf32>
  %y = glm.matmul %x, %c lhs_group 32 : tensor<1x64xf32>, tensor<64x64xf32> -> tensor<1x64xf32>
  %z = glm.matmul %x, %d lhs_group 32 : tensor<1x64xf32>, tensor<64x32xf32> -> tensor<1x32xf32>
  glm.return %y, %z : tensor<1x64xf32>, tensor<1x32xf32>
}

// -----

// A tied embedding of 8 bits with zeros, by rows: the head's panels, which the
// gather reads through. Floats on the left: only their sums are scratch.
// CHECK-LABEL: glm.graph @tied
// CHECK: glm.weight "embed" {{.*}} : !glm.packed<tensor<256x64xui8>, #glm.panels<0, 16, 4>>
// CHECK: glm.weight "zeros" {{.*}} : !glm.packed<tensor<256x2xui8>, #glm.panels<0, 16>>
// CHECK: glm.launch
// CHECK: glm.launch
// CHECK-NOT: glm.launch
// CHECK: glm.kernel {{.*}}family = "elementwise"
// CHECK: glm.dequantize
// CHECK: glm.gather
// CHECK: glm.kernel {{.*}}family = "matmul"
// CHECK-SAME: dots = 1
// CHECK-SAME: scratch = [tensor<7x2xf32>]
glm.graph @tied(%ids: tensor<7xi64>) -> (tensor<7x256xf32>, tensor<7x64xf32>) {
  %w = glm.weight "embed" <"f", 0, 16384, raw> : tensor<256x64xui8>
  %s = glm.weight "scales" <"f", 16384, 1024, raw> : tensor<256x2xf16>
  %z = glm.weight "zeros" <"f", 17408, 512, raw> : tensor<256x2xui8>
  %d = glm.dequantize %w, %s zeros %z axis 1 group 32 : tensor<256x64xui8>, tensor<256x2xf16>, tensor<256x2xui8> -> tensor<256x64xf32>
  %e = glm.gather %d, %ids axis 0 : tensor<256x64xf32>, tensor<7xi64> -> tensor<7x64xf32>
  %y = glm.matmul %e, %d transposed : tensor<7x64xf32>, tensor<256x64xf32> -> tensor<7x256xf32>
  glm.return %y, %e : tensor<7x256xf32>, tensor<7x64xf32>
}

// -----

// A table of 4 bits that only a gather reads has two elements a byte, row by row.
// CHECK-LABEL: glm.graph @table
// CHECK: glm.weight "embed" {{.*}} : !glm.packed<tensor<256x64xi4>, #glm.panels<0, 1, 2>>
// CHECK: glm.launch
// CHECK-NOT: glm.launch
glm.graph @table(%ids: tensor<7xi64>) -> tensor<7x64xf32> {
  %w = glm.weight "embed" <"f", 0, 8192, nibbles> : tensor<256x64xi4>
  %s = glm.weight "scales" <"f", 8192, 1024, raw> : tensor<256x2xf16>
  %d = glm.dequantize %w, %s axis 1 group 32 : tensor<256x64xi4>, tensor<256x2xf16> -> tensor<256x64xf32>
  %e = glm.gather %d, %ids axis 0 : tensor<256x64xf32>, tensor<7xi64> -> tensor<7x64xf32>
  glm.return %e : tensor<7x64xf32>
}

// -----

// Groups that words do not fit: numbers one by one, still in the product.
// CHECK-LABEL: glm.graph @odd_groups
// CHECK: glm.weight "w" {{.*}} : !glm.packed<tensor<60x64xi4>, #glm.panels<1, 16, 2>>
// CHECK: glm.launch
// CHECK-NOT: glm.launch
// CHECK: glm.kernel
// CHECK-NOT: dots
// CHECK: glm.dequantize
glm.graph @odd_groups(%x: tensor<1x60xf32>) -> tensor<1x64xf32> {
  %w = glm.weight "w" <"f", 0, 1920, nibbles> : tensor<60x64xi4>
  %s = glm.weight "scales" <"f", 1920, 384, raw> : tensor<3x64xf16>
  %d = glm.dequantize %w, %s axis 0 group 20 : tensor<60x64xi4>, tensor<3x64xf16> -> tensor<60x64xf32>
  %y = glm.matmul %x, %d : tensor<1x60xf32>, tensor<60x64xf32> -> tensor<1x64xf32>
  glm.return %y : tensor<1x64xf32>
}

// -----

// Does not fire: products of different groups stay two launches.
// CHECK-LABEL: glm.graph @different
// CHECK: glm.launch
// CHECK: glm.launch
glm.graph @different(%x: tensor<1x64xf32>) -> (tensor<1x64xf32>, tensor<1x64xf32>) {
  %a = glm.weight "a" <"f", 0, 4096, raw> : tensor<64x64xi8>
  %s = glm.weight "a.scales" <"f", 4096, 256, raw> : tensor<2x64xf16>
  %b = glm.weight "b" <"f", 4352, 4096, raw> : tensor<64x64xi8>
  %t = glm.weight "b.scales" <"f", 8448, 128, raw> : tensor<1x64xf16>
  %c = glm.dequantize %a, %s axis 0 group 32 : tensor<64x64xi8>, tensor<2x64xf16> -> tensor<64x64xf32>
  %d = glm.dequantize %b, %t axis 0 group 64 : tensor<64x64xi8>, tensor<1x64xf16> -> tensor<64x64xf32>
  %y = glm.matmul %x, %c : tensor<1x64xf32>, tensor<64x64xf32> -> tensor<1x64xf32>
  %z = glm.matmul %x, %d : tensor<1x64xf32>, tensor<64x64xf32> -> tensor<1x64xf32>
  glm.return %y, %z : tensor<1x64xf32>, tensor<1x64xf32>
}
