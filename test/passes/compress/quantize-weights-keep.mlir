// RUN: glm-opt %s --glm-quantize-weights="format=int4 keep=layers.0.*=f16,/model/head/MatMul=int8,tiny=int8,layers.*=f32 asymmetric" --mlir-print-debuginfo | FileCheck %s
// RUN: not glm-opt %s --glm-quantize-weights="format=int4 keep=layer.0.*=f16" 2>&1 | FileCheck %s --check-prefix=NAME
// RUN: not glm-opt %s --glm-quantize-weights="format=int4 keep=layers.0.up" 2>&1 | FileCheck %s --check-prefix=FORM
// RUN: not glm-opt %s --glm-quantize-weights="format=int4 keep=[=f16" 2>&1 | FileCheck %s --check-prefix=GLOB
// RUN: not glm-opt %s --glm-quantize-weights="format=int3" 2>&1 | FileCheck %s --check-prefix=FORMAT
// RUN: not glm-opt %s --glm-quantize-weights="format=int4 group=0" 2>&1 | FileCheck %s --check-prefix=GROUP
// RUN: not glm-opt %s --glm-quantize-weights="format=f16 activations=int8" 2>&1 | FileCheck %s --check-prefix=NONE
// RUN: not glm-opt %s --glm-quantize-weights="format=int4 activations=int4" 2>&1 | FileCheck %s --check-prefix=ACTIVATIONS
// RUN: not glm-opt %s --glm-form-kernels --glm-quantize-weights="format=int4" 2>&1 | FileCheck %s --check-prefix=KERNELS
// NAME: error: keep is 'layer.0.*=f16', which no weight or node is named like; there are layers.0.up (/model/up/MatMul), layers.1.up, head (/model/head/MatMul), tiny
// FORM: error: keep is 'layers.0.up', expected PATTERN=FORMAT, where FORMAT is f32, f16, bf16, int8 or int4
// GLOB: error: keep is '[=f16': invalid glob pattern
// FORMAT: error: format is 'int3', expected f32, f16, bf16, int8 or int4
// GROUP: error: group is 0, expected 1 or more
// NONE: error: activations are to be int8, but no product has integer weights: quantise them too, to int8 or int4
// ACTIVATIONS: error: activations is 'int4', expected float or int8
// KERNELS: error: 'glm.graph' op is made of kernels already: weights are quantised before

// By the name of a weight or of a node; the first pattern counts, also for what is
// small.
// CHECK: why = "keep layers.0.*=f16"
// CHECK-SAME: why = "keep layers.*=f32"
// CHECK-SAME: why = "keep /model/head/MatMul=int8"
// CHECK-SAME: why = "keep tiny=int8"
// CHECK: glm.weight "layers.0.up" {{.*}} f16, values
// CHECK: glm.weight "layers.1.up" {{.*}} raw> : tensor<64x64xf32>
// CHECK: glm.weight "head" {{.*}} ui8, values
// CHECK: glm.weight "tiny" {{.*}} ui8, values
#up = loc("/model/up/MatMul"("MatMul:18"))
#head = loc("/model/head/MatMul"("MatMul:18"))
glm.graph @main(%x: tensor<1x64xf32>) -> tensor<1x8xf32> {
  %u = glm.weight "layers.0.up" <"f", 0, 16384, raw> : tensor<64x64xf32>
  %v = glm.weight "layers.1.up" <"f", 16384, 16384, raw> : tensor<64x64xf32>
  %h = glm.weight "head" <"f", 32768, 16384, raw> : tensor<64x64xf32>
  %t = glm.weight "tiny" <"f", 49152, 2048, raw> : tensor<64x8xf32>
  %a = glm.matmul %x, %u : tensor<1x64xf32>, tensor<64x64xf32> -> tensor<1x64xf32> loc(#up)
  %b = glm.matmul %a, %v : tensor<1x64xf32>, tensor<64x64xf32> -> tensor<1x64xf32>
  %c = glm.matmul %b, %h : tensor<1x64xf32>, tensor<64x64xf32> -> tensor<1x64xf32> loc(#head)
  %y = glm.matmul %c, %t : tensor<1x64xf32>, tensor<64x8xf32> -> tensor<1x8xf32>
  glm.return %y : tensor<1x8xf32>
}
