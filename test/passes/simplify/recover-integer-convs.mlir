// RUN: glm-opt %s --glm-recover-integer-convs | FileCheck %s

// The convolution pads with the zero point, 3; sums of rows of weights (3 and -1)
// times that are taken off; the bias is 4 and -6 units of 0.5 * 0.25 and 0.5 * 2.
// CHECK-LABEL: @conv
// CHECK-SAME: (%[[Q:.*]]: tensor<1x1x2x4xi8>)
// CHECK: %[[W:.*]] = glm.constant dense<{{\[\[}}1, 2], [3, -4]]> : tensor<2x2xi8>
// CHECK: %[[C:.*]] = glm.conv %[[Q]], %[[W]] kernel [1, 2] {{.*}} pads [0, 1, 0, 0] groups 1 pad_value 3 : tensor<1x1x2x4xi8>, tensor<2x2xi8> -> tensor<1x2x2x4xi32>
// CHECK: %[[O:.*]] = glm.constant dense<{{\[\[\[}}-5{{\]\], \[\[}}-3{{\]\]\]}}> : tensor<2x1x1xi32>
// CHECK: %[[S:.*]] = glm.add %[[C]], %[[O]]
// CHECK: %[[F:.*]] = glm.cast %[[S]] : tensor<1x2x2x4xi32> to tensor<1x2x2x4xf32>
// CHECK: %[[T:.*]] = glm.constant dense<{{\[\[\[}}1.250000e-01{{\]\], \[\[}}1.000000e+00{{\]\]\]}}>
// CHECK: %[[Y:.*]] = glm.mul %[[F]], %[[T]]
// CHECK: glm.return %[[Y]]
glm.graph @conv(%q: tensor<1x1x2x4xi8>) -> tensor<1x2x2x4xf32> {
  %s = glm.constant dense<0.5> : tensor<1x1x1x1xf32>
  %z = glm.constant dense<3> : tensor<1x1x1x1xi8>
  %x = glm.dequantize %q, %s zeros %z axis 2 group 2 : tensor<1x1x2x4xi8>, tensor<1x1x1x1xf32>, tensor<1x1x1x1xi8> -> tensor<1x1x2x4xf32>
  %i = glm.constant dense<[[1, 2], [3, -4]]> : tensor<2x2xi8>
  %t = glm.constant dense<[[0.25], [2.0]]> : tensor<2x1xf32>
  %w = glm.dequantize %i, %t axis 1 group 2 : tensor<2x2xi8>, tensor<2x1xf32> -> tensor<2x2xf32>
  %b = glm.constant dense<[[[0.5]], [[-6.0]]]> : tensor<2x1x1xf32>
  %c = glm.conv %x, %w kernel [1, 2] strides [1, 1] dilations [1, 1] pads [0, 1, 0, 0] groups 1 : tensor<1x1x2x4xf32>, tensor<2x2xf32> -> tensor<1x2x2x4xf32>
  %y = glm.add %c, %b : tensor<1x2x2x4xf32>, tensor<2x1x1xf32> -> tensor<1x2x2x4xf32>
  glm.return %y : tensor<1x2x2x4xf32>
}

// A bias that is no multiple of the scales stays a number; weights of four
// dimensions, by a reshape; unsigned ones with a zero point that are signed after.
// CHECK-LABEL: @float_bias
// CHECK: glm.constant dense<{{\[\[}}-127, 3]]> : tensor<1x2xi8>
// CHECK: glm.conv
// CHECK: glm.constant dense<1.000000e-01> : tensor<1x1xf32>
// CHECK: glm.add %{{.*}} : tensor<1x1x3xf32>, tensor<1x1xf32>
glm.graph @float_bias(%q: tensor<1x2x3xui8>) -> tensor<1x1x3xf32> {
  %s = glm.constant dense<0.5> : tensor<1x1x1xf32>
  %x = glm.dequantize %q, %s axis 1 group 2 : tensor<1x2x3xui8>, tensor<1x1x1xf32> -> tensor<1x2x3xf32>
  %i = glm.constant dense<[[[1], [131]]]> : tensor<1x2x1xui8>
  %z = glm.constant dense<128> : tensor<1x1x1xui8>
  %t = glm.constant dense<0.25> : tensor<1x1x1xf32>
  %n = glm.dequantize %i, %t zeros %z axis 1 group 2 : tensor<1x2x1xui8>, tensor<1x1x1xf32>, tensor<1x1x1xui8> -> tensor<1x2x1xf32>
  %w = glm.reshape %n : tensor<1x2x1xf32> to tensor<1x2xf32>
  %b = glm.constant dense<0.1> : tensor<1x1x1xf32>
  %c = glm.conv %x, %w kernel [1] strides [1] dilations [1] pads [0, 0] groups 1 : tensor<1x2x3xf32>, tensor<1x2xf32> -> tensor<1x1x3xf32>
  %y = glm.add %c, %b : tensor<1x1x3xf32>, tensor<1x1x1xf32> -> tensor<1x1x3xf32>
  glm.return %y : tensor<1x1x3xf32>
}

