// RUN: glm-opt %s --glm-simplify-algebra | FileCheck %s

// CHECK-LABEL: @neutral
// CHECK-SAME: (%[[X:.*]]: tensor<2xf32>)
// CHECK: glm.return %[[X]]
glm.graph @neutral(%x: tensor<2xf32>) -> tensor<2xf32> {
  %zero = glm.constant dense<0.0> : tensor<f32>
  %one = glm.constant dense<1.0> : tensor<2xf32>
  %a = glm.add %zero, %x : tensor<f32>, tensor<2xf32> -> tensor<2xf32>
  %b = glm.sub %a, %zero : tensor<2xf32>, tensor<f32> -> tensor<2xf32>
  %c = glm.mul %b, %one : tensor<2xf32>, tensor<2xf32> -> tensor<2xf32>
  %d = glm.div %c, %one : tensor<2xf32>, tensor<2xf32> -> tensor<2xf32>
  %e = glm.pow %d, %one : tensor<2xf32>, tensor<2xf32> -> tensor<2xf32>
  glm.return %e : tensor<2xf32>
}

// Does not fire: 0 - x and 1 / x are not x, and a broadcast changes the shape.
// CHECK-LABEL: @not_neutral
// CHECK: glm.sub
// CHECK: glm.div
// CHECK: glm.add
glm.graph @not_neutral(%x: tensor<2xf32>) -> tensor<3x2xf32> {
  %zero = glm.constant dense<0.0> : tensor<f32>
  %zeros = glm.constant dense<0.0> : tensor<3x2xf32>
  %one = glm.constant dense<1.0> : tensor<f32>
  %a = glm.sub %zero, %x : tensor<f32>, tensor<2xf32> -> tensor<2xf32>
  %b = glm.div %one, %a : tensor<f32>, tensor<2xf32> -> tensor<2xf32>
  %c = glm.add %b, %zeros : tensor<2xf32>, tensor<3x2xf32> -> tensor<3x2xf32>
  glm.return %c : tensor<3x2xf32>
}

// CHECK-LABEL: @powers
// CHECK: glm.mul %[[X:.*]], %[[X]]
// CHECK: glm.sqrt
// CHECK: glm.pow
glm.graph @powers(%x: tensor<2xf32>) -> (tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) {
  %two = glm.constant dense<2.0> : tensor<f32>
  %half = glm.constant dense<0.5> : tensor<f32>
  %odd = glm.constant dense<1.7> : tensor<f32>
  %a = glm.pow %x, %two : tensor<2xf32>, tensor<f32> -> tensor<2xf32>
  %b = glm.pow %x, %half : tensor<2xf32>, tensor<f32> -> tensor<2xf32>
  %c = glm.pow %x, %odd : tensor<2xf32>, tensor<f32> -> tensor<2xf32>
  glm.return %a, %b, %c : tensor<2xf32>, tensor<2xf32>, tensor<2xf32>
}

// CHECK-LABEL: @where
// CHECK-SAME: (%[[C:.*]]: tensor<2xi1>, %[[X:.*]]: tensor<2xf32>, %[[Y:.*]]: tensor<2xf32>)
// CHECK-NEXT: %[[Z:.*]] = glm.where %[[C]], %[[X]], %[[Y]]
// CHECK-NEXT: glm.return %[[X]], %[[Y]], %[[Z]]
glm.graph @where(%c: tensor<2xi1>, %x: tensor<2xf32>, %y: tensor<2xf32>) -> (tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) {
  %false = glm.constant dense<false> : tensor<2xi1>
  %same = glm.where %c, %x, %x : tensor<2xi1>, tensor<2xf32>, tensor<2xf32> -> tensor<2xf32>
  %no = glm.where %false, %x, %y : tensor<2xi1>, tensor<2xf32>, tensor<2xf32> -> tensor<2xf32>
  %maybe = glm.where %c, %x, %y : tensor<2xi1>, tensor<2xf32>, tensor<2xf32> -> tensor<2xf32>
  glm.return %same, %no, %maybe : tensor<2xf32>, tensor<2xf32>, tensor<2xf32>
}

