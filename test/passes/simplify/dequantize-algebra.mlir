// RUN: glm-opt %s --glm-simplify-algebra | FileCheck %s

// What is transposed before it becomes numbers is absorbed by the product, with
// scales and zeros that go along. (Folding makes constants of those.)
// CHECK-LABEL: @transposed_integers
// CHECK: %[[S:.*]] = glm.transpose %{{.*}} [1, 0] : tensor<2x3xf16> -> tensor<3x2xf16>
// CHECK: %[[W:.*]] = glm.dequantize %{{.*}}, %[[S]] axis 1 group 32 : tensor<3x64xi4>, tensor<3x2xf16> -> tensor<3x64xf32>
// CHECK: glm.matmul %{{.*}}, %[[W]] transposed
glm.graph @transposed_integers(%x: tensor<1x64xf32>, %s: tensor<2x3xf16>) -> tensor<1x3xf32> {
  %q = glm.weight "q" <"f", 0, 96, nibbles> : tensor<3x64xi4>
  %t = glm.transpose %q [1, 0] : tensor<3x64xi4> -> tensor<64x3xi4>
  %w = glm.dequantize %t, %s axis 0 group 32 : tensor<64x3xi4>, tensor<2x3xf16> -> tensor<64x3xf32>
  %y = glm.matmul %x, %w : tensor<1x64xf32>, tensor<64x3xf32> -> tensor<1x3xf32>
  glm.return %y : tensor<1x3xf32>
}

// Numbers that are transposed for something else: the integers are.
// CHECK-LABEL: @transposed_numbers
// CHECK: %[[T:.*]] = glm.transpose %{{.*}} [1, 0] : tensor<3x64xi8> -> tensor<64x3xi8>
// CHECK: glm.dequantize %[[T]], %{{.*}} axis 0 group 32
glm.graph @transposed_numbers() -> tensor<64x3xf32> {
  %q = glm.weight "q" <"f", 0, 192, raw> : tensor<3x64xi8>
  %s = glm.weight "s" <"f", 192, 12, raw> : tensor<3x2xf16>
  %w = glm.dequantize %q, %s axis 1 group 32 : tensor<3x64xi8>, tensor<3x2xf16> -> tensor<3x64xf32>
  %t = glm.transpose %w [1, 0] : tensor<3x64xf32> -> tensor<64x3xf32>
  glm.return %t : tensor<64x3xf32>
}

// Groups that were a dimension of their own.
// CHECK-LABEL: @joined_groups
// CHECK: %[[W:.*]] = glm.dequantize %{{.*}}, %{{.*}} zeros %{{.*}} axis 1 group 32 : tensor<3x64xui4>, tensor<3x2xf16>, tensor<1x1xui4> -> tensor<3x64xf32>
// CHECK: glm.matmul %{{.*}}, %[[W]] transposed
glm.graph @joined_groups(%x: tensor<1x64xf32>) -> tensor<1x3xf32> {
  %q = glm.weight "q" <"f", 0, 96, nibbles> : tensor<3x2x32xui4>
  %s = glm.weight "s" <"f", 192, 12, raw> : tensor<3x2x1xf16>
  %z = glm.constant dense<8> : tensor<1x1x1xui4>
  %w = glm.dequantize %q, %s zeros %z axis 2 group 32 : tensor<3x2x32xui4>, tensor<3x2x1xf16>, tensor<1x1x1xui4> -> tensor<3x2x32xf32>
  %r = glm.reshape %w : tensor<3x2x32xf32> to tensor<3x64xf32>
  %t = glm.transpose %r [1, 0] : tensor<3x64xf32> -> tensor<64x3xf32>
  %y = glm.matmul %x, %t : tensor<1x64xf32>, tensor<64x3xf32> -> tensor<1x3xf32>
  glm.return %y : tensor<1x3xf32>
}

// Columns are heads: scales are cut as they are.
// CHECK-LABEL: @split_columns
// CHECK: glm.dequantize %{{.*}}, %{{.*}} axis 0 group 32 : tensor<64x2x3xi4>, tensor<2x2x3xf16> -> tensor<64x2x3xf32>
glm.graph @split_columns() -> tensor<64x2x3xf32> {
  %q = glm.weight "q" <"f", 0, 192, nibbles> : tensor<64x6xi4>
  %s = glm.weight "s" <"f", 192, 24, raw> : tensor<2x6xf16>
  %w = glm.dequantize %q, %s axis 0 group 32 : tensor<64x6xi4>, tensor<2x6xf16> -> tensor<64x6xf32>
  %r = glm.reshape %w : tensor<64x6xf32> to tensor<64x2x3xf32>
  glm.return %r : tensor<64x2x3xf32>
}

