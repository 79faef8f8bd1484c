// RUN: glm-opt %s --glm-fold-constants | FileCheck %s

// A whole constant subgraph, shape arithmetic included.
// CHECK-LABEL: @shape_arithmetic
// CHECK: %[[C:.*]] = glm.constant dense<[4, 6]> : tensor<2xi64>
// CHECK-NOT: glm.shape
// CHECK: glm.return %[[C]]
glm.graph @shape_arithmetic(%x: tensor<2x3xf32>) -> tensor<2xi64> {
  %s = glm.shape %x [0 : 2] : tensor<2x3xf32> -> tensor<2xi64>
  %two = glm.constant dense<2> : tensor<i64>
  %y = glm.mul %s, %two : tensor<2xi64>, tensor<i64> -> tensor<2xi64>
  glm.return %y : tensor<2xi64>
}

// A weight by another shape is the same weight.
// CHECK-LABEL: @reshape_of_weight
// CHECK: glm.weight "w" <"f", 0, 24, raw> : tensor<6xf32>
// CHECK-NOT: glm.reshape
glm.graph @reshape_of_weight() -> tensor<6xf32> {
  %w = glm.weight "w" <"f", 0, 24, raw> : tensor<2x3xf32>
  %y = glm.reshape %w : tensor<2x3xf32> to tensor<6xf32>
  glm.return %y : tensor<6xf32>
}

// Does not fire: an operand is not constant.
// CHECK-LABEL: @runtime
// CHECK: glm.add
glm.graph @runtime(%x: tensor<2xf32>) -> tensor<2xf32> {
  %c = glm.constant dense<1.0> : tensor<2xf32>
  %y = glm.add %x, %c : tensor<2xf32>, tensor<2xf32> -> tensor<2xf32>
  glm.return %y : tensor<2xf32>
}

// Does not fire: a matmul can absorb the transpose of a weight.
// CHECK-LABEL: @transpose_for_matmul
// CHECK: glm.transpose
glm.graph @transpose_for_matmul(%x: tensor<1x3xf32>) -> tensor<1x2xf32> {
  %w = glm.weight "w" <"f", 0, 24, raw> : tensor<2x3xf32>
  %t = glm.transpose %w [1, 0] : tensor<2x3xf32> -> tensor<3x2xf32>
  %y = glm.matmul %x, %t : tensor<1x3xf32>, tensor<3x2xf32> -> tensor<1x2xf32>
  glm.return %y : tensor<1x2xf32>
}

// Does not fire: a matmul reads less when it converts a narrow weight itself,
// transposed or not.
// CHECK-LABEL: @narrow_weight
// CHECK: %[[W:.*]] = glm.weight "w"
// CHECK: glm.cast %[[W]]
// CHECK: %[[V:.*]] = glm.weight "v"
// CHECK: glm.cast %[[V]]
glm.graph @narrow_weight(%x: tensor<1x3xf32>) -> (tensor<1x2xf32>, tensor<1x2xf32>) {
  %w = glm.weight "w" <"f", 0, 12, raw> : tensor<3x2xf16>
  %c = glm.cast %w : tensor<3x2xf16> to tensor<3x2xf32>
  %y = glm.matmul %x, %c : tensor<1x3xf32>, tensor<3x2xf32> -> tensor<1x2xf32>
  %v = glm.weight "v" <"f", 12, 12, raw> : tensor<2x3xf16>
  %d = glm.cast %v : tensor<2x3xf16> to tensor<2x3xf32>
  %t = glm.transpose %d [1, 0] : tensor<2x3xf32> -> tensor<3x2xf32>
  %z = glm.matmul %x, %t : tensor<1x3xf32>, tensor<3x2xf32> -> tensor<1x2xf32>
  glm.return %y, %z : tensor<1x2xf32>, tensor<1x2xf32>
}

// Does not fire: the result is large and larger than what it is made of.
// CHECK-LABEL: @blow_up
// CHECK: glm.expand
glm.graph @blow_up() -> tensor<1024x64xf32> {
  %c = glm.constant dense<1.0> : tensor<1x64xf32>
  %y = glm.expand %c : tensor<1x64xf32> to tensor<1024x64xf32>
  glm.return %y : tensor<1024x64xf32>
}

// Refuses: dividing integers by zero has no value when compiling.
// CHECK-LABEL: @division_by_zero
// CHECK: glm.div
glm.graph @division_by_zero() -> tensor<i64> {
  %a = glm.constant dense<1> : tensor<i64>
  %z = glm.constant dense<0> : tensor<i64>
  %y = glm.div %a, %z : tensor<i64>, tensor<i64> -> tensor<i64>
  glm.return %y : tensor<i64>
}