// CHECK-LABEL: @transposes
// CHECK: %[[R:.*]] = glm.reshape %{{.*}} : tensor<1x3x4xf32> to tensor<3x1x4xf32>
// CHECK: %[[T:.*]] = glm.transpose %{{.*}} [1, 0]
// CHECK: glm.return %[[R]], %{{.*}}, %[[T]]
glm.graph @transposes(%x: tensor<1x3x4xf32>, %y: tensor<2x3xf32>)
    -> (tensor<3x1x4xf32>, tensor<2x3xf32>, tensor<3x2xf32>) {
  %ones = glm.transpose %x [1, 0, 2] : tensor<1x3x4xf32> -> tensor<3x1x4xf32>
  %once = glm.transpose %y [1, 0] : tensor<2x3xf32> -> tensor<3x2xf32>
  %twice = glm.transpose %once [1, 0] : tensor<3x2xf32> -> tensor<2x3xf32>
  glm.return %ones, %twice, %once : tensor<3x1x4xf32>, tensor<2x3xf32>, tensor<3x2xf32>
}

// CHECK-LABEL: @tied_head
// CHECK: glm.matmul %{{.*}}, %{{.*}} transposed : tensor<7x64xf32>, tensor<256x64xf32>
glm.graph @tied_head(%x: tensor<7x64xf32>, %w: tensor<256x64xf32>) -> tensor<7x256xf32> {
  %t = glm.transpose %w [1, 0] : tensor<256x64xf32> -> tensor<64x256xf32>
  %y = glm.matmul %x, %t : tensor<7x64xf32>, tensor<64x256xf32> -> tensor<7x256xf32>
  glm.return %y : tensor<7x256xf32>
}

// Does not fire: this transpose moves the batch dimension too.
// CHECK-LABEL: @not_a_matrix_transpose
// CHECK: glm.transpose
glm.graph @not_a_matrix_transpose(%x: tensor<4x7x2xf32>, %w: tensor<3x2x4xf32>) -> tensor<4x7x3xf32> {
  %t = glm.transpose %w [2, 1, 0] : tensor<3x2x4xf32> -> tensor<4x2x3xf32>
  %y = glm.matmul %x, %t : tensor<4x7x2xf32>, tensor<4x2x3xf32> -> tensor<4x7x3xf32>
  glm.return %y : tensor<4x7x3xf32>
}

// The other operand has the whole shape; where it has not, the expand stays.
// CHECK-LABEL: @expands
// CHECK-COUNT-1: glm.expand
// CHECK-NOT: glm.expand
glm.graph @expands(%x: tensor<1x3xf32>, %y: tensor<2x3xf32>) -> (tensor<2x3xf32>, tensor<2x3xf32>) {
  %e = glm.expand %x : tensor<1x3xf32> to tensor<2x3xf32>
  %a = glm.add %e, %y : tensor<2x3xf32>, tensor<2x3xf32> -> tensor<2x3xf32>
  %b = glm.add %e, %x : tensor<2x3xf32>, tensor<1x3xf32> -> tensor<2x3xf32>
  glm.return %a, %b : tensor<2x3xf32>, tensor<2x3xf32>
}

// CHECK-LABEL: @gather_one
// CHECK: glm.slice %{{.*}} [0, 2] step [1, 1] : tensor<2x3xf32> to tensor<2x1xf32>
// CHECK: glm.reshape
// CHECK: glm.gather
glm.graph @gather_one(%x: tensor<2x3xf32>, %i: tensor<i64>) -> (tensor<2xf32>, tensor<2xf32>) {
  %last = glm.constant dense<-1> : tensor<i64>
  %a = glm.gather %x, %last axis 1 : tensor<2x3xf32>, tensor<i64> -> tensor<2xf32>
  %b = glm.gather %x, %i axis 1 : tensor<2x3xf32>, tensor<i64> -> tensor<2xf32>
  glm.return %a, %b : tensor<2xf32>, tensor<2xf32>
}

