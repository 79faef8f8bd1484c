// RUN: split-file %s %t
// RUN: glm-opt %t/lowest.mlir --glm-bind-state | FileCheck %t/lowest.mlir
// RUN: glm-opt %t/small.mlir --glm-bind-state --verify-diagnostics
// Numbers that f16 models add to scores: nothing is lower than -65504 there.

//--- lowest.mlir
// CHECK: glm.graph @step_2({{.*}} -> (tensor<1x2x5xf32> {glm.name = "logits"}
// CHECK: glm.attention %{{.*}} past %{{.*}} heads 4 kv_heads 2 scale 2.500000e-01 causal :
// CHECK: %[[Y:.*]] = glm.matmul
// CHECK: %[[L:.*]] = glm.cast %[[Y]] : tensor<1x2x5xf16> to tensor<1x2x5xf32>
// CHECK: glm.return %[[L]],
module attributes {glm.session = {context = 31 : i64, logits = "last", kv = "f32"}} {
  glm.graph @step_2(%n: tensor<1xi64> {glm.state = "length"}, %ids: tensor<1x2xi64> {glm.name = "ids", glm.role = "tokens"},
                    %pos: tensor<1x2xi64> {glm.name = "pos", glm.role = "positions"},
                    %k: tensor<1x2x29x8xf16> {glm.name = "past.key", glm.role = "cache"},
                    %v: tensor<1x2x29x8xf16> {glm.name = "past.value", glm.role = "cache"})
      -> (tensor<1x2x5xf16> {glm.name = "logits"}, tensor<1x2x31x8xf16> {glm.name = "key"}, tensor<1x2x31x8xf16> {glm.name = "value"})
      attributes {glm.tokens = 2 : i64} {
    %table = glm.weight "table" <"m.bin", 0, 320, raw> : tensor<5x32xf16>
    %columns = glm.constant dense<[[[[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30]]]]> : tensor<1x1x1x31xi64>
    %rows = glm.constant dense<[[[[29], [30]]]]> : tensor<1x1x2x1xi64>
    %attended = glm.less_equal %columns, %rows : tensor<1x1x1x31xi64>, tensor<1x1x2x1xi64> -> tensor<1x1x2x31xi1>
    %zero = glm.constant dense<0.0> : tensor<f16>
    %low = glm.constant dense<-65504.0> : tensor<f16>
    %mask = glm.where %attended, %zero, %low : tensor<1x1x2x31xi1>, tensor<f16>, tensor<f16> -> tensor<1x1x2x31xf16>
    %x = glm.gather %table, %ids axis 0 : tensor<5x32xf16>, tensor<1x2xi64> -> tensor<1x2x32xf16>
    %p = glm.cast %pos : tensor<1x2xi64> to tensor<1x2xf16>
    %p3 = glm.reshape %p : tensor<1x2xf16> to tensor<1x2x1xf16>
    %q = glm.add %x, %p3 : tensor<1x2x32xf16>, tensor<1x2x1xf16> -> tensor<1x2x32xf16>
    %half = glm.slice %x [0, 0, 0] step [1, 1, 1] : tensor<1x2x32xf16> to tensor<1x2x16xf16>
    %split = glm.reshape %half : tensor<1x2x16xf16> to tensor<1x2x2x8xf16>
    %new = glm.transpose %split [0, 2, 1, 3] : tensor<1x2x2x8xf16> -> tensor<1x2x2x8xf16>
    %key = glm.concat %k, %new axis 2 : (tensor<1x2x29x8xf16>, tensor<1x2x2x8xf16>) -> tensor<1x2x31x8xf16>
    %value = glm.concat %v, %new axis 2 : (tensor<1x2x29x8xf16>, tensor<1x2x2x8xf16>) -> tensor<1x2x31x8xf16>
    %a = glm.attention %q, %key, %value mask %mask heads 4 kv_heads 2 scale 0.25 : (tensor<1x2x32xf16>, tensor<1x2x31x8xf16>, tensor<1x2x31x8xf16>, tensor<1x1x2x31xf16>) -> tensor<1x2x32xf16>
    %y = glm.matmul %a, %table transposed : tensor<1x2x32xf16>, tensor<5x32xf16> -> tensor<1x2x5xf16>
    glm.return %y, %key, %value : tensor<1x2x5xf16>, tensor<1x2x31x8xf16>, tensor<1x2x31x8xf16>
  }
}