// Does not fire: the reshape takes groups apart.
// CHECK-LABEL: @broken_groups
// CHECK: glm.dequantize
// CHECK: glm.reshape %{{.*}} : tensor<64x6xf32> to tensor<16x24xf32>
glm.graph @broken_groups() -> tensor<16x24xf32> {
  %q = glm.weight "q" <"f", 0, 192, nibbles> : tensor<64x6xi4>
  %s = glm.weight "s" <"f", 192, 24, raw> : tensor<2x6xf16>
  %w = glm.dequantize %q, %s axis 0 group 32 : tensor<64x6xi4>, tensor<2x6xf16> -> tensor<64x6xf32>
  %r = glm.reshape %w : tensor<64x6xf32> to tensor<16x24xf32>
  glm.return %r : tensor<16x24xf32>
}

// Parts of a weight: columns, and rows that are whole groups; one scale for all
// rows stays. Rows that begin inside a group stay a slice of numbers.
// CHECK-LABEL: @parts
// CHECK-DAG: %[[C:.*]] = glm.slice %{{.*}} [0, 2] step [1, 1] : tensor<64x6xi8> to tensor<64x3xi8>
// CHECK-DAG: %[[CS:.*]] = glm.slice %{{.*}} [0, 2] step [1, 1] : tensor<2x6xf16> to tensor<2x3xf16>
// CHECK-DAG: glm.dequantize %[[C]], %[[CS]] axis 0 group 32
// CHECK-DAG: %[[R:.*]] = glm.slice %{{.*}} [32, 0] step [1, 1] : tensor<64x6xi8> to tensor<20x6xi8>
// CHECK-DAG: %[[RS:.*]] = glm.slice %{{.*}} [1, 0] step [1, 1] : tensor<2x6xf16> to tensor<1x6xf16>
// CHECK-DAG: glm.dequantize %[[R]], %[[RS]] axis 0 group 32 : tensor<20x6xi8>, tensor<1x6xf16>
// CHECK-DAG: glm.slice %{{.*}} [8, 0] step [1, 1] : tensor<64x6xf32> to tensor<32x6xf32>
glm.graph @parts() -> (tensor<64x3xf32>, tensor<20x6xf32>, tensor<32x6xf32>) {
  %q = glm.weight "q" <"f", 0, 384, raw> : tensor<64x6xi8>
  %s = glm.weight "s" <"f", 384, 24, raw> : tensor<2x6xf16>
  %w = glm.dequantize %q, %s axis 0 group 32 : tensor<64x6xi8>, tensor<2x6xf16> -> tensor<64x6xf32>
  %a = glm.slice %w [0, 2] step [1, 1] : tensor<64x6xf32> to tensor<64x3xf32>
  %b = glm.slice %w [32, 0] step [1, 1] : tensor<64x6xf32> to tensor<20x6xf32>
  %c = glm.slice %w [8, 0] step [1, 1] : tensor<64x6xf32> to tensor<32x6xf32>
  glm.return %a, %b, %c : tensor<64x3xf32>, tensor<20x6xf32>, tensor<32x6xf32>
}

// Only the rows that are looked up become numbers; the product has the table.
// CHECK-LABEL: @tied
// CHECK-DAG: %[[T:.*]] = glm.dequantize %{{.*}}, %{{.*}} zeros %{{.*}} axis 1 group 32 : tensor<50x64xui4>
// CHECK-DAG: %[[Q:.*]] = glm.gather %{{.*}} axis 0 : tensor<50x64xui4>, tensor<1x3xi64> -> tensor<1x3x64xui4>
// CHECK-DAG: %[[S:.*]] = glm.gather %{{.*}} axis 0 : tensor<50x2xf16>, tensor<1x3xi64> -> tensor<1x3x2xf16>
// CHECK-DAG: %[[Z:.*]] = glm.reshape %{{.*}} : tensor<1x1xui4> to tensor<1x1x1xui4>
// CHECK: glm.dequantize %[[Q]], %[[S]] zeros %[[Z]] axis 2 group 32 : tensor<1x3x64xui4>
// CHECK: glm.matmul %{{.*}}, %[[T]] transposed
glm.graph @tied(%i: tensor<1x3xi64>) -> tensor<1x3x50xf32> {
  %q = glm.weight "q" <"f", 0, 1600, nibbles> : tensor<50x64xui4>
  %s = glm.weight "s" <"f", 1600, 200, raw> : tensor<50x2xf16>
  %z = glm.constant dense<8> : tensor<1x1xui4>
  %w = glm.dequantize %q, %s zeros %z axis 1 group 32 : tensor<50x64xui4>, tensor<50x2xf16>, tensor<1x1xui4> -> tensor<50x64xf32>
  %x = glm.gather %w, %i axis 0 : tensor<50x64xf32>, tensor<1x3xi64> -> tensor<1x3x64xf32>
  %t = glm.transpose %w [1, 0] : tensor<50x64xf32> -> tensor<64x50xf32>
  %y = glm.matmul %x, %t : tensor<1x3x64xf32>, tensor<64x50xf32> -> tensor<1x3x50xf32>
  glm.return %y : tensor<1x3x50xf32>
}