// Does not fire: products read quantised weights as they are, large or small, and
// their integers transposed.
// CHECK-LABEL: @quantized_weight
// CHECK: %[[Q:.*]] = glm.weight "q"
// CHECK: glm.dequantize %[[Q]]
// CHECK: %[[P:.*]] = glm.weight "p"
// CHECK: %[[T:.*]] = glm.transpose %[[P]]
// CHECK: glm.dequantize %[[T]]
glm.graph @quantized_weight(%x: tensor<1x4xf32>) -> (tensor<1x2xf32>, tensor<1x2xf32>) {
  %s = glm.constant dense<0.5> : tensor<1x2xf16>
  %q = glm.weight "q" <"f", 0, 4, nibbles> : tensor<4x2xi4>
  %w = glm.dequantize %q, %s axis 0 group 4 : tensor<4x2xi4>, tensor<1x2xf16> -> tensor<4x2xf32>
  %y = glm.matmul %x, %w : tensor<1x4xf32>, tensor<4x2xf32> -> tensor<1x2xf32>
  %p = glm.weight "p" <"f", 4, 4, nibbles> : tensor<2x4xi4>
  %t = glm.transpose %p [1, 0] : tensor<2x4xi4> -> tensor<4x2xi4>
  %v = glm.dequantize %t, %s axis 0 group 4 : tensor<4x2xi4>, tensor<1x2xf16> -> tensor<4x2xf32>
  %z = glm.matmul %x, %v : tensor<1x4xf32>, tensor<4x2xf32> -> tensor<1x2xf32>
  glm.return %y, %z : tensor<1x2xf32>, tensor<1x2xf32>
}

// A vector that comes quantised is a constant as any other.
// CHECK-LABEL: @quantized_vector
// CHECK: glm.constant dense<[5.000000e-01, -1.000000e+00, 2.000000e+00]> : tensor<3xf32>
// CHECK-NOT: glm.dequantize
glm.graph @quantized_vector() -> tensor<3xf32> {
  %q = glm.constant dense<[1, -1, 4]> : tensor<3xi32>
  %s = glm.constant dense<[0.5, 1.0, 0.5]> : tensor<3xf32>
  %b = glm.dequantize %q, %s axis 0 group 1 : tensor<3xi32>, tensor<3xf32> -> tensor<3xf32>
  glm.return %b : tensor<3xf32>
}

// Sums of columns fold, though what they are sums of is read as it is stored.
// CHECK-LABEL: @sums_of_weight
// CHECK: %[[W:.*]] = glm.weight
// CHECK: glm.cast %[[W]]
// CHECK-NOT: glm.reduce
// CHECK: glm.return
glm.graph @sums_of_weight(%x: tensor<1x4xi32>) -> (tensor<1x2xi32>, tensor<1x2xi32>) {
  %w = glm.constant dense<[[1, 2], [3, 4], [5, 6], [-7, -8]]> : tensor<4x2xi8>
  %u = glm.weight "u" <"f", 0, 8, raw> : tensor<4x2xi8>
  %d = glm.cast %u : tensor<4x2xi8> to tensor<4x2xi32>
  %c = glm.cast %w : tensor<4x2xi8> to tensor<4x2xi32>
  %s = glm.reduce "sum" %c [0] : tensor<4x2xi32> -> tensor<1x2xi32>
  %y = glm.matmul %x, %d : tensor<1x4xi32>, tensor<4x2xi32> -> tensor<1x2xi32>
  glm.return %y, %s : tensor<1x2xi32>, tensor<1x2xi32>
}

// Rows of a weight are stored together: a weight of their own.
// CHECK-LABEL: @rows_of_weight
// CHECK-DAG: glm.weight "w" <"f", 24, 16, raw> : tensor<2x4xf16>
// CHECK-DAG: glm.weight "q" <"f", 103, 5, nibbles> : tensor<3x3xi4>
// CHECK-DAG: glm.weight "q" <"f", 101, 1, nibbles> : tensor<1x1xi4>
glm.graph @rows_of_weight() -> (tensor<2x4xf16>, tensor<3x3xi4>, tensor<1x1xi4>) {
  %w = glm.weight "w" <"f", 8, 40, raw> : tensor<5x4xf16>
  %q = glm.weight "q" <"f", 100, 8, nibbles> : tensor<5x3xi4>
  %a = glm.slice %w [2, 0] step [1, 1] : tensor<5x4xf16> to tensor<2x4xf16>
  %b = glm.slice %q [2, 0] step [1, 1] : tensor<5x3xi4> to tensor<3x3xi4>
  %c = glm.slice %q [0, 2] step [1, 1] : tensor<5x3xi4> to tensor<1x1xi4>
  glm.return %a, %b, %c : tensor<2x4xf16>, tensor<3x3xi4>, tensor<1x1xi4>
}
