// RUN: glm-opt %s --glm-quantize-weights="format=int4 group=32" --split-input-file | FileCheck %s
// RUN: glm-opt %s --glm-quantize-weights="format=int8 group=64 asymmetric" --split-input-file | FileCheck %s --check-prefix=ZEROS
// RUN: glm-opt %s --glm-quantize-weights="format=bf16" --split-input-file | FileCheck %s --check-prefix=HALF
// RUN: glm-opt %s --glm-quantize-weights="format=f32" --split-input-file | FileCheck %s --check-prefix=F32
// RUN: glm-opt %s --glm-quantize-weights --split-input-file | FileCheck %s --check-prefix=NOTHING
// NOTHING-NOT: rounded
// NOTHING-NOT: glm.layers
// F32-NOT: rounded

// Groups go along what is summed over.
// CHECK: module attributes {glm.layers = [{activations = "float", bytes_before = 32768 : i64, elements = 8192 : i64,
// CHECK-SAME: format = "int4", from = "f32", group = 32 : i64, name = "w", nodes = [], readers = "matmul", scales = 256 : i64,
// CHECK-SAME: why = "asked for", why_activations = "asked for"}]}
// CHECK-LABEL: glm.graph @matmul
// CHECK-NEXT: %[[Q:.*]] = glm.weight "w" <"f", 0, 32768, raw> rounded <tensor<64x128xf32>, i4, values, 0, 32> : tensor<64x128xi4>
// CHECK-NEXT: %[[S:.*]] = glm.weight "w.scales" <"f", 0, 32768, raw> rounded <tensor<64x128xf32>, i4, scales, 0, 32> : tensor<2x128xf16>
// CHECK-NEXT: %[[D:.*]] = glm.dequantize %[[Q]], %[[S]] axis 0 group 32 : tensor<64x128xi4>, tensor<2x128xf16> -> tensor<64x128xf32>
// CHECK-NEXT: glm.matmul %{{.*}}, %[[D]] :
// CHECK-NEXT: glm.return
// ZEROS-LABEL: glm.graph @matmul
// ZEROS: %[[Q:.*]] = glm.weight "w" {{.*}} rounded <tensor<64x128xf32>, ui8, values, 0, 64> : tensor<64x128xui8>
// ZEROS: %[[S:.*]] = glm.weight "w.scales" {{.*}} rounded <tensor<64x128xf32>, ui8, scales, 0, 64> : tensor<1x128xf16>
// ZEROS: %[[Z:.*]] = glm.weight "w.zeros" {{.*}} rounded <tensor<64x128xf32>, ui8, zeros, 0, 64> : tensor<1x128xui8>
// ZEROS: glm.dequantize %[[Q]], %[[S]] zeros %[[Z]] axis 0 group 64
// HALF-LABEL: glm.graph @matmul
// HALF-NEXT: %[[W:.*]] = glm.weight "w" <"f", 0, 32768, raw> rounded <tensor<64x128xf32>, bf16, values, 0, 0> : tensor<64x128xbf16>
// HALF-NEXT: %[[C:.*]] = glm.cast %[[W]] : tensor<64x128xbf16> to tensor<64x128xf32>
// HALF-NEXT: glm.matmul %{{.*}}, %[[C]]
glm.graph @matmul(%x: tensor<1x64xf32>) -> tensor<1x128xf32> {
  %w = glm.weight "w" <"f", 0, 32768, raw> : tensor<64x128xf32>
  %y = glm.matmul %x, %w : tensor<1x64xf32>, tensor<64x128xf32> -> tensor<1x128xf32>
  glm.return %y : tensor<1x128xf32>
}

// -----