//--- small.mlir
module attributes {glm.session = {context = 31 : i64, logits = "last", kv = "f32"}} {
  glm.graph @step_2(%n: tensor<1xi64> {glm.state = "length"}, %ids: tensor<1x2xi64> {glm.name = "ids", glm.role = "tokens"},
                    %pos: tensor<1x2xi64> {glm.name = "pos", glm.role = "positions"},
                    %k: tensor<1x2x29x8xf16> {glm.name = "past.key", glm.role = "cache"},
                    %v: tensor<1x2x29x8xf16> {glm.name = "past.value", glm.role = "cache"})
      -> (tensor<1x2x5xf16> {glm.name = "logits"}, tensor<1x2x31x8xf16> {glm.name = "key"}, tensor<1x2x31x8xf16> {glm.name = "value"})
      attributes {glm.tokens = 2 : i64} {
    %table = glm.weight "table" <"m.bin", 0, 320, raw> : tensor<5x32xf16>
    %columns = glm.constant dense<[[[[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30]]]]> : tensor<1x1x1x31xi64>
    %rows = glm.constant dense<[[[[29], [30]]]]> : tensor<1x1x2x1xi64>
    %attended = glm.less_equal %columns, %rows : tensor<1x1x1x31xi64>, tensor<1x1x2x1xi64> -> tensor<1x1x2x31xi1>
    %zero = glm.constant dense<0.0> : tensor<f16>
    %low = glm.constant dense<-60000.0> : tensor<f16>
    %mask = glm.where %attended, %zero, %low : tensor<1x1x2x31xi1>, tensor<f16>, tensor<f16> -> tensor<1x1x2x31xf16>
    %x = glm.gather %table, %ids axis 0 : tensor<5x32xf16>, tensor<1x2xi64> -> tensor<1x2x32xf16>
    %p = glm.cast %pos : tensor<1x2xi64> to tensor<1x2xf16>
    %p3 = glm.reshape %p : tensor<1x2xf16> to tensor<1x2x1xf16>
    %q = glm.add %x, %p3 : tensor<1x2x32xf16>, tensor<1x2x1xf16> -> tensor<1x2x32xf16>
    %half = glm.slice %x [0, 0, 0] step [1, 1, 1] : tensor<1x2x32xf16> to tensor<1x2x16xf16>
    %split = glm.reshape %half : tensor<1x2x16xf16> to tensor<1x2x2x8xf16>
    %new = glm.transpose %split [0, 2, 1, 3] : tensor<1x2x2x8xf16> -> tensor<1x2x2x8xf16>
    %key = glm.concat %k, %new axis 2 : (tensor<1x2x29x8xf16>, tensor<1x2x2x8xf16>) -> tensor<1x2x31x8xf16>
    %value = glm.concat %v, %new axis 2 : (tensor<1x2x29x8xf16>, tensor<1x2x2x8xf16>) -> tensor<1x2x31x8xf16>
    // expected-error@+1 {{does not attend to a token's own and all earlier positions}}
    %a = glm.attention %q, %key, %value mask %mask heads 4 kv_heads 2 scale 0.25 : (tensor<1x2x32xf16>, tensor<1x2x31x8xf16>, tensor<1x2x31x8xf16>, tensor<1x1x2x31xf16>) -> tensor<1x2x32xf16>
    %y = glm.matmul %a, %table transposed : tensor<1x2x32xf16>, tensor<5x32xf16> -> tensor<1x2x5xf16>
    glm.return %y, %key, %value : tensor<1x2x5xf16>, tensor<1x2x31x8xf16>, tensor<1x2x31x8xf16>
  }
}
