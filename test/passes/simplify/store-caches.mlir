// RUN: split-file %s %t
// RUN: sed 's/KV/f16/' %t/cache.mlir | glm-opt --glm-store-caches | FileCheck %t/cache.mlir --check-prefix=F16
// RUN: sed 's/KV/int8/' %t/cache.mlir | glm-opt --glm-store-caches | FileCheck %t/cache.mlir --check-prefix=INT8
// RUN: sed 's/KV/f32/' %t/cache.mlir | glm-opt --glm-store-caches | FileCheck %t/cache.mlir --check-prefix=F32
// RUN: sed 's/KV/int2/' %t/cache.mlir | not glm-opt --glm-store-caches 2>&1 | FileCheck %t/cache.mlir --check-prefix=WRONG

//--- cache.mlir
// F16: %[[K:[a-z0-9]*]]: tensor<1x2x16x8xf16> {glm.state = "k"})
// F16-SAME: tensor<1x2x16x8xf16> {glm.state = "k"})
// F16: %[[H:.*]] = glm.cast %{{.*}} : tensor<1x3x16xf32> to tensor<1x3x16xf16>
// F16: %[[W:.*]] = glm.cache_write %[[K]], %[[H]] at %{{.*}} : tensor<1x2x16x8xf16>, tensor<1x3x16xf16>, tensor<1xi64>
// F16: %[[R:.*]] = glm.cast %[[W]] : tensor<1x2x16x8xf16> to tensor<1x2x16x8xf32>
// F16: glm.attention %{{.*}}, %[[R]], %[[R]] past
// F16: glm.return %{{.*}}, %[[W]]

// INT8: %[[K:[a-z0-9]*]]: tensor<1x2x16x8xi8> {glm.state = "k"}, %[[S:[a-z0-9]*]]: tensor<1x2x16x1xf32> {glm.state = "k.scale"})
// INT8-SAME: tensor<1x2x16x8xi8> {glm.state = "k"}, tensor<1x2x16x1xf32> {glm.state = "k.scale"})
// INT8: %[[ABS:.*]] = glm.abs %[[ROWS:.*]] : tensor<1x2x3x8xf32>
// INT8: %[[MAX:.*]] = glm.reduce "max" %[[ABS]] [3]
// INT8: %[[SCALE:.*]] = glm.where
// INT8: %[[D:.*]] = glm.div %[[ROWS]], %[[SCALE]]
// INT8: %[[Q:.*]] = glm.round %[[D]]
// INT8: %[[I:.*]] = glm.cast %[[Q]] : tensor<1x2x3x8xf32> to tensor<1x2x3x8xi8>
// INT8: %[[W:.*]] = glm.cache_write %[[K]], %[[I]]
// INT8: %[[WS:.*]] = glm.cache_write %[[S]], %[[SCALE]]
// INT8: %[[WIDE:.*]] = glm.cast %[[W]] : tensor<1x2x16x8xi8> to tensor<1x2x16x8xf32>
// INT8: %[[R:.*]] = glm.mul %[[WIDE]], %[[WS]]
// INT8: glm.attention %{{.*}}, %[[R]], %[[R]] past
// INT8: glm.return %{{.*}}, %[[W]], %[[WS]]

// F32: %{{.*}}: tensor<1x2x16x8xf32> {glm.state = "k"})
// F32-NOT: glm.cast
// WRONG: error: caches are to be stored as 'int2', expected f32, f16 or int8
module attributes {glm.session = {context = 16 : i64, kv = "KV"}} {
  glm.graph @step_3(%n: tensor<1xi64> {glm.state = "length"}, %x: tensor<1x3x16xf32>, %k: tensor<1x2x16x8xf32> {glm.state = "k"})
      -> (tensor<1x3x16xf32>, tensor<1x2x16x8xf32> {glm.state = "k"}) attributes {glm.tokens = 3 : i64} {
    %c = glm.cache_write %k, %x at %n : tensor<1x2x16x8xf32>, tensor<1x3x16xf32>, tensor<1xi64>
    %a = glm.attention %x, %c, %c past %n heads 2 kv_heads 2 scale 1.0 causal : (tensor<1x3x16xf32>, tensor<1x2x16x8xf32>, tensor<1x2x16x8xf32>, tensor<1xi64>) -> tensor<1x3x16xf32>
    glm.return %a, %c : tensor<1x3x16xf32>, tensor<1x2x16x8xf32>
  }
}