// Stored the other way round, whether the product or a transpose says so, and in
// halves already.
// CHECK-LABEL: glm.graph @transposed
// CHECK-NEXT: glm.weight "a" {{.*}} rounded <tensor<128x48xf32>, i4, values, 1, 32> : tensor<128x48xi4>
// CHECK-NEXT: glm.weight "a.scales" {{.*}} : tensor<128x2xf16>
// CHECK-NEXT: glm.weight "b" {{.*}} rounded <tensor<128x48xf16>, i4, values, 1, 32> : tensor<128x48xi4>
// CHECK-NEXT: glm.weight "b.scales" {{.*}} : tensor<128x2xf16>
// CHECK-NEXT: %[[A:.*]] = glm.dequantize {{.*}} axis 1 group 32
// CHECK-NEXT: glm.matmul %{{.*}}, %[[A]] transposed
// CHECK-NEXT: %[[B:.*]] = glm.dequantize {{.*}} axis 1 group 32 {{.*}} -> tensor<128x48xf32>
// CHECK-NEXT: glm.matmul %{{.*}}, %[[B]] transposed
// CHECK-NEXT: glm.return
// HALF-LABEL: glm.graph @transposed
// HALF: glm.weight "b" {{.*}} rounded <tensor<128x48xf16>, bf16, values, 0, 0>
glm.graph @transposed(%x: tensor<1x48xf32>) -> (tensor<1x128xf32>, tensor<1x128xf32>) {
  %a = glm.weight "a" <"f", 0, 24576, raw> : tensor<128x48xf32>
  %b = glm.weight "b" <"f", 24576, 12288, raw> : tensor<128x48xf16>
  %c = glm.cast %b : tensor<128x48xf16> to tensor<128x48xf32>
  %t = glm.transpose %c [1, 0] : tensor<128x48xf32> -> tensor<48x128xf32>
  %y = glm.matmul %x, %a transposed : tensor<1x48xf32>, tensor<128x48xf32> -> tensor<1x128xf32>
  %z = glm.matmul %x, %t : tensor<1x48xf32>, tensor<48x128xf32> -> tensor<1x128xf32>
  glm.return %y, %z : tensor<1x128xf32>, tensor<1x128xf32>
}

// -----

// An embedding that is the head too, read by two graphs: the same integers for all.
// What is looked up is converted, not the table.
// CHECK: glm.layers = [{
// CHECK-SAME: readers = "matmul, gather"
// CHECK-SAME: why = "asked for"
// CHECK-NOT: bytes_before
// CHECK-LABEL: glm.graph @prefill
// CHECK-NEXT: %[[Q:.*]] = glm.weight "e" <"f", 0, 65536, raw> rounded <tensor<256x64xf32>, i4, values, 1, 32> : tensor<256x64xi4>
// CHECK-NEXT: %[[S:.*]] = glm.weight "e.scales" <"f", 0, 65536, raw> rounded <tensor<256x64xf32>, i4, scales, 1, 32> : tensor<256x2xf16>
// CHECK-NEXT: %[[GQ:.*]] = glm.gather %[[Q]], %{{.*}} axis 0 : tensor<256x64xi4>, tensor<1x7xi64> -> tensor<1x7x64xi4>
// CHECK-NEXT: %[[GS:.*]] = glm.gather %[[S]], %{{.*}} axis 0 : tensor<256x2xf16>, tensor<1x7xi64> -> tensor<1x7x2xf16>
// CHECK-NEXT: %[[X:.*]] = glm.dequantize %[[GQ]], %[[GS]] axis 2 group 32 : {{.*}} -> tensor<1x7x64xf32>
// CHECK-NEXT: %[[D:.*]] = glm.dequantize %[[Q]], %[[S]] axis 1 group 32
// CHECK-NEXT: glm.matmul %[[X]], %[[D]] transposed
// CHECK-LABEL: glm.graph @decode
// CHECK-NEXT: glm.weight "e" <"f", 0, 65536, raw> rounded <tensor<256x64xf32>, i4, values, 1, 32> : tensor<256x64xi4>
// HALF-LABEL: glm.graph @prefill
// HALF-NEXT: %[[W:.*]] = glm.weight "e" {{.*}} : tensor<256x64xbf16>
// HALF-NEXT: %[[G:.*]] = glm.gather %[[W]], %{{.*}} axis 0 : tensor<256x64xbf16>, tensor<1x7xi64> -> tensor<1x7x64xbf16>
// HALF-NEXT: glm.cast %[[G]]
glm.graph @prefill(%i: tensor<1x7xi64>) -> tensor<1x7x256xf32> {
  %e = glm.weight "e" <"f", 0, 65536, raw> : tensor<256x64xf32>
  %x = glm.gather %e, %i axis 0 : tensor<256x64xf32>, tensor<1x7xi64> -> tensor<1x7x64xf32>
  %y = glm.matmul %x, %e transposed : tensor<1x7x64xf32>, tensor<256x64xf32> -> tensor<1x7x256xf32>
  glm.return %y : tensor<1x7x256xf32>
}
glm.graph @decode(%i: tensor<1x1xi64>) -> tensor<1x1x256xf32> {
  %e = glm.weight "e" <"f", 0, 65536, raw> : tensor<256x64xf32>
  %x = glm.gather %e, %i axis 0 : tensor<256x64xf32>, tensor<1x1xi64> -> tensor<1x1x64xf32>
  %y = glm.matmul %x, %e transposed : tensor<1x1x64xf32>, tensor<256x64xf32> -> tensor<1x1x256xf32>
  glm.return %y : tensor<1x1x256xf32>
}

