// RUN: glm-opt %s --glm-quantize-weights="format=int8 group=96 activations=int8 keep=half=f16" --split-input-file | FileCheck %s

// A left side is rounded in groups that divide the weight's; 96 is three of 32. A
// product of halves takes floats.
// CHECK: activation_group = 32 : i64, activations = "int8"
// CHECK-SAME: why_activations = "asked for"
// CHECK-SAME: activations = "float"
// CHECK-SAME: why_activations = "weights are f16"
// CHECK-LABEL: glm.graph @rounded
// CHECK: glm.matmul %{{.*}}, %{{.*}} lhs_group 32 :
// CHECK: glm.matmul %{{.*}}, %{{[0-9]+}} :
glm.graph @rounded(%x: tensor<1x192xf32>) -> (tensor<1x64xf32>, tensor<1x64xf32>) {
  %w = glm.weight "w" <"f", 0, 49152, raw> : tensor<192x64xf32>
  %h = glm.weight "half" <"f", 49152, 49152, raw> : tensor<192x64xf32>
  %y = glm.matmul %x, %w : tensor<1x192xf32>, tensor<192x64xf32> -> tensor<1x64xf32>
  %z = glm.matmul %x, %h : tensor<1x192xf32>, tensor<192x64xf32> -> tensor<1x64xf32>
  glm.return %y, %z : tensor<1x64xf32>, tensor<1x64xf32>
}

// Entry points share weights, and all their products are rounded.
// CHECK-LABEL: glm.graph @step_1
// CHECK: glm.matmul %{{.*}}, %{{.*}} lhs_group 32 :
// CHECK-LABEL: glm.graph @step_16
// CHECK: glm.matmul %{{.*}}, %{{.*}} lhs_group 32 :
glm.graph @step_1(%x: tensor<1x192xf32>) -> tensor<1x64xf32> {
  %w = glm.weight "w" <"f", 0, 49152, raw> : tensor<192x64xf32>
  %y = glm.matmul %x, %w : tensor<1x192xf32>, tensor<192x64xf32> -> tensor<1x64xf32>
  glm.return %y : tensor<1x64xf32>
}
glm.graph @step_16(%x: tensor<16x192xf32>) -> tensor<16x64xf32> {
  %w = glm.weight "w" <"f", 0, 49152, raw> : tensor<192x64xf32>
  %y = glm.matmul %x, %w : tensor<16x192xf32>, tensor<192x64xf32> -> tensor<16x64xf32>
  glm.return %y : tensor<16x64xf32>
}

// -----

// Weights that come quantised: one scale a column, both ways to say it; groups of
// 128, of 16, of 48; a scale for each element of the sum, which integers cannot
// have. What is said already stays.
// CHECK-LABEL: glm.graph @comes
// CHECK: glm.matmul %{{.*}} lhs_group 128 :
// CHECK: glm.matmul %{{.*}} lhs_group 128 :
// CHECK: glm.matmul %{{.*}} lhs_group 128 :
// CHECK: glm.matmul %{{.*}} lhs_group 16 :
// CHECK: glm.matmul %{{.*}} lhs_group 48 :
// CHECK: glm.matmul %{{.*}}, %{{[0-9]+}} :
// CHECK: glm.matmul %{{.*}} lhs_group 64 :
glm.graph @comes(%x: tensor<1x384xf32>) -> (tensor<1x16xf32>, tensor<1x16xf32>, tensor<1x16xf32>, tensor<1x16xf32>, tensor<1x16xf32>, tensor<1x16xf32>, tensor<1x16xf32>) {
  %q = glm.weight "q" <"f", 0, 6144, raw> : tensor<384x16xui8>
  %s1 = glm.weight "s1" <"f", 6144, 64, raw> : tensor<1x16xf32>
  %z1 = glm.weight "z1" <"f", 6208, 16, raw> : tensor<1x16xui8>
  %s3 = glm.weight "s3" <"f", 6400, 192, raw> : tensor<3x16xf32>
  %s24 = glm.weight "s24" <"f", 6656, 1536, raw> : tensor<24x16xf32>
  %s8 = glm.weight "s8" <"f", 8192, 512, raw> : tensor<8x16xf32>
  %k = glm.weight "k" <"f", 9216, 1536, raw> : tensor<384x1xf32>
  %a = glm.dequantize %q, %s1 zeros %z1 axis 0 group 384 : tensor<384x16xui8>, tensor<1x16xf32>, tensor<1x16xui8> -> tensor<384x16xf32>
  %b = glm.dequantize %q, %s1 axis 1 group 1 : tensor<384x16xui8>, tensor<1x16xf32> -> tensor<384x16xf32>
  %c = glm.dequantize %q, %s3 axis 0 group 128 : tensor<384x16xui8>, tensor<3x16xf32> -> tensor<384x16xf32>
  %d = glm.dequantize %q, %s24 axis 0 group 16 : tensor<384x16xui8>, tensor<24x16xf32> -> tensor<384x16xf32>
  %e = glm.dequantize %q, %s8 axis 0 group 48 : tensor<384x16xui8>, tensor<8x16xf32> -> tensor<384x16xf32>
  %f = glm.dequantize %q, %k axis 0 group 1 : tensor<384x16xui8>, tensor<384x1xf32> -> tensor<384x16xf32>
  %ya = glm.matmul %x, %a : tensor<1x384xf32>, tensor<384x16xf32> -> tensor<1x16xf32>
  %yb = glm.matmul %x, %b : tensor<1x384xf32>, tensor<384x16xf32> -> tensor<1x16xf32>
  %yc = glm.matmul %x, %c : tensor<1x384xf32>, tensor<384x16xf32> -> tensor<1x16xf32>
  %yd = glm.matmul %x, %d : tensor<1x384xf32>, tensor<384x16xf32> -> tensor<1x16xf32>
  %ye = glm.matmul %x, %e : tensor<1x384xf32>, tensor<384x16xf32> -> tensor<1x16xf32>
  %yf = glm.matmul %x, %f : tensor<1x384xf32>, tensor<384x16xf32> -> tensor<1x16xf32>
  %w = glm.weight "w" <"f", 12288, 24576, raw> : tensor<384x16xf32>
  %yg = glm.matmul %x, %w lhs_group 64 : tensor<1x384xf32>, tensor<384x16xf32> -> tensor<1x16xf32>
  %half = glm.weight "half" <"f", 49152, 24576, raw> : tensor<384x16xf32>
  %yh = glm.matmul %x, %half : tensor<1x384xf32>, tensor<384x16xf32> -> tensor<1x16xf32>
  %sum = glm.add %yg, %yh : tensor<1x16xf32>, tensor<1x16xf32> -> tensor<1x16xf32>
  glm.return %ya, %yb, %yc, %yd, %ye, %yf, %sum : tensor<1x16xf32>, tensor<1x16xf32>, tensor<1x16xf32>, tensor<1x16xf32>, tensor<1x16xf32>, tensor<1x16xf32>, tensor<1x16xf32>
}
