// Every op of the dialect parses, prints and parses again.
// RUN: %glm-opt %s | %glm-opt | FileCheck %s
// RUN: %glm-opt --mlir-print-op-generic %s | %glm-opt | FileCheck %s

// CHECK: module attributes {glm.directory = "models", glm.math = "fast", glm.onnx_nodes = 3 : i64}
module attributes {glm.directory = "models", glm.math = "fast", glm.onnx_nodes = 3 : i64} {

// CHECK-LABEL: glm.graph @unary(%{{.*}}: tensor<2x3xf32> {glm.name = "x"}, %{{.*}}: tensor<2xi1>) -> (tensor<2x3xi64> {glm.name = "y"}, tensor<2xi1>) {
glm.graph @unary(%x: tensor<2x3xf32> {glm.name = "x"}, %b: tensor<2xi1>) -> (tensor<2x3xi64> {glm.name = "y"}, tensor<2xi1>) {
  // CHECK-NEXT: glm.neg %{{.*}} : tensor<2x3xf32>
  %0 = glm.neg %x : tensor<2x3xf32>
  // CHECK-NEXT: glm.abs %{{.*}} : tensor<2x3xf32>
  %1 = glm.abs %0 : tensor<2x3xf32>
  // CHECK-NEXT: glm.sign %{{.*}} : tensor<2x3xf32>
  %2 = glm.sign %1 : tensor<2x3xf32>
  // CHECK-NEXT: glm.sqrt %{{.*}} : tensor<2x3xf32>
  %3 = glm.sqrt %2 : tensor<2x3xf32>
  // CHECK-NEXT: glm.reciprocal %{{.*}} : tensor<2x3xf32>
  %4 = glm.reciprocal %3 : tensor<2x3xf32>
  // CHECK-NEXT: glm.exp %{{.*}} : tensor<2x3xf32>
  %5 = glm.exp %4 : tensor<2x3xf32>
  // CHECK-NEXT: glm.log %{{.*}} : tensor<2x3xf32>
  %6 = glm.log %5 : tensor<2x3xf32>
  // CHECK-NEXT: glm.sin %{{.*}} : tensor<2x3xf32>
  %7 = glm.sin %6 : tensor<2x3xf32>
  // CHECK-NEXT: glm.cos %{{.*}} : tensor<2x3xf32>
  %8 = glm.cos %7 : tensor<2x3xf32>
  // CHECK-NEXT: glm.tanh %{{.*}} : tensor<2x3xf32>
  %9 = glm.tanh %8 : tensor<2x3xf32>
  // CHECK-NEXT: glm.sigmoid %{{.*}} : tensor<2x3xf32>
  %10 = glm.sigmoid %9 : tensor<2x3xf32>
  // CHECK-NEXT: glm.erf %{{.*}} : tensor<2x3xf32>
  %11 = glm.erf %10 : tensor<2x3xf32>
  // CHECK-NEXT: glm.floor %{{.*}} : tensor<2x3xf32>
  %12 = glm.floor %11 : tensor<2x3xf32>
  // CHECK-NEXT: glm.ceil %{{.*}} : tensor<2x3xf32>
  %13 = glm.ceil %12 : tensor<2x3xf32>
  // CHECK-NEXT: glm.round %{{.*}} : tensor<2x3xf32>
  %14 = glm.round %13 : tensor<2x3xf32>
  // CHECK-NEXT: glm.not %{{.*}} : tensor<2xi1>
  %15 = glm.not %b : tensor<2xi1>
  // CHECK-NEXT: glm.is_nan %{{.*}} : tensor<2x3xf32> -> tensor<2x3xi1>
  %16 = glm.is_nan %14 : tensor<2x3xf32> -> tensor<2x3xi1>
  // CHECK-NEXT: glm.cast %{{.*}} : tensor<2x3xi1> to tensor<2x3xi64>
  %17 = glm.cast %16 : tensor<2x3xi1> to tensor<2x3xi64>
  // CHECK-NEXT: glm.return %{{.*}}, %{{.*}} : tensor<2x3xi64>, tensor<2xi1>
  glm.return %17, %15 : tensor<2x3xi64>, tensor<2xi1>
}

// CHECK-LABEL: glm.graph @binary
glm.graph @binary(%x: tensor<2x3xf32>, %y: tensor<3xf32>) -> (tensor<2x3xi1>, tensor<2x3xf32>) {
  // CHECK-NEXT: glm.add %{{.*}}, %{{.*}} : tensor<2x3xf32>, tensor<3xf32> -> tensor<2x3xf32>
  %0 = glm.add %x, %y : tensor<2x3xf32>, tensor<3xf32> -> tensor<2x3xf32>
  // CHECK-NEXT: glm.sub %{{.*}}, %{{.*}} : tensor<3xf32>, tensor<2x3xf32> -> tensor<2x3xf32>
  %1 = glm.sub %y, %0 : tensor<3xf32>, tensor<2x3xf32> -> tensor<2x3xf32>
  // CHECK-NEXT: glm.mul
  %2 = glm.mul %1, %y : tensor<2x3xf32>, tensor<3xf32> -> tensor<2x3xf32>
  // CHECK-NEXT: glm.div
  %3 = glm.div %2, %y : tensor<2x3xf32>, tensor<3xf32> -> tensor<2x3xf32>
  // CHECK-NEXT: glm.mod
  %4 = glm.mod %3, %y : tensor<2x3xf32>, tensor<3xf32> -> tensor<2x3xf32>
  // CHECK-NEXT: glm.pow
  %5 = glm.pow %4, %y : tensor<2x3xf32>, tensor<3xf32> -> tensor<2x3xf32>
  // CHECK-NEXT: glm.max
  %6 = glm.max %5, %y : tensor<2x3xf32>, tensor<3xf32> -> tensor<2x3xf32>
  // CHECK-NEXT: glm.min
  %7 = glm.min %6, %y : tensor<2x3xf32>, tensor<3xf32> -> tensor<2x3xf32>
  // CHECK-NEXT: glm.equal %{{.*}}, %{{.*}} : tensor<2x3xf32>, tensor<3xf32> -> tensor<2x3xi1>
  %8 = glm.equal %7, %y : tensor<2x3xf32>, tensor<3xf32> -> tensor<2x3xi1>
  // CHECK-NEXT: glm.less %
  %9 = glm.less %7, %y : tensor<2x3xf32>, tensor<3xf32> -> tensor<2x3xi1>
  // CHECK-NEXT: glm.less_equal
  %10 = glm.less_equal %7, %y : tensor<2x3xf32>, tensor<3xf32> -> tensor<2x3xi1>
  // CHECK-NEXT: glm.and %{{.*}}, %{{.*}} : tensor<2x3xi1>, tensor<2x3xi1> -> tensor<2x3xi1>
  %11 = glm.and %8, %9 : tensor<2x3xi1>, tensor<2x3xi1> -> tensor<2x3xi1>
  // CHECK-NEXT: glm.or
  %12 = glm.or %11, %10 : tensor<2x3xi1>, tensor<2x3xi1> -> tensor<2x3xi1>
  // CHECK-NEXT: glm.xor
  %13 = glm.xor %12, %8 : tensor<2x3xi1>, tensor<2x3xi1> -> tensor<2x3xi1>
  // CHECK-NEXT: glm.where %{{.*}}, %{{.*}}, %{{.*}} : tensor<2x3xi1>, tensor<2x3xf32>, tensor<3xf32> -> tensor<2x3xf32>
  %14 = glm.where %13, %x, %y : tensor<2x3xi1>, tensor<2x3xf32>, tensor<3xf32> -> tensor<2x3xf32>
  glm.return %13, %14 : tensor<2x3xi1>, tensor<2x3xf32>
}

// CHECK-LABEL: glm.graph @movement
glm.graph @movement(%x: tensor<2x6xf32>, %i: tensor<1x2xi64>, %u: tensor<1xf32>) -> (tensor<2x6xf32>, tensor<2xi64>) {
  // CHECK-NEXT: glm.reshape %{{.*}} : tensor<2x6xf32> to tensor<3x4xf32>
  %0 = glm.reshape %x : tensor<2x6xf32> to tensor<3x4xf32>
  // CHECK-NEXT: glm.transpose %{{.*}} [1, 0] : tensor<3x4xf32> -> tensor<4x3xf32>
  %1 = glm.transpose %0 [1, 0] : tensor<3x4xf32> -> tensor<4x3xf32>
  // CHECK-NEXT: glm.slice %{{.*}} [3, 1] step [-2, 1] : tensor<4x3xf32> to tensor<2x2xf32>
  %2 = glm.slice %1 [3, 1] step [-2, 1] : tensor<4x3xf32> to tensor<2x2xf32>
  // CHECK-NEXT: glm.concat %{{.*}}, %{{.*}} axis 1 : (tensor<2x2xf32>, tensor<2x6xf32>) -> tensor<2x8xf32>
  %3 = glm.concat %2, %x axis 1 : (tensor<2x2xf32>, tensor<2x6xf32>) -> tensor<2x8xf32>
  // CHECK-NEXT: glm.expand %{{.*}} : tensor<2x8xf32> to tensor<3x2x8xf32>
  %4 = glm.expand %3 : tensor<2x8xf32> to tensor<3x2x8xf32>
  // CHECK-NEXT: glm.tile %{{.*}} [1, 2, 1] : tensor<3x2x8xf32> -> tensor<3x4x8xf32>
  %5 = glm.tile %4 [1, 2, 1] : tensor<3x2x8xf32> -> tensor<3x4x8xf32>
  // CHECK-NEXT: glm.gather %{{.*}}, %{{.*}} axis 1 : tensor<3x4x8xf32>, tensor<1x2xi64> -> tensor<3x1x2x8xf32>
  %6 = glm.gather %5, %i axis 1 : tensor<3x4x8xf32>, tensor<1x2xi64> -> tensor<3x1x2x8xf32>
  // CHECK-NEXT: glm.gather_nd %{{.*}}, %{{.*}} batch 0 : tensor<3x4x8xf32>, tensor<1x2xi64> -> tensor<1x8xf32>
  %7 = glm.gather_nd %5, %i batch 0 : tensor<3x4x8xf32>, tensor<1x2xi64> -> tensor<1x8xf32>
  // CHECK-NEXT: glm.scatter_nd %{{.*}}, %{{.*}}, %{{.*}} : tensor<2x6xf32>, tensor<1x2xi64>, tensor<1xf32> -> tensor<2x6xf32>
  %8 = glm.scatter_nd %x, %i, %u : tensor<2x6xf32>, tensor<1x2xi64>, tensor<1xf32> -> tensor<2x6xf32>
  // CHECK-NEXT: glm.shape %{{.*}}[1 : 3] : tensor<3x1x2x8xf32> -> tensor<2xi64>
  %9 = glm.shape %6 [1 : 3] : tensor<3x1x2x8xf32> -> tensor<2xi64>
  glm.return %8, %9 : tensor<2x6xf32>, tensor<2xi64>
}

// CHECK-LABEL: glm.graph @numbers
glm.graph @numbers(%x: tensor<1x7x64xf32>) -> tensor<1x7x1xf32> {
  // CHECK-NEXT: glm.constant dense<1.000000e+00> : tensor<64xf32>
  %c = glm.constant dense<1.0> : tensor<64xf32>
  // CHECK-NEXT: glm.constant dense_resource<blob> : tensor<2xf32>
  %r = glm.constant dense_resource<blob> : tensor<2xf32>
  // CHECK-NEXT: glm.weight "w" <"model.onnx.data", 0, 32768, raw> : tensor<64x128xf32>
  %w = glm.weight "w" <"model.onnx.data", 0, 32768, raw> : tensor<64x128xf32>
  // CHECK-NEXT: %[[Q:.*]] = glm.weight "w" <"model.onnx.data", 0, 32768, raw> rounded <tensor<64x128xf32>, ui4, values, 0, 32> : tensor<64x128xui4>
  %q = glm.weight "w" <"model.onnx.data", 0, 32768, raw> rounded <tensor<64x128xf32>, ui4, values, 0, 32> : tensor<64x128xui4>
  // CHECK-NEXT: %[[S:.*]] = glm.weight "w" {{.*}} rounded <tensor<64x128xf32>, ui4, scales, 0, 32> : tensor<2x128xf16>
  %s = glm.weight "w" <"model.onnx.data", 0, 32768, raw> rounded <tensor<64x128xf32>, ui4, scales, 0, 32> : tensor<2x128xf16>
  // CHECK-NEXT: %[[Z:.*]] = glm.weight "z" <"z.bin", 0, 128, nibbles> : tensor<2x128xui4>
  %z = glm.weight "z" <"z.bin", 0, 128, nibbles> : tensor<2x128xui4>
  // CHECK-NEXT: %[[D:.*]] = glm.dequantize %[[Q]], %[[S]] zeros %[[Z]] axis 0 group 32 : tensor<64x128xui4>, tensor<2x128xf16>, tensor<2x128xui4> -> tensor<64x128xf32>
  %d = glm.dequantize %q, %s zeros %z axis 0 group 32 : tensor<64x128xui4>, tensor<2x128xf16>, tensor<2x128xui4> -> tensor<64x128xf32>
  // CHECK-NEXT: glm.matmul %[[D]], %[[D]] transposed lhs_group 32 : tensor<64x128xf32>, tensor<64x128xf32> -> tensor<64x64xf32>
  %dd = glm.matmul %d, %d transposed lhs_group 32 : tensor<64x128xf32>, tensor<64x128xf32> -> tensor<64x64xf32>
  // CHECK-NEXT: glm.weight "a \22b\22" <"sub/v.bin", 5, 7, varint> : tensor<4xi32>
  %v = glm.weight "a \22b\22" <"sub/v.bin", 5, 7, varint> : tensor<4xi32>
  // CHECK-NEXT: glm.matmul %{{.*}}, %{{.*}} : tensor<1x7x64xf32>, tensor<64x128xf32> -> tensor<1x7x128xf32>
  %0 = glm.matmul %x, %w : tensor<1x7x64xf32>, tensor<64x128xf32> -> tensor<1x7x128xf32>
  // CHECK-NEXT: glm.matmul %{{.*}}, %{{.*}} transposed : tensor<1x7x128xf32>, tensor<64x128xf32> -> tensor<1x7x64xf32>
  %1 = glm.matmul %0, %w transposed : tensor<1x7x128xf32>, tensor<64x128xf32> -> tensor<1x7x64xf32>
  // CHECK-NEXT: glm.softmax %{{.*}} axis 2 : tensor<1x7x64xf32>
  %2 = glm.softmax %1 axis 2 : tensor<1x7x64xf32>
  // CHECK-NEXT: glm.reduce "mean" %{{.*}} [2] : tensor<1x7x64xf32> -> tensor<1x7x1xf32>
  %3 = glm.reduce "mean" %2 [2] : tensor<1x7x64xf32> -> tensor<1x7x1xf32>
  glm.return %3 : tensor<1x7x1xf32>
}

// CHECK-LABEL: glm.graph @windows
glm.graph @windows(%x: tensor<1x4x5x5xi8>, %w: tensor<8x18xi8>, %f: tensor<2x9x4xf32>) -> (tensor<1x8x3x5xi32>, tensor<2x5x4xf32>, tensor<1x4x2x2xi32>) {
  // CHECK-NEXT: glm.conv %{{.*}}, %{{.*}} kernel [3, 3] strides [2, 1] dilations [1, 1] pads [1, 1, 1, 1] groups 2 pad_value -3 : tensor<1x4x5x5xi8>, tensor<8x18xi8> -> tensor<1x8x3x5xi32>
  %0 = glm.conv %x, %w kernel [3, 3] strides [2, 1] dilations [1, 1] pads [1, 1, 1, 1] groups 2 pad_value -3 : tensor<1x4x5x5xi8>, tensor<8x18xi8> -> tensor<1x8x3x5xi32>
  // CHECK-NEXT: glm.constant dense<1.000000e+00> : tensor<4x12xf32> layout #glm.panels<0, 16>
  %c = glm.constant dense<1.0> : tensor<4x12xf32> layout #glm.panels<0, 16>
  // CHECK-NEXT: glm.conv %{{.*}}, %{{.*}} kernel [3] strides [2] dilations [1] pads [1, 1] groups 1 channels_last : tensor<2x9x4xf32>, !glm.packed<tensor<4x12xf32>, #glm.panels<0, 16>> -> tensor<2x5x4xf32>
  %1 = glm.conv %f, %c kernel [3] strides [2] dilations [1] pads [1, 1] groups 1 channels_last : tensor<2x9x4xf32>, !glm.packed<tensor<4x12xf32>, #glm.panels<0, 16>> -> tensor<2x5x4xf32>
  // CHECK-NEXT: glm.pool "sum" %{{.*}} kernel [3, 3] strides [2, 2] dilations [1, 1] pads [0, 0, 0, 0] ceil_mode : tensor<1x4x5x5xi8> -> tensor<1x4x2x2xi32>
  %2 = glm.pool "sum" %x kernel [3, 3] strides [2, 2] dilations [1, 1] pads [0, 0, 0, 0] ceil_mode : tensor<1x4x5x5xi8> -> tensor<1x4x2x2xi32>
  // CHECK-NEXT: glm.pool "average" %{{.*}} kernel [2] strides [2] dilations [1] pads [1, 0] count_include_pad channels_last : tensor<2x5x4xf32> -> tensor<2x3x4xf32>
  %3 = glm.pool "average" %1 kernel [2] strides [2] dilations [1] pads [1, 0] count_include_pad channels_last : tensor<2x5x4xf32> -> tensor<2x3x4xf32>
  glm.return %0, %1, %2 : tensor<1x8x3x5xi32>, tensor<2x5x4xf32>, tensor<1x4x2x2xi32>
}

// CHECK-LABEL: glm.graph @transformer
glm.graph @transformer(%x: tensor<1x7x64xf32>, %g: tensor<64xf32>, %cos: tensor<1x7x4xf32>, %mask: tensor<1x1x7x7xi1>,
                       %keys: tensor<1x2x7x16xf32>) -> (tensor<1x7x64xf32>, tensor<1x7x64xf32>) {
  // CHECK-NEXT: glm.rms_norm %{{.*}}, %{{.*}} epsilon 1.000000e-05 : tensor<1x7x64xf32>, tensor<64xf32>
  %0 = glm.rms_norm %x, %g epsilon 1.0e-05 : tensor<1x7x64xf32>, tensor<64xf32>
  // CHECK-NEXT: glm.layer_norm %{{.*}}, %{{.*}}, %{{.*}} epsilon 0.000000e+00 : tensor<1x7x64xf32>, tensor<64xf32>, tensor<64xf32>
  %1 = glm.layer_norm %0, %g, %g epsilon 0.0 : tensor<1x7x64xf32>, tensor<64xf32>, tensor<64xf32>
  // CHECK-NEXT: glm.rotary %{{.*}}, %{{.*}}, %{{.*}} heads 4 interleaved : tensor<1x7x64xf32>, tensor<1x7x4xf32>, tensor<1x7x4xf32>
  %2 = glm.rotary %1, %cos, %cos heads 4 interleaved : tensor<1x7x64xf32>, tensor<1x7x4xf32>, tensor<1x7x4xf32>
  // CHECK-NEXT: glm.rotary %{{.*}}, %{{.*}}, %{{.*}} heads 8 : tensor<1x7x64xf32>, tensor<1x7x4xf32>, tensor<1x7x4xf32>
  %3 = glm.rotary %2, %cos, %cos heads 8 : tensor<1x7x64xf32>, tensor<1x7x4xf32>, tensor<1x7x4xf32>
  // CHECK-NEXT: glm.attention %{{.*}}, %{{.*}}, %{{.*}} heads 1 kv_heads 1 scale 1.250000e-01 : (tensor<1x7x64xf32>, tensor<1x7x64xf32>, tensor<1x7x64xf32>) -> tensor<1x7x64xf32>
  %4 = glm.attention %3, %3, %3 heads 1 kv_heads 1 scale 0.125 : (tensor<1x7x64xf32>, tensor<1x7x64xf32>, tensor<1x7x64xf32>) -> tensor<1x7x64xf32>
  // CHECK-NEXT: glm.attention %{{.*}}, %{{.*}}, %{{.*}} mask %{{.*}} heads 4 kv_heads 2 scale 2.500000e-01 causal guarded : (tensor<1x7x64xf32>, tensor<1x2x7x16xf32>, tensor<1x2x7x16xf32>, tensor<1x1x7x7xi1>) -> tensor<1x7x64xf32>
  %5 = glm.attention %4, %keys, %keys mask %mask heads 4 kv_heads 2 scale 0.25 causal guarded : (tensor<1x7x64xf32>, tensor<1x2x7x16xf32>, tensor<1x2x7x16xf32>, tensor<1x1x7x7xi1>) -> tensor<1x7x64xf32>
  // CHECK-NEXT: glm.gelu %{{.*}} : tensor<1x7x64xf32>
  %6 = glm.gelu %5 : tensor<1x7x64xf32>
  // CHECK-NEXT: glm.gelu %{{.*}} tanh : tensor<1x7x64xf32>
  %7 = glm.gelu %6 tanh : tensor<1x7x64xf32>
  // CHECK-NEXT: glm.swiglu %{{.*}}, %{{.*}} : tensor<1x7x64xf32>
  %8 = glm.swiglu %7, %5 : tensor<1x7x64xf32>
  glm.return %8, %5 : tensor<1x7x64xf32>, tensor<1x7x64xf32>
}

// CHECK-LABEL: glm.kernel @k00_add(%{{.*}}: tensor<4xf32>, %{{.*}}: tensor<4xf32>) -> tensor<4xf32>
// CHECK-SAME: attributes {family = "elementwise", in_place = array<i64: 0, 0>, schedule = {vector = 4 : i64}, scratch = [tensor<8xf32>]}
glm.kernel @k00_add(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xf32>
    attributes {family = "elementwise", schedule = {vector = 4 : i64}, scratch = [tensor<8xf32>], in_place = array<i64: 0, 0>} {
  %z = glm.add %x, %y : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
  // CHECK: glm.yield %{{.*}} : tensor<4xf32>
  glm.yield %z : tensor<4xf32>
}

// CHECK-LABEL: glm.kernel @k01_matmul
glm.kernel @k01_matmul(%x: tensor<1x64xf32>, %w: !glm.packed<tensor<64x128xf32>, #glm.panels<1, 16>>) -> tensor<1x128xf32> {
  // CHECK: glm.matmul %{{.*}}, %{{.*}} : tensor<1x64xf32>, !glm.packed<tensor<64x128xf32>, #glm.panels<1, 16>> -> tensor<1x128xf32>
  %y = glm.matmul %x, %w : tensor<1x64xf32>, !glm.packed<tensor<64x128xf32>, #glm.panels<1, 16>> -> tensor<1x128xf32>
  glm.yield %y : tensor<1x128xf32>
}

// CHECK-LABEL: glm.graph @launches
glm.graph @launches(%x: tensor<4xf32>) -> tensor<4xf32> attributes {glm.io_arena} {
  // CHECK: glm.launch @k00_add(%{{.*}}, %{{.*}}) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %y = glm.launch @k00_add(%x, %x) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  glm.return %y : tensor<4xf32>
}

// CHECK-LABEL: glm.graph @nothing
glm.graph @nothing() {
  // CHECK-NEXT: glm.return{{$}}
  glm.return
}

// CHECK-LABEL: glm.graph @caches
glm.graph @caches(%q: tensor<1x7x64xf32>, %c: tensor<1x2x32x16xf32> {glm.state = "keys"}, %x: tensor<1x7x32xf32>, %h: tensor<1x2x7x16xf32>, %m: tensor<1x1x7x32xi1>, %n: tensor<1xi64> {glm.state = "length"}) -> (tensor<1x7x64xf32>, tensor<1x2x32x16xf32> {glm.state = "keys"}) {
  // CHECK-NEXT: %[[K:.*]] = glm.cache_write %{{.*}}, %{{.*}} at %{{.*}} : tensor<1x2x32x16xf32>, tensor<1x7x32xf32>, tensor<1xi64>
  %k = glm.cache_write %c, %x at %n : tensor<1x2x32x16xf32>, tensor<1x7x32xf32>, tensor<1xi64>
  // CHECK-NEXT: %[[V:.*]] = glm.cache_write %[[K]], %{{.*}} at %{{.*}} : tensor<1x2x32x16xf32>, tensor<1x2x7x16xf32>, tensor<1xi64>
  %v = glm.cache_write %k, %h at %n : tensor<1x2x32x16xf32>, tensor<1x2x7x16xf32>, tensor<1xi64>
  // CHECK-NEXT: glm.attention %{{.*}}, %[[K]], %[[V]] past %{{.*}} heads 4 kv_heads 2 scale 2.500000e-01 causal : (tensor<1x7x64xf32>, tensor<1x2x32x16xf32>, tensor<1x2x32x16xf32>, tensor<1xi64>) -> tensor<1x7x64xf32>
  %y = glm.attention %q, %k, %v past %n heads 4 kv_heads 2 scale 0.25 causal : (tensor<1x7x64xf32>, tensor<1x2x32x16xf32>, tensor<1x2x32x16xf32>, tensor<1xi64>) -> tensor<1x7x64xf32>
  // CHECK-NEXT: glm.attention %{{.*}}, %[[K]], %[[V]] mask %{{.*}} past %{{.*}} heads 4 kv_heads 2 scale 2.500000e-01 : (tensor<1x7x64xf32>, tensor<1x2x32x16xf32>, tensor<1x2x32x16xf32>, tensor<1x1x7x32xi1>, tensor<1xi64>) -> tensor<1x7x64xf32>
  %z = glm.attention %y, %k, %v mask %m past %n heads 4 kv_heads 2 scale 0.25 : (tensor<1x7x64xf32>, tensor<1x2x32x16xf32>, tensor<1x2x32x16xf32>, tensor<1x1x7x32xi1>, tensor<1xi64>) -> tensor<1x7x64xf32>
  glm.return %z, %k : tensor<1x7x64xf32>, tensor<1x2x32x16xf32>
}

// CHECK: glm.placed_weight "gain" at 64 type tensor<4xf32> source dense<1.000000e+00> : tensor<4xf32>
glm.placed_weight "gain" at 64 type tensor<4xf32> source dense<1.0> : tensor<4xf32>
// CHECK: glm.placed_weight "w" at 128 type !glm.packed<tensor<2x2xf32>, #glm.panels<0, 4>> source #glm.stored<"w.bin", 0, 16, raw>
glm.placed_weight "w" at 128 type !glm.packed<tensor<2x2xf32>, #glm.panels<0, 4>> source #glm.stored<"w.bin", 0, 16, raw>

// CHECK-LABEL: glm.program @run arena 64 bound 48 peak ["y: 0..16"]
// CHECK-SAME: inputs [#glm.parameter<"x", tensor<4xf32>, <input 0[0:16]>>]
// CHECK-SAME: outputs [#glm.parameter<"y", tensor<4xf32>, <output 1[0:16]>>]
glm.program @run arena 64 bound 48 peak ["y: 0..16"]
    inputs [#glm.parameter<"x", tensor<4xf32>, <input 0[0:16]>>]
    outputs [#glm.parameter<"y", tensor<4xf32>, <output 1[0:16]>>] {
  // CHECK-NEXT: glm.planned_launch @k00_add on "cpu" reads [#glm.place<input 0[0:16]>, #glm.place<weights[64:16]>] writes [#glm.place<arena[0:16]>] scratch [#glm.place<arena[32:32]>]
  glm.planned_launch @k00_add on "cpu" reads [#glm.place<input 0[0:16]>, #glm.place<weights[64:16]>]
      writes [#glm.place<arena[0:16]>] scratch [#glm.place<arena[32:32]>]
  // CHECK-NEXT: glm.planned_copy <arena[0:16]> to <output 1[0:16]>
  glm.planned_copy <arena[0:16]> to <output 1[0:16]>
  // CHECK-NEXT: glm.planned_copy <state[0:4]> to <arena[8:4]>
  glm.planned_copy #glm.place<state[0:4]> to #glm.place<arena[8:4]>
}
}

{-#
  dialect_resources: {
    builtin: {
      blob: "0x040000000000803F00000040"
    }
  }
#-}