// -----

// A table whose product sums over rows: rows are converted before they are found.
// CHECK-LABEL: glm.graph @across
// CHECK: %[[D:.*]] = glm.dequantize {{.*}} axis 0 group 32
// CHECK-NEXT: glm.gather %[[D]]
// CHECK: glm.dequantize {{.*}} axis 0 group 32
// CHECK-NEXT: glm.matmul
glm.graph @across(%i: tensor<1x7xi64>, %x: tensor<1x64xf32>) -> (tensor<1x7x64xf32>, tensor<1x64xf32>) {
  %e = glm.weight "e" <"f", 0, 16384, raw> : tensor<64x64xf32>
  %a = glm.gather %e, %i axis 0 : tensor<64x64xf32>, tensor<1x7xi64> -> tensor<1x7x64xf32>
  %b = glm.matmul %x, %e : tensor<1x64xf32>, tensor<64x64xf32> -> tensor<1x64xf32>
  glm.return %a, %b : tensor<1x7x64xf32>, tensor<1x64xf32>
}

// -----

// Elements in the IR are rounded at once; a group of 32 numbers of 4 has the scale
// -0.5 (4 / -8) and is -8 all over.
// CHECK-LABEL: glm.graph @constant
// CHECK-NEXT: %[[Q:.*]] = glm.constant dense<-8> : tensor<64x64xi4>
// CHECK-NEXT: %[[S:.*]] = glm.constant dense<-5.000000e-01> : tensor<2x64xf16>
// CHECK-NEXT: glm.dequantize %[[Q]], %[[S]] axis 0 group 32
glm.graph @constant(%x: tensor<1x64xf32>) -> tensor<1x64xf32> {
  %w = glm.constant dense<4.0> : tensor<64x64xf32>
  %y = glm.matmul %x, %w : tensor<1x64xf32>, tensor<64x64xf32> -> tensor<1x64xf32>
  glm.return %y : tensor<1x64xf32>
}

// -----

// A product for each batch has groups along the last dimension but one.
// CHECK-LABEL: glm.graph @experts
// CHECK-NEXT: glm.weight "w" {{.*}} rounded <tensor<3x64x32xf32>, i4, values, 1, 32> : tensor<3x64x32xi4>
// CHECK-NEXT: glm.weight "w.scales" {{.*}} : tensor<3x2x32xf16>
// CHECK-NEXT: glm.dequantize {{.*}} axis 1 group 32
glm.graph @experts(%x: tensor<3x5x64xf32>) -> tensor<3x5x32xf32> {
  %w = glm.weight "w" <"f", 0, 24576, raw> : tensor<3x64x32xf32>
  %y = glm.matmul %x, %w : tensor<3x5x64xf32>, tensor<3x64x32xf32> -> tensor<3x5x32xf32>
  glm.return %y : tensor<3x5x32xf32>
}

// -----