// A product that is quantised again is a convolution without space; another one is
// left to glm-recover-integer-products.
// CHECK-LABEL: @products
// CHECK: glm.constant dense<{{\[\[}}1, 3], [2, -4]]> : tensor<2x2xi8>
// CHECK: glm.conv %{{.*}} kernel [] strides [] dilations [] pads [] groups 1 channels_last : tensor<3x2xi8>, tensor<2x2xi8> -> tensor<3x2xi32>
// CHECK: glm.matmul
glm.graph @products(%q: tensor<3x2xi8>) -> (tensor<3x2xf32>, tensor<3x2xf32>) {
  %s = glm.constant dense<0.5> : tensor<1x1xf32>
  %x = glm.dequantize %q, %s axis 0 group 3 : tensor<3x2xi8>, tensor<1x1xf32> -> tensor<3x2xf32>
  %i = glm.constant dense<[[1, 2], [3, -4]]> : tensor<2x2xi8>
  %t = glm.constant dense<[[0.25, 2.0]]> : tensor<1x2xf32>
  %w = glm.dequantize %i, %t axis 0 group 2 : tensor<2x2xi8>, tensor<1x2xf32> -> tensor<2x2xf32>
  %p = glm.matmul %x, %w : tensor<3x2xf32>, tensor<2x2xf32> -> tensor<3x2xf32>
  %d = glm.div %p, %s : tensor<3x2xf32>, tensor<1x1xf32> -> tensor<3x2xf32>
  %r = glm.round %d : tensor<3x2xf32>
  %e = glm.matmul %x, %w : tensor<3x2xf32>, tensor<2x2xf32> -> tensor<3x2xf32>
  glm.return %r, %e : tensor<3x2xf32>, tensor<3x2xf32>
}

// Means are sums of integers, less the zero points; largest elements are integers.
// CHECK-LABEL: @pools
// CHECK: %[[S:.*]] = glm.pool "sum" %[[Q:.*]] kernel [2, 2]
// CHECK: glm.constant dense<-20> : tensor<i32>
// CHECK: glm.add %[[S]]
// CHECK: glm.constant dense<1.250000e-01> : tensor<f32>
// CHECK: glm.mul
// CHECK: %[[M:.*]] = glm.pool "max" %[[Q]] kernel [2, 2] {{.*}} pads [1, 1, 0, 0]{{.*}} : tensor<1x1x2x2xi8>
// CHECK: glm.dequantize %[[M]]
glm.graph @pools(%q: tensor<1x1x2x2xi8>) -> (tensor<1x1x1x1xf32>, tensor<1x1x2x2xf32>) {
  %s = glm.constant dense<0.5> : tensor<1x1x1x1xf32>
  %z = glm.constant dense<5> : tensor<1x1x1x1xi8>
  %x = glm.dequantize %q, %s zeros %z axis 2 group 2 : tensor<1x1x2x2xi8>, tensor<1x1x1x1xf32>, tensor<1x1x1x1xi8> -> tensor<1x1x2x2xf32>
  %a = glm.pool "average" %x kernel [2, 2] strides [1, 1] dilations [1, 1] pads [0, 0, 0, 0] : tensor<1x1x2x2xf32> -> tensor<1x1x1x1xf32>
  %m = glm.pool "max" %x kernel [2, 2] strides [1, 1] dilations [1, 1] pads [1, 1, 0, 0] : tensor<1x1x2x2xf32> -> tensor<1x1x2x2xf32>
  glm.return %a, %m : tensor<1x1x1x1xf32>, tensor<1x1x2x2xf32>
}

// Not of weights that are no constants, nor with several scales, nor means of padded windows.
// CHECK-LABEL: @kept
// CHECK: glm.conv %{{.*}} : tensor<1x1x4xf32>
// CHECK: glm.conv %{{.*}} : tensor<1x1x4xf32>
// CHECK: glm.pool "average"
glm.graph @kept(%q: tensor<1x1x4xi8>, %w: tensor<1x1xf32>) -> (tensor<1x1x4xf32>, tensor<1x1x4xf32>, tensor<1x1x5xf32>) {
  %s = glm.constant dense<0.5> : tensor<1x1x1xf32>
  %x = glm.dequantize %q, %s axis 2 group 4 : tensor<1x1x4xi8>, tensor<1x1x1xf32> -> tensor<1x1x4xf32>
  %a = glm.conv %x, %w kernel [1] strides [1] dilations [1] pads [0, 0] groups 1 : tensor<1x1x4xf32>, tensor<1x1xf32> -> tensor<1x1x4xf32>
  %t = glm.constant dense<[[[0.5, 1.0, 2.0, 4.0]]]> : tensor<1x1x4xf32>
  %v = glm.dequantize %q, %t axis 2 group 1 : tensor<1x1x4xi8>, tensor<1x1x4xf32> -> tensor<1x1x4xf32>
  %i = glm.constant dense<3> : tensor<1x1xi8>
  %r = glm.constant dense<0.5> : tensor<1x1xf32>
  %u = glm.dequantize %i, %r axis 1 group 1 : tensor<1x1xi8>, tensor<1x1xf32> -> tensor<1x1xf32>
  %b = glm.conv %v, %u kernel [1] strides [1] dilations [1] pads [0, 0] groups 1 : tensor<1x1x4xf32>, tensor<1x1xf32> -> tensor<1x1x4xf32>
  %c = glm.pool "average" %x kernel [2] strides [1] dilations [1] pads [1, 1] : tensor<1x1x4xf32> -> tensor<1x1x5xf32>
  glm.return %a, %b, %c : tensor<1x1x4xf32>, tensor<1x1x4xf32>, tensor<1x1x5xf32>
}
