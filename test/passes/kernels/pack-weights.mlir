// RUN: glm-opt %s --glm-form-kernels --glm-pack-weights=target=x86-64-v3 --split-input-file | FileCheck %s
// RUN: not glm-opt %s --glm-pack-weights=target=none --split-input-file 2>&1 | FileCheck %s --check-prefix=TARGET
// TARGET: x86-64-v3

// A tied embedding: the head wants panels of 16 rows, the gather reads through.
// CHECK-LABEL: glm.graph @tied
// CHECK: glm.weight "embed" {{.*}} : !glm.packed<tensor<256x64xf32>, #glm.panels<0, 16>>
// CHECK: glm.kernel @gather{{.*}}(%{{.*}}: !glm.packed<tensor<256x64xf32>, #glm.panels<0, 16>>
glm.graph @tied(%ids: tensor<7xi64>) -> tensor<7x256xf32> {
  %w = glm.weight "embed" <"f", 0, 65536, raw> : tensor<256x64xf32>
  %e = glm.gather %w, %ids axis 0 : tensor<256x64xf32>, tensor<7xi64> -> tensor<7x64xf32>
  %y = glm.matmul %e, %w transposed : tensor<7x64xf32>, tensor<256x64xf32> -> tensor<7x256xf32>
  glm.return %y : tensor<7x256xf32>
}

// -----

// Does not fire: no product reads it.
// CHECK-LABEL: glm.graph @embedding
// CHECK: glm.weight "embed" {{.*}} : tensor<256x64xf32>
glm.graph @embedding(%ids: tensor<7xi64>) -> tensor<7x64xf32> {
  %w = glm.weight "embed" <"f", 0, 65536, raw> : tensor<256x64xf32>
  %e = glm.gather %w, %ids axis 0 : tensor<256x64xf32>, tensor<7xi64> -> tensor<7x64xf32>
  glm.return %e : tensor<7x64xf32>
}

// -----

// Refuses: another reader cannot read through a layout.
// CHECK-LABEL: glm.graph @plain_reader
// CHECK: glm.weight "w" {{.*}} : tensor<64x64xf32>
glm.graph @plain_reader(%x: tensor<64x64xf32>) -> (tensor<64x64xf32>, tensor<64x64xf32>) {
  %w = glm.weight "w" <"f", 0, 16384, raw> : tensor<64x64xf32>
  %y = glm.matmul %x, %w : tensor<64x64xf32>, tensor<64x64xf32> -> tensor<64x64xf32>
  %z = glm.add %x, %w : tensor<64x64xf32>, tensor<64x64xf32> -> tensor<64x64xf32>
  glm.return %y, %z : tensor<64x64xf32>, tensor<64x64xf32>
}

// Constants that are matrices, too: those of a convolution along its channels.
// CHECK-LABEL: glm.graph @constants
// CHECK: glm.constant dense<1.000000e+00> : tensor<8x18xf32> layout #glm.panels<0, 8>
// CHECK: glm.launch @conv{{.*}} !glm.packed<tensor<8x18xf32>, #glm.panels<0, 8>>
glm.graph @constants(%x: tensor<1x4x4x2xf32>) -> tensor<1x2x2x8xf32> {
  %w = glm.constant dense<1.0> : tensor<8x18xf32>
  %y = glm.launch @conv(%x, %w) : (tensor<1x4x4x2xf32>, tensor<8x18xf32>) -> tensor<1x2x2x8xf32>
  glm.return %y : tensor<1x2x2x8xf32>
}
glm.kernel @conv(%x: tensor<1x4x4x2xf32>, %w: tensor<8x18xf32>) -> tensor<1x2x2x8xf32> {
  %y = glm.conv %x, %w kernel [3, 3] strides [1, 1] dilations [1, 1] pads [0, 0, 0, 0] groups 1 channels_last : tensor<1x4x4x2xf32>, tensor<8x18xf32> -> tensor<1x2x2x8xf32>
  glm.yield %y : tensor<1x2x2x8xf32>
}