// What stays: products of two activations, few elements, a left side, a bias, a
// weight that something else reads as well, a table of cosines, a mask.
// CHECK: why = "fewer than 4096 elements"
// CHECK-SAME: why = "also read by glm.add"
// CHECK-SAME: why = "a table of factors or a mask"
// CHECK-SAME: why = "a table of factors or a mask"
// CHECK-LABEL: glm.graph @stays
// CHECK-NOT: dequantize
// CHECK: glm.return
glm.graph @stays(%x: tensor<1x64x64xf32>, %i: tensor<1x64xi64>)
    -> (tensor<1x64x64xf32>, tensor<1x64x8xf32>, tensor<1x64x64xf32>, tensor<1x64x64xf32>, tensor<1x64x64xf32>, tensor<1x64x64xf32>) {
  %small = glm.weight "small" <"f", 0, 2048, raw> : tensor<64x8xf32>
  %left = glm.weight "left" <"f", 2048, 16384, raw> : tensor<64x64xf32>
  %twice = glm.weight "twice" <"f", 20480, 16384, raw> : tensor<64x64xf32>
  %angles = glm.weight "angles" <"f", 40960, 32768, raw> : tensor<128x64xf32>
  %masks = glm.weight "masks" <"f", 80960, 32768, raw> : tensor<128x64xf32>
  %bias = glm.weight "bias" <"f", 180960, 16384, raw> : tensor<64x64xf32>
  %a = glm.matmul %x, %x : tensor<1x64x64xf32>, tensor<1x64x64xf32> -> tensor<1x64x64xf32>
  %b = glm.matmul %x, %small : tensor<1x64x64xf32>, tensor<64x8xf32> -> tensor<1x64x8xf32>
  %c = glm.matmul %left, %x : tensor<64x64xf32>, tensor<1x64x64xf32> -> tensor<1x64x64xf32>
  %d = glm.matmul %x, %twice : tensor<1x64x64xf32>, tensor<64x64xf32> -> tensor<1x64x64xf32>
  %e = glm.add %d, %twice : tensor<1x64x64xf32>, tensor<64x64xf32> -> tensor<1x64x64xf32>
  %f = glm.gather %angles, %i axis 0 : tensor<128x64xf32>, tensor<1x64xi64> -> tensor<1x64x64xf32>
  %n = glm.neg %f : tensor<1x64x64xf32>
  %g = glm.mul %n, %x : tensor<1x64x64xf32>, tensor<1x64x64xf32> -> tensor<1x64x64xf32>
  %m = glm.gather %masks, %i axis 0 : tensor<128x64xf32>, tensor<1x64xi64> -> tensor<1x64x64xf32>
  %r = glm.reshape %m : tensor<1x64x64xf32> to tensor<1x1x64x64xf32>
  %h = glm.attention %x, %x, %x mask %r heads 4 kv_heads 4 scale 0.25 : (tensor<1x64x64xf32>, tensor<1x64x64xf32>, tensor<1x64x64xf32>, tensor<1x1x64x64xf32>) -> tensor<1x64x64xf32>
  %k = glm.add %g, %bias : tensor<1x64x64xf32>, tensor<64x64xf32> -> tensor<1x64x64xf32>
  glm.return %a, %b, %c, %e, %k, %h : tensor<1x64x64xf32>, tensor<1x64x8xf32>, tensor<1x64x64xf32>, tensor<1x64x64xf32>, tensor<1x64x64xf32>, tensor<1x64x64xf32>
}

// -----

// An embedding that is scaled, and whose norm was not recognised, is one all the same.
// CHECK: why = "asked for"
// CHECK-LABEL: glm.graph @scaled
// CHECK: glm.dequantize
glm.graph @scaled(%i: tensor<1x7xi64>) -> tensor<1x7x64xf32> {
  %e = glm.weight "e" <"f", 0, 65536, raw> : tensor<256x64xf32>
  %s = glm.constant dense<8.0> : tensor<1xf32>
  %g = glm.gather %e, %i axis 0 : tensor<256x64xf32>, tensor<1x7xi64> -> tensor<1x7x64xf32>
  %x = glm.mul %g, %s : tensor<1x7x64xf32>, tensor<1xf32> -> tensor<1x7x64xf32>
  %m = glm.reduce "mean" %x [2] : tensor<1x7x64xf32> -> tensor<1x7x1xf32>
  %y = glm.mul %x, %m : tensor<1x7x64xf32>, tensor<1x7x1xf32> -> tensor<1x7x64xf32>
  glm.return %y : tensor<1x7x64xf32>
}