// CHECK-LABEL: @bools
// CHECK-SAME: (%[[X:.*]]: tensor<2xi1>)
// CHECK: glm.return %[[X]], %[[X]]
glm.graph @bools(%x: tensor<2xi1>) -> (tensor<2xi1>, tensor<2xi1>) {
  %true = glm.constant dense<true> : tensor<i1>
  %a = glm.and %x, %true : tensor<2xi1>, tensor<i1> -> tensor<2xi1>
  %n = glm.not %a : tensor<2xi1>
  %b = glm.not %n : tensor<2xi1>
  glm.return %a, %b : tensor<2xi1>, tensor<2xi1>
}

// A cast there and back, and one by way of a type that holds all values; the
// others change values (f16 rounds, an i8 saturates, i64 has more bits than f32).
// CHECK-LABEL: @casts
// CHECK-SAME: (%[[X:.*]]: tensor<2xf32>, %[[I:.*]]: tensor<2xi64>, %[[B:.*]]: tensor<2xi1>)
// CHECK-DAG: %[[W:.*]] = glm.cast %[[X]] : tensor<2xf32> to tensor<2xf16>
// CHECK-DAG: %[[N:.*]] = glm.cast %[[W]] : tensor<2xf16> to tensor<2xf32>
// CHECK-DAG: %[[F:.*]] = glm.cast %[[I]] : tensor<2xi64> to tensor<2xf32>
// CHECK-DAG: %[[G:.*]] = glm.cast %[[F]] : tensor<2xf32> to tensor<2xi64>
// CHECK-DAG: %[[H:.*]] = glm.cast %[[B]] : tensor<2xi1> to tensor<2xf32>
// CHECK: glm.return %[[X]], %[[N]], %[[G]], %[[H]]
glm.graph @casts(%x: tensor<2xf32>, %i: tensor<2xi64>, %b: tensor<2xi1>)
    -> (tensor<2xf32>, tensor<2xf32>, tensor<2xi64>, tensor<2xf32>) {
  %wide = glm.cast %x : tensor<2xf32> to tensor<2xf64>
  %back = glm.cast %wide : tensor<2xf64> to tensor<2xf32>
  %narrow = glm.cast %x : tensor<2xf32> to tensor<2xf16>
  %rounded = glm.cast %narrow : tensor<2xf16> to tensor<2xf32>
  %float = glm.cast %i : tensor<2xi64> to tensor<2xf32>
  %integer = glm.cast %float : tensor<2xf32> to tensor<2xi64>
  %number = glm.cast %b : tensor<2xi1> to tensor<2xi32>
  %mask = glm.cast %number : tensor<2xi32> to tensor<2xf32>
  glm.return %back, %rounded, %integer, %mask : tensor<2xf32>, tensor<2xf32>, tensor<2xi64>, tensor<2xf32>
}

// An integer wraps, by way of a float it would saturate.
// CHECK-LABEL: @cast_saturates
// CHECK-COUNT-2: glm.cast
glm.graph @cast_saturates(%x: tensor<2xi16>) -> tensor<2xi8> {
  %f = glm.cast %x : tensor<2xi16> to tensor<2xf32>
  %y = glm.cast %f : tensor<2xf32> to tensor<2xi8>
  glm.return %y : tensor<2xi8>
}

