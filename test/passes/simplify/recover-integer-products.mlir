// RUN: glm-opt %s --glm-recover-integer-products | FileCheck %s

// The integers as they are stored, zero points by sums of rows and columns, the
// scales at the end.
// CHECK-LABEL: @static
// CHECK-SAME: (%[[QX:.*]]: tensor<1x3x64xui8>
// CHECK: %[[A:.*]] = glm.cast %[[QX]] : tensor<1x3x64xui8> to tensor<1x3x64xi32>
// CHECK: %[[B:.*]] = glm.cast %{{.*}} : tensor<64x5xi8> to tensor<64x5xi32>
// CHECK: %[[P:.*]] = glm.matmul %[[A]], %[[B]] : tensor<1x3x64xi32>, tensor<64x5xi32> -> tensor<1x3x5xi32>
// CHECK: %[[ROWS:.*]] = glm.reduce "sum" %[[A]] [2]
// CHECK: glm.mul %[[ROWS]]
// CHECK: glm.sub
// CHECK: %[[COLUMNS:.*]] = glm.reduce "sum" %[[B]] [0]
// CHECK: glm.sub
// CHECK: glm.constant dense<64> : tensor<1xi32>
// CHECK: glm.add
// CHECK: %[[F:.*]] = glm.cast %{{.*}} : tensor<1x3x5xi32> to tensor<1x3x5xf32>
// CHECK: %[[Y:.*]] = glm.mul %[[F]], %{{.*}} : tensor<1x3x5xf32>, tensor<5xf32>
// CHECK: glm.return %[[Y]]
glm.graph @static(%qx: tensor<1x3x64xui8>) -> tensor<1x3x5xf32> {
  %sx = glm.constant dense<0.5> : tensor<1x1x1xf32>
  %zx = glm.constant dense<7> : tensor<1x1x1xui8>
  %q = glm.weight "q" <"f", 0, 320, raw> : tensor<64x5xi8>
  %s = glm.weight "s" <"f", 320, 20, raw> : tensor<1x5xf32>
  %z = glm.constant dense<[[1, 2, 3, -4, 5]]> : tensor<1x5xi8>
  %x = glm.dequantize %qx, %sx zeros %zx axis 1 group 3 : tensor<1x3x64xui8>, tensor<1x1x1xf32>, tensor<1x1x1xui8> -> tensor<1x3x64xf32>
  %w = glm.dequantize %q, %s zeros %z axis 0 group 64 : tensor<64x5xi8>, tensor<1x5xf32>, tensor<1x5xi8> -> tensor<64x5xf32>
  %y = glm.matmul %x, %w : tensor<1x3x64xf32>, tensor<64x5xf32> -> tensor<1x3x5xf32>
  glm.return %y : tensor<1x3x5xf32>
}

// Without zero points there is nothing to take off; scales of a transposed weight
// are a column of it.
// CHECK-LABEL: @symmetric
// CHECK: glm.matmul %{{.*}}, %{{.*}} transposed : tensor<3x64xi32>, tensor<5x64xi32> -> tensor<3x5xi32>
// CHECK-NOT: glm.reduce
// CHECK: glm.mul %{{.*}}, %{{.*}} : tensor<3x5xf32>, tensor<5xf32>
glm.graph @symmetric(%qx: tensor<3x64xi8>) -> tensor<3x5xf32> {
  %sx = glm.constant dense<0.5> : tensor<1x1xf32>
  %q = glm.weight "q" <"f", 0, 320, raw> : tensor<5x64xi8>
  %s = glm.weight "s" <"f", 320, 20, raw> : tensor<5x1xf32>
  %x = glm.dequantize %qx, %sx axis 0 group 3 : tensor<3x64xi8>, tensor<1x1xf32> -> tensor<3x64xf32>
  %w = glm.dequantize %q, %s axis 1 group 64 : tensor<5x64xi8>, tensor<5x1xf32> -> tensor<5x64xf32>
  %y = glm.matmul %x, %w transposed : tensor<3x64xf32>, tensor<5x64xf32> -> tensor<3x5xf32>
  glm.return %y : tensor<3x5xf32>
}