// One scale a column of the table, one for all of it: along what is gathered no
// two differ.
// CHECK-LABEL: @gathered_columns
// CHECK: glm.dequantize %{{.*}}, %{{.*}} axis 0 group 2 : tensor<2x3x8xi8>, tensor<1x1x8xf32> -> tensor<2x3x8xf32>
glm.graph @gathered_columns(%i: tensor<2x3xi64>) -> tensor<2x3x8xf32> {
  %q = glm.weight "q" <"f", 0, 400, raw> : tensor<50x8xi8>
  %s = glm.weight "s" <"f", 400, 32, raw> : tensor<1x8xf32>
  %w = glm.dequantize %q, %s axis 0 group 50 : tensor<50x8xi8>, tensor<1x8xf32> -> tensor<50x8xf32>
  %x = glm.gather %w, %i axis 0 : tensor<50x8xf32>, tensor<2x3xi64> -> tensor<2x3x8xf32>
  glm.return %x : tensor<2x3x8xf32>
}

// Does not fire: what is gathered has groups.
// CHECK-LABEL: @gathered_groups
// CHECK: glm.gather %{{.*}} : tensor<50x8xf32>
glm.graph @gathered_groups(%i: tensor<3xi64>) -> tensor<3x8xf32> {
  %q = glm.weight "q" <"f", 0, 400, raw> : tensor<50x8xi8>
  %s = glm.weight "s" <"f", 400, 64, raw> : tensor<2x8xf32>
  %w = glm.dequantize %q, %s axis 0 group 25 : tensor<50x8xi8>, tensor<2x8xf32> -> tensor<50x8xf32>
  %x = glm.gather %w, %i axis 0 : tensor<50x8xf32>, tensor<3xi64> -> tensor<3x8xf32>
  glm.return %x : tensor<3x8xf32>
}

// A scale a column, or one for all: all of k is one group, whichever dimension
// that is.
// CHECK-LABEL: @group_along_sum
// CHECK: %[[A:.*]] = glm.dequantize %{{.*}} axis 1 group 64 : tensor<3x64xi8>, tensor<3x1xf32> -> tensor<3x64xf32>
// CHECK: glm.matmul %{{.*}}, %[[A]] transposed
// CHECK: %[[B:.*]] = glm.dequantize %{{.*}} axis 1 group 64 : tensor<3x64xi8>, tensor<1x1xf32> -> tensor<3x64xf32>
// CHECK: glm.matmul %{{.*}}, %[[B]] transposed
glm.graph @group_along_sum(%x: tensor<1x64xf32>) -> (tensor<1x3xf32>, tensor<1x3xf32>) {
  %q = glm.weight "q" <"f", 0, 192, raw> : tensor<3x64xi8>
  %s = glm.weight "s" <"f", 192, 12, raw> : tensor<3x1xf32>
  %one = glm.constant dense<0.5> : tensor<1x1xf32>
  %a = glm.dequantize %q, %s axis 0 group 1 : tensor<3x64xi8>, tensor<3x1xf32> -> tensor<3x64xf32>
  %y = glm.matmul %x, %a transposed : tensor<1x64xf32>, tensor<3x64xf32> -> tensor<1x3xf32>
  %b = glm.dequantize %q, %one axis 0 group 3 : tensor<3x64xi8>, tensor<1x1xf32> -> tensor<3x64xf32>
  %z = glm.matmul %x, %b transposed : tensor<1x64xf32>, tensor<3x64xf32> -> tensor<1x3xf32>
  glm.return %y, %z : tensor<1x3xf32>, tensor<1x3xf32>
}

// Does not fire: rows share scales in groups.
// CHECK-LABEL: @groups_along_columns
// CHECK: glm.dequantize %{{.*}} axis 0 group 2
glm.graph @groups_along_columns(%x: tensor<1x64xf32>) -> tensor<1x4xf32> {
  %q = glm.weight "q" <"f", 0, 256, raw> : tensor<4x64xi8>
  %s = glm.constant dense<[[0.5], [2.0]]> : tensor<2x1xf32>
  %a = glm.dequantize %q, %s axis 0 group 2 : tensor<4x64xi8>, tensor<2x1xf32> -> tensor<4x64xf32>
  %y = glm.matmul %x, %a transposed : tensor<1x64xf32>, tensor<4x64xf32> -> tensor<1x4xf32>
  glm.return %y : tensor<1x4xf32>
}