// Angles: positions times frequencies.
// CHECK-LABEL: @outer_products
// CHECK-SAME: (%[[X:.*]]: tensor<1x7x1xf32>, %[[W:.*]]: tensor<1x4xf32>, %[[V:.*]]: tensor<4x1xf32>, %[[M:.*]]: tensor<1x7x2xf32>,
// CHECK-NEXT: glm.mul %[[X]], %[[W]] : tensor<1x7x1xf32>, tensor<1x4xf32> -> tensor<1x7x4xf32>
// CHECK-NEXT: %[[R:.*]] = glm.reshape %[[V]] : tensor<4x1xf32> to tensor<1x4xf32>
// CHECK-NEXT: glm.mul %[[X]], %[[R]] : tensor<1x7x1xf32>, tensor<1x4xf32> -> tensor<1x7x4xf32>
// CHECK-NEXT: glm.matmul %[[M]]
glm.graph @outer_products(%x: tensor<1x7x1xf32>, %w: tensor<1x4xf32>, %v: tensor<4x1xf32>, %m: tensor<1x7x2xf32>, %n: tensor<2x4xf32>)
    -> (tensor<1x7x4xf32>, tensor<1x7x4xf32>, tensor<1x7x4xf32>) {
  %a = glm.matmul %x, %w : tensor<1x7x1xf32>, tensor<1x4xf32> -> tensor<1x7x4xf32>
  %b = glm.matmul %x, %v transposed : tensor<1x7x1xf32>, tensor<4x1xf32> -> tensor<1x7x4xf32>
  %c = glm.matmul %m, %n : tensor<1x7x2xf32>, tensor<2x4xf32> -> tensor<1x7x4xf32>
  glm.return %a, %b, %c : tensor<1x7x4xf32>, tensor<1x7x4xf32>, tensor<1x7x4xf32>
}

// Half of the angles of a rotary embedding: cos(concat(f, f))[:half] is cos(f).
// CHECK-LABEL: @half_of_cos
// CHECK-SAME: (%[[F:.*]]: tensor<1x7x4xf32>)
// CHECK-NEXT: %[[C:.*]] = glm.cos %[[F]] : tensor<1x7x4xf32>
// CHECK-NEXT: %[[R:.*]] = glm.reshape %[[C]] : tensor<1x7x4xf32> to tensor<1x1x7x4xf32>
// CHECK-NEXT: glm.return %[[R]]
glm.graph @half_of_cos(%f: tensor<1x7x4xf32>) -> tensor<1x1x7x4xf32> {
  %e = glm.concat %f, %f axis 2 : (tensor<1x7x4xf32>, tensor<1x7x4xf32>) -> tensor<1x7x8xf32>
  %c = glm.cos %e : tensor<1x7x8xf32>
  %r = glm.reshape %c : tensor<1x7x8xf32> to tensor<1x1x7x8xf32>
  %h = glm.slice %r [0, 0, 0, 4] step [1, 1, 1, 1] : tensor<1x1x7x8xf32> to tensor<1x1x7x4xf32>
  glm.return %h : tensor<1x1x7x4xf32>
}

// Backwards in one piece, then across two, which stays.
// CHECK-LABEL: @slices_of_concat
// CHECK-SAME: (%[[X:.*]]: tensor<2x3xf32>, %[[Y:.*]]: tensor<2x5xf32>)
// CHECK-DAG: glm.slice %[[Y]] [0, 4] step [1, -2] : tensor<2x5xf32> to tensor<2x3xf32>
// CHECK-DAG: %[[C:.*]] = glm.concat %[[X]], %[[Y]]
// CHECK-DAG: glm.slice %[[C]] [0, 2] step [1, 1] : tensor<2x8xf32> to tensor<2x2xf32>
glm.graph @slices_of_concat(%x: tensor<2x3xf32>, %y: tensor<2x5xf32>) -> (tensor<2x3xf32>, tensor<2x2xf32>) {
  %c = glm.concat %x, %y axis 1 : (tensor<2x3xf32>, tensor<2x5xf32>) -> tensor<2x8xf32>
  %in = glm.slice %c [0, 7] step [1, -2] : tensor<2x8xf32> to tensor<2x3xf32>
  %across = glm.slice %c [0, 2] step [1, 1] : tensor<2x8xf32> to tensor<2x2xf32>
  glm.return %in, %across : tensor<2x3xf32>, tensor<2x2xf32>
}

