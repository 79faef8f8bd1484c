// RUN: glm-opt %s --split-input-file --glm-quantize-activations | FileCheck %s
// RUN: glm-opt %s --split-input-file --glm-quantize-activations --glm-recover-integer-products | FileCheck %s --check-prefix=PRODUCT

// One value is rounded once, for both of its products.
// CHECK-LABEL: module
// CHECK-SAME: glm.layers = [{activations = "int8 static", {{.*}}name = "q", {{.*}}why_activations = "asked for"}]
// CHECK: %[[S:.*]] = glm.constant dense<5.000000e-01> : tensor<1x1xf32>
// CHECK: %[[D:.*]] = glm.div %arg0, %[[S]] : tensor<3x64xf32>, tensor<1x1xf32> -> tensor<3x64xf32>
// CHECK: %[[R:.*]] = glm.round %[[D]]
// CHECK: %[[LEAST:.*]] = glm.constant dense<-1.270000e+02>
// CHECK: %[[A:.*]] = glm.max %[[R]], %[[LEAST]]
// CHECK: %[[MOST:.*]] = glm.constant dense<1.270000e+02>
// CHECK: %[[B:.*]] = glm.min %[[A]], %[[MOST]]
// CHECK: %[[Q:.*]] = glm.cast %[[B]] : tensor<3x64xf32> to tensor<3x64xi8>
// CHECK: %[[N:.*]] = glm.dequantize %[[Q]], %[[S]] axis 1 group 64
// CHECK: glm.matmul %[[N]],
// CHECK-NOT: glm.div
// CHECK: glm.matmul %[[N]],
// The integers themselves are multiplied.
// PRODUCT-LABEL: module
// PRODUCT: %[[X:.*]] = glm.cast %{{.*}} : tensor<3x64xi8> to tensor<3x64xi32>
// PRODUCT: %[[W:.*]] = glm.cast %{{.*}} : tensor<64x128xi8> to tensor<64x128xi32>
// PRODUCT: glm.matmul %[[X]], %[[W]] : tensor<3x64xi32>, tensor<64x128xi32> -> tensor<3x128xi32>
module attributes {glm.layers = [{name = "q", nodes = [], activations = "float"}],
                   glm.ranges = [{node = "n", weight = "q", magnitude = 63.5}, {node = "n", weight = "r", magnitude = 63.5}]} {
  glm.graph @run(%x: tensor<3x64xf32>) -> (tensor<3x128xf32>, tensor<3x128xf32>) {
    %q = glm.weight "q" <"data", 0, 8192, raw> : tensor<64x128xi8>
    %r = glm.weight "r" <"data", 8192, 8192, raw> : tensor<64x128xi8>
    %s = glm.weight "q.scales" <"data", 16384, 256, raw> : tensor<1x128xf16>
    %a = glm.dequantize %q, %s axis 0 group 64 : tensor<64x128xi8>, tensor<1x128xf16> -> tensor<64x128xf32>
    %b = glm.dequantize %r, %s axis 0 group 64 : tensor<64x128xi8>, tensor<1x128xf16> -> tensor<64x128xf32>
    %y = glm.matmul %x, %a : tensor<3x64xf32>, tensor<64x128xf32> -> tensor<3x128xf32>
    %z = glm.matmul %x, %b : tensor<3x64xf32>, tensor<64x128xf32> -> tensor<3x128xf32>
    glm.return %y, %z : tensor<3x128xf32>, tensor<3x128xf32>
  }
}

// -----

// What has no range, or a scale for each group, keeps its floats.
// CHECK-LABEL: module
// CHECK-SAME: activations = "float", name = "other", nodes = [], why_activations = "no sample passed here: it has no range"
// CHECK-SAME: activations = "float", name = "grouped", nodes = [], why_activations = "weights have a scale for each group, not one a column"
// CHECK-SAME: activations = "float", name = "zero", nodes = [], why_activations = "all samples were 0 here"
// CHECK: %[[A:.*]] = glm.matmul %arg0,
// CHECK: %[[B:.*]] = glm.matmul %[[A]],
// CHECK: %[[C:.*]] = glm.matmul %[[B]],
// CHECK: glm.div %[[C]],
module attributes {glm.layers = [{name = "other"}, {name = "grouped"}, {name = "zero"}, {name = "q"}],
                   glm.ranges = [{node = "", weight = "q", magnitude = 1.0}, {node = "", weight = "grouped", magnitude = 1.0},
                                 {node = "", weight = "zero", magnitude = 0.0}]} {
  glm.graph @run(%x: tensor<1x64xf32>) -> tensor<1x64xf32> {
    %o = glm.weight "other" <"data", 0, 4096, raw> : tensor<64x64xi8>
    %g = glm.weight "grouped" <"data", 4096, 4096, raw> : tensor<64x64xi8>
    %n = glm.weight "zero" <"data", 8192, 4096, raw> : tensor<64x64xi8>
    %q = glm.weight "q" <"data", 12288, 4096, raw> : tensor<64x64xi8>
    %s = glm.weight "s" <"data", 16384, 128, raw> : tensor<1x64xf16>
    %t = glm.weight "t" <"data", 16384, 256, raw> : tensor<2x64xf16>
    %do = glm.dequantize %o, %s axis 0 group 64 : tensor<64x64xi8>, tensor<1x64xf16> -> tensor<64x64xf32>
    %dg = glm.dequantize %g, %t axis 0 group 32 : tensor<64x64xi8>, tensor<2x64xf16> -> tensor<64x64xf32>
    %dn = glm.dequantize %n, %s axis 0 group 64 : tensor<64x64xi8>, tensor<1x64xf16> -> tensor<64x64xf32>
    %dq = glm.dequantize %q, %s axis 0 group 64 : tensor<64x64xi8>, tensor<1x64xf16> -> tensor<64x64xf32>
    %a = glm.matmul %x, %do : tensor<1x64xf32>, tensor<64x64xf32> -> tensor<1x64xf32>
    %b = glm.matmul %a, %dg : tensor<1x64xf32>, tensor<64x64xf32> -> tensor<1x64xf32>
    %c = glm.matmul %b, %dn : tensor<1x64xf32>, tensor<64x64xf32> -> tensor<1x64xf32>
    %d = glm.matmul %c, %dq : tensor<1x64xf32>, tensor<64x64xf32> -> tensor<1x64xf32>
    glm.return %d : tensor<1x64xf32>
  }
}