// Does not fire: groups along k have scales of their own; rows of the left side
// do; 16 bits; the right side is no constant; zeros that are no integers; more
// terms than 31 bits hold.
// CHECK-LABEL: @refused
// CHECK-COUNT-6: glm.matmul %{{.*}} -> tensor<{{[0-9x]*}}xf32>
// CHECK-NOT: xi32>
// CHECK: glm.return
glm.graph @refused(%qx: tensor<3x64xi8>, %q16: tensor<3x64xi16>, %qw: tensor<64x5xi8>, %long: tensor<3x33100xi8>)
    -> (tensor<3x5xf32>, tensor<3x5xf32>, tensor<3x5xf32>, tensor<3x5xf32>, tensor<3x5xf32>, tensor<3x5xf32>) {
  %sx = glm.constant dense<0.5> : tensor<1x1xf32>
  %rows = glm.constant dense<[[0.5], [1.0], [2.0]]> : tensor<3x1xf32>
  %half = glm.constant dense<0.5> : tensor<1x5xf32>
  %q = glm.weight "q" <"f", 0, 320, raw> : tensor<64x5xi8>
  %g = glm.weight "g" <"f", 320, 40, raw> : tensor<2x5xf32>
  %s = glm.weight "s" <"f", 320, 20, raw> : tensor<1x5xf32>
  %l = glm.weight "l" <"f", 400, 165500, raw> : tensor<33100x5xi8>
  %x = glm.dequantize %qx, %sx axis 0 group 3 : tensor<3x64xi8>, tensor<1x1xf32> -> tensor<3x64xf32>
  %xr = glm.dequantize %qx, %rows axis 1 group 64 : tensor<3x64xi8>, tensor<3x1xf32> -> tensor<3x64xf32>
  %x16 = glm.dequantize %q16, %sx axis 0 group 3 : tensor<3x64xi16>, tensor<1x1xf32> -> tensor<3x64xf32>
  %xl = glm.dequantize %long, %sx axis 0 group 3 : tensor<3x33100xi8>, tensor<1x1xf32> -> tensor<3x33100xf32>
  %wg = glm.dequantize %q, %g axis 0 group 32 : tensor<64x5xi8>, tensor<2x5xf32> -> tensor<64x5xf32>
  %w = glm.dequantize %q, %s axis 0 group 64 : tensor<64x5xi8>, tensor<1x5xf32> -> tensor<64x5xf32>
  %wx = glm.dequantize %qw, %s axis 0 group 64 : tensor<64x5xi8>, tensor<1x5xf32> -> tensor<64x5xf32>
  %wz = glm.dequantize %q, %s zeros %half axis 0 group 64 : tensor<64x5xi8>, tensor<1x5xf32>, tensor<1x5xf32> -> tensor<64x5xf32>
  %wl = glm.dequantize %l, %s axis 0 group 33100 : tensor<33100x5xi8>, tensor<1x5xf32> -> tensor<33100x5xf32>
  %0 = glm.matmul %x, %wg : tensor<3x64xf32>, tensor<64x5xf32> -> tensor<3x5xf32>
  %1 = glm.matmul %xr, %w : tensor<3x64xf32>, tensor<64x5xf32> -> tensor<3x5xf32>
  %2 = glm.matmul %x16, %w : tensor<3x64xf32>, tensor<64x5xf32> -> tensor<3x5xf32>
  %3 = glm.matmul %x, %wx : tensor<3x64xf32>, tensor<64x5xf32> -> tensor<3x5xf32>
  %4 = glm.matmul %x, %wz : tensor<3x64xf32>, tensor<64x5xf32> -> tensor<3x5xf32>
  %5 = glm.matmul %xl, %wl : tensor<3x33100xf32>, tensor<33100x5xf32> -> tensor<3x5xf32>
  glm.return %0, %1, %2, %3, %4, %5 : tensor<3x5xf32>, tensor<3x5xf32>, tensor<3x5xf32>, tensor<3x5xf32>, tensor<3x5xf32>, tensor<3x5xf32>
}