// 9, 7, 5, 3 of 0..9, of which the second and the last; a step of one element
// means nothing.
// CHECK-LABEL: @slices_of_slices
// CHECK-SAME: (%[[X:.*]]: tensor<10xf32>)
// CHECK-NEXT: %[[A:.*]] = glm.slice %[[X]] [7] step [-4] : tensor<10xf32> to tensor<2xf32>
// CHECK-NEXT: %[[B:.*]] = glm.slice %[[X]] [5] step [1] : tensor<10xf32> to tensor<1xf32>
// CHECK-NEXT: glm.return %[[A]], %[[B]]
glm.graph @slices_of_slices(%x: tensor<10xf32>) -> (tensor<2xf32>, tensor<1xf32>) {
  %s = glm.slice %x [9] step [-2] : tensor<10xf32> to tensor<4xf32>
  %a = glm.slice %s [1] step [2] : tensor<4xf32> to tensor<2xf32>
  %b = glm.slice %s [2] step [9223372036854775807] : tensor<4xf32> to tensor<1xf32>
  glm.return %a, %b : tensor<2xf32>, tensor<1xf32>
}

// What broadcasts is sliced where it has the dimension.
// CHECK-LABEL: @slice_of_pointwise
// CHECK-SAME: (%[[X:.*]]: tensor<4x6xf32>, %[[Y:.*]]: tensor<6xf32>, %[[S:.*]]: tensor<f32>)
// CHECK-NEXT: %[[A:.*]] = glm.slice %[[X]] [1, 2] step [2, 1] : tensor<4x6xf32> to tensor<2x3xf32>
// CHECK-NEXT: %[[B:.*]] = glm.slice %[[Y]] [2] step [1] : tensor<6xf32> to tensor<3xf32>
// CHECK-NEXT: %[[Z:.*]] = glm.add %[[A]], %[[B]] : tensor<2x3xf32>, tensor<3xf32> -> tensor<2x3xf32>
// CHECK-NEXT: glm.mul %[[Z]], %[[S]] : tensor<2x3xf32>, tensor<f32> -> tensor<2x3xf32>
glm.graph @slice_of_pointwise(%x: tensor<4x6xf32>, %y: tensor<6xf32>, %s: tensor<f32>) -> tensor<2x3xf32> {
  %a = glm.add %x, %y : tensor<4x6xf32>, tensor<6xf32> -> tensor<4x6xf32>
  %m = glm.mul %a, %s : tensor<4x6xf32>, tensor<f32> -> tensor<4x6xf32>
  %z = glm.slice %m [1, 2] step [2, 1] : tensor<4x6xf32> to tensor<2x3xf32>
  glm.return %z : tensor<2x3xf32>
}

// Does not fire: the sum is computed anyway.
// CHECK-LABEL: @slice_of_read_elsewhere
// CHECK-NEXT: glm.add
// CHECK-NEXT: glm.slice
glm.graph @slice_of_read_elsewhere(%x: tensor<4xf32>, %y: tensor<4xf32>) -> (tensor<4xf32>, tensor<2xf32>) {
  %a = glm.add %x, %y : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
  %z = glm.slice %a [1] step [2] : tensor<4xf32> to tensor<2xf32>
  glm.return %a, %z : tensor<4xf32>, tensor<2xf32>
}

