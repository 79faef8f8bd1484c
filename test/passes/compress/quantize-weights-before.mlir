// RUN: glm-opt %s --glm-quantize-weights="format=int4" | FileCheck %s
// RUN: glm-opt %s --glm-quantize-weights="format=bf16" | FileCheck %s
// RUN: glm-opt %s --glm-quantize-weights | FileCheck %s

// Fewer bits already: as the file has it, and as an earlier run left it.
// CHECK: why = "comes quantised"
// CHECK-SAME: why = "comes rounded"
// CHECK-LABEL: glm.graph @before
// CHECK-NOT: {{xi4|bf16}}
// CHECK: glm.return
glm.graph @before(%x: tensor<1x64xf32>) -> (tensor<1x64xf32>, tensor<1x64xf32>) {
  %q = glm.weight "q" <"f", 0, 4096, raw> : tensor<64x64xi8>
  %s = glm.weight "s" <"f", 4096, 256, raw> : tensor<1x64xf32>
  %w = glm.weight "w" <"f", 8192, 16384, raw> rounded <tensor<64x64xf32>, f16, values, 0, 0> : tensor<64x64xf16>
  %c = glm.cast %w : tensor<64x64xf16> to tensor<64x64xf32>
  %d = glm.dequantize %q, %s axis 0 group 64 : tensor<64x64xi8>, tensor<1x64xf32> -> tensor<64x64xf32>
  %y = glm.matmul %x, %d : tensor<1x64xf32>, tensor<64x64xf32> -> tensor<1x64xf32>
  %z = glm.matmul %x, %c : tensor<1x64xf32>, tensor<64x64xf32> -> tensor<1x64xf32>
  glm.return %y, %z : tensor<1x64xf32>, tensor<1x64xf32>
}
