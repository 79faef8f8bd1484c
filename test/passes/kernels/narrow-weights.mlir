// RUN: glm-opt %s --glm-fold-constants --glm-simplify-algebra --glm-form-kernels --glm-fuse-prologues --glm-fuse-products --glm-pack-weights=target=x86-64-v3 --glm-schedule-kernels=target=x86-64-v3 --split-input-file | FileCheck %s

// A weight of halves stays one, also a small one, and is packed; the product
// converts it as it reads it.
// CHECK-LABEL: glm.graph @halves
// CHECK: %[[W:.*]] = glm.weight "w" {{.*}} : !glm.packed<tensor<64x64xf16>, #glm.panels<1, 16>>
// CHECK-NEXT: glm.launch @[[K:.*]](%[[W]], %{{.*}})
// CHECK-NEXT: glm.return
// CHECK: glm.kernel @[[K]](%[[A:.*]]: !glm.packed<tensor<64x64xf16>, #glm.panels<1, 16>>, %{{.*}}: tensor<1x64xf32>) -> tensor<1x64xf32>
// CHECK-SAME: family = "matmul"
// CHECK-NEXT: %[[C:.*]] = glm.cast %[[A]] : !glm.packed<tensor<64x64xf16>, #glm.panels<1, 16>> to tensor<64x64xf32>
// CHECK-NEXT: glm.matmul %{{.*}}, %[[C]]
glm.graph @halves(%x: tensor<1x64xf32>) -> tensor<1x64xf32> {
  %w = glm.weight "w" <"f", 0, 8192, raw> : tensor<64x64xf16>
  %c = glm.cast %w : tensor<64x64xf16> to tensor<64x64xf32>
  %y = glm.matmul %x, %c : tensor<1x64xf32>, tensor<64x64xf32> -> tensor<1x64xf32>
  glm.return %y : tensor<1x64xf32>
}

// -----

// The same stored row by row of the result, and two products in one launch.
// CHECK-LABEL: glm.graph @transposed
// CHECK-NEXT: glm.weight "v" {{.*}} : !glm.packed<tensor<32x64xbf16>, #glm.panels<0, 16>>
// CHECK-NEXT: glm.weight "w" {{.*}} : !glm.packed<tensor<32x64xbf16>, #glm.panels<0, 16>>
// CHECK-NEXT: glm.launch
// CHECK-NEXT: glm.return
glm.graph @transposed(%x: tensor<1x64xf32>) -> (tensor<1x32xf32>, tensor<1x32xf32>) {
  %v = glm.weight "v" <"f", 0, 4096, raw> : tensor<32x64xbf16>
  %w = glm.weight "w" <"f", 4096, 4096, raw> : tensor<32x64xbf16>
  %c = glm.cast %v : tensor<32x64xbf16> to tensor<32x64xf32>
  %d = glm.cast %w : tensor<32x64xbf16> to tensor<32x64xf32>
  %s = glm.transpose %c [1, 0] : tensor<32x64xf32> -> tensor<64x32xf32>
  %t = glm.transpose %d [1, 0] : tensor<32x64xf32> -> tensor<64x32xf32>
  %y = glm.matmul %x, %s : tensor<1x64xf32>, tensor<64x32xf32> -> tensor<1x32xf32>
  %z = glm.matmul %x, %t : tensor<1x64xf32>, tensor<64x32xf32> -> tensor<1x32xf32>
  glm.return %y, %z : tensor<1x32xf32>, tensor<1x32xf32>
}