// The last token's logits: rows of a product, and what came before it. Columns
// of a product stay.
// CHECK-LABEL: @last_row
// CHECK-SAME: (%[[X:.*]]: tensor<1x7x4xf32>, %[[W:.*]]: tensor<4x5xf32>)
// CHECK-NEXT: %[[R:.*]] = glm.slice %[[X]] [0, 6, 0] step [1, 1, 1] : tensor<1x7x4xf32> to tensor<1x1x4xf32>
// CHECK-NEXT: %[[M:.*]] = glm.reduce "mean" %[[R]] [2] : tensor<1x1x4xf32> -> tensor<1x1x1xf32>
// CHECK-NEXT: %[[S:.*]] = glm.sub %{{.*}}, %[[M]]
// CHECK-NEXT: glm.matmul %[[S]], %[[W]] : tensor<1x1x4xf32>, tensor<4x5xf32> -> tensor<1x1x5xf32>
// CHECK-NEXT: %[[C:.*]] = glm.matmul %[[X]], %[[W]] : tensor<1x7x4xf32>, tensor<4x5xf32> -> tensor<1x7x5xf32>
// CHECK-NEXT: glm.slice %[[C]] [0, 0, 3]
glm.graph @last_row(%x: tensor<1x7x4xf32>, %w: tensor<4x5xf32>) -> (tensor<1x1x5xf32>, tensor<1x7x2xf32>) {
  %m = glm.reduce "mean" %x [2] : tensor<1x7x4xf32> -> tensor<1x7x1xf32>
  %s = glm.sub %x, %m : tensor<1x7x4xf32>, tensor<1x7x1xf32> -> tensor<1x7x4xf32>
  %y = glm.matmul %s, %w : tensor<1x7x4xf32>, tensor<4x5xf32> -> tensor<1x7x5xf32>
  %z = glm.slice %y [0, 6, 0] step [1, 1, 1] : tensor<1x7x5xf32> to tensor<1x1x5xf32>
  %c = glm.matmul %x, %w : tensor<1x7x4xf32>, tensor<4x5xf32> -> tensor<1x7x5xf32>
  %d = glm.slice %c [0, 0, 3] step [1, 1, 1] : tensor<1x7x5xf32> to tensor<1x7x2xf32>
  glm.return %z, %d : tensor<1x1x5xf32>, tensor<1x7x2xf32>
}

// Does not fire: the reshape joins the dimension that is sliced.
// CHECK-LABEL: @slice_of_joined
// CHECK-NEXT: glm.reshape
// CHECK-NEXT: glm.slice
glm.graph @slice_of_joined(%x: tensor<2x3xf32>) -> tensor<2xf32> {
  %r = glm.reshape %x : tensor<2x3xf32> to tensor<6xf32>
  %z = glm.slice %r [1] step [3] : tensor<6xf32> to tensor<2xf32>
  glm.return %z : tensor<2xf32>
}

// Slices put together again: the whole, a part, and in another order, which stays.
// CHECK-LABEL: @concat_of_slices
// CHECK-SAME: (%[[X:.*]]: tensor<2x6xf32>)
// CHECK: %[[P:.*]] = glm.slice %[[X]] [0, 1] step [1, 1] : tensor<2x6xf32> to tensor<2x5xf32>
// CHECK: %[[C:.*]] = glm.concat
// CHECK: glm.return %[[X]], %[[P]], %[[C]]
glm.graph @concat_of_slices(%x: tensor<2x6xf32>) -> (tensor<2x6xf32>, tensor<2x5xf32>, tensor<2x5xf32>) {
  %a = glm.slice %x [0, 0] step [1, 1] : tensor<2x6xf32> to tensor<2x1xf32>
  %b = glm.slice %x [0, 1] step [1, 1] : tensor<2x6xf32> to tensor<2x2xf32>
  %c = glm.slice %x [0, 3] step [1, 1] : tensor<2x6xf32> to tensor<2x3xf32>
  %whole = glm.concat %a, %b, %c axis 1 : (tensor<2x1xf32>, tensor<2x2xf32>, tensor<2x3xf32>) -> tensor<2x6xf32>
  %part = glm.concat %b, %c axis 1 : (tensor<2x2xf32>, tensor<2x3xf32>) -> tensor<2x5xf32>
  %turned = glm.concat %c, %b axis 1 : (tensor<2x3xf32>, tensor<2x2xf32>) -> tensor<2x5xf32>
  glm.return %whole, %part, %turned : tensor<2x6xf32>, tensor<2x5xf32>, tensor<2x5xf32>
}
