// RUN: glm-opt %s --glm-form-kernels --glm-fuse-elementwise --glm-fuse-epilogues --glm-fuse-movement --glm-fuse-prologues --glm-fuse-siblings --glm-fuse-prologues --glm-schedule-kernels=target=x86-64-v3 --split-input-file | FileCheck %s

// Keys and values of a layer are written by one launch, in place.
// CHECK-LABEL: glm.graph @layer
// CHECK-NEXT: %[[KV:.*]]:2 = glm.launch @[[W:.*]](%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}})
// CHECK-NEXT: %[[Y:.*]] = glm.launch @attention(%{{.*}}, %[[KV]]#0, %[[KV]]#1, %{{.*}})
// CHECK-NEXT: glm.return %[[Y]], %[[KV]]#0, %[[KV]]#1
// CHECK: glm.kernel @[[W]](%[[A:.*]]: tensor<1x2x32x16xf32>, %[[B:.*]]: tensor<1x3x32xf32>, %{{.*}}: tensor<1xi64>, %[[C:.*]]: tensor<1x2x32x16xf32>, %{{.*}}: tensor<1x3x32xf32>)
// CHECK-SAME: family = "cache_write", in_place = array<i64: 0, 0, 3, 1>, schedule = {vector = 8 : i64}
glm.graph @layer(%q: tensor<1x3x64xf32>, %a: tensor<1x2x32x16xf32>, %x: tensor<1x3x32xf32>, %b: tensor<1x2x32x16xf32>, %z: tensor<1x3x32xf32>, %n: tensor<1xi64>) -> (tensor<1x3x64xf32>, tensor<1x2x32x16xf32>, tensor<1x2x32x16xf32>) {
  %k = glm.cache_write %a, %x at %n : tensor<1x2x32x16xf32>, tensor<1x3x32xf32>, tensor<1xi64>
  %v = glm.cache_write %b, %z at %n : tensor<1x2x32x16xf32>, tensor<1x3x32xf32>, tensor<1xi64>
  %y = glm.attention %q, %k, %v past %n heads 4 kv_heads 2 scale 0.25 causal : (tensor<1x3x64xf32>, tensor<1x2x32x16xf32>, tensor<1x2x32x16xf32>, tensor<1xi64>) -> tensor<1x3x64xf32>
  glm.return %y, %k, %v : tensor<1x3x64xf32>, tensor<1x2x32x16xf32>, tensor<1x2x32x16xf32>
}

// -----

// f16 caches: converted where they are written and where they are read.
// CHECK-LABEL: glm.graph @halves
// CHECK-NEXT: glm.launch @{{.*}} :
// CHECK-NEXT: glm.launch @{{.*}} :
// CHECK-NEXT: glm.return
// CHECK-DAG: family = "cache_write"
// CHECK-DAG: family = "attention"
glm.graph @halves(%q: tensor<1x3x64xf32>, %a: tensor<1x2x32x16xf16>, %x: tensor<1x3x32xf32>, %n: tensor<1xi64>) -> (tensor<1x3x64xf32>, tensor<1x2x32x16xf16>) {
  %h = glm.cast %x : tensor<1x3x32xf32> to tensor<1x3x32xf16>
  %k = glm.cache_write %a, %h at %n : tensor<1x2x32x16xf16>, tensor<1x3x32xf16>, tensor<1xi64>
  %f = glm.cast %k : tensor<1x2x32x16xf16> to tensor<1x2x32x16xf32>
  %y = glm.attention %q, %f, %f past %n heads 4 kv_heads 2 scale 0.25 causal : (tensor<1x3x64xf32>, tensor<1x2x32x16xf32>, tensor<1x2x32x16xf32>, tensor<1xi64>) -> tensor<1x3x64xf32>
  glm.return %y, %k : tensor<1x3x64xf32>, tensor<1x2x32x16xf16>
}

// -----

// Quantised rows and their scales, of keys and of values: one launch.
// CHECK-LABEL: glm.graph @quantised
// CHECK-NOT: glm.launch
// CHECK: %[[L:.*]]:4 = glm.launch
// CHECK-NEXT: glm.return
// CHECK: family = "cache_write", in_place = array<i64:
glm.graph @quantised(%a: tensor<1x2x32x16xi8>, %as: tensor<1x2x32x1xf32>, %b: tensor<1x2x32x16xi8>, %bs: tensor<1x2x32x1xf32>, %x: tensor<1x3x32xf32>, %z: tensor<1x3x32xf32>, %n: tensor<1xi64>) -> (tensor<1x2x32x16xi8>, tensor<1x2x32x1xf32>, tensor<1x2x32x16xi8>, tensor<1x2x32x1xf32>) {
  %c = glm.constant dense<127.0> : tensor<1xf32>
  %x4 = glm.reshape %x : tensor<1x3x32xf32> to tensor<1x3x2x16xf32>
  %xa = glm.abs %x4 : tensor<1x3x2x16xf32>
  %xm = glm.reduce "max" %xa [3] : tensor<1x3x2x16xf32> -> tensor<1x3x2x1xf32>
  %xs = glm.div %xm, %c : tensor<1x3x2x1xf32>, tensor<1xf32> -> tensor<1x3x2x1xf32>
  %xq = glm.div %x4, %xs : tensor<1x3x2x16xf32>, tensor<1x3x2x1xf32> -> tensor<1x3x2x16xf32>
  %xr = glm.round %xq : tensor<1x3x2x16xf32>
  %xi = glm.cast %xr : tensor<1x3x2x16xf32> to tensor<1x3x2x16xi8>
  %xt = glm.reshape %xi : tensor<1x3x2x16xi8> to tensor<1x3x32xi8>
  %xf = glm.reshape %xs : tensor<1x3x2x1xf32> to tensor<1x3x2xf32>
  %k = glm.cache_write %a, %xt at %n : tensor<1x2x32x16xi8>, tensor<1x3x32xi8>, tensor<1xi64>
  %ks = glm.cache_write %as, %xf at %n : tensor<1x2x32x1xf32>, tensor<1x3x2xf32>, tensor<1xi64>
  %z4 = glm.reshape %z : tensor<1x3x32xf32> to tensor<1x3x2x16xf32>
  %za = glm.abs %z4 : tensor<1x3x2x16xf32>
  %zm = glm.reduce "max" %za [3] : tensor<1x3x2x16xf32> -> tensor<1x3x2x1xf32>
  %zs = glm.div %zm, %c : tensor<1x3x2x1xf32>, tensor<1xf32> -> tensor<1x3x2x1xf32>
  %zq = glm.div %z4, %zs : tensor<1x3x2x16xf32>, tensor<1x3x2x1xf32> -> tensor<1x3x2x16xf32>
  %zr = glm.round %zq : tensor<1x3x2x16xf32>
  %zi = glm.cast %zr : tensor<1x3x2x16xf32> to tensor<1x3x2x16xi8>
  %zt = glm.reshape %zi : tensor<1x3x2x16xi8> to tensor<1x3x32xi8>
  %zf = glm.reshape %zs : tensor<1x3x2x1xf32> to tensor<1x3x2xf32>
  %v = glm.cache_write %b, %zt at %n : tensor<1x2x32x16xi8>, tensor<1x3x32xi8>, tensor<1xi64>
  %vs = glm.cache_write %bs, %zf at %n : tensor<1x2x32x1xf32>, tensor<1x3x2xf32>, tensor<1xi64>
  glm.return %k, %ks, %v, %vs : tensor<1x2x32x16xi8>, tensor<1x2x32x1xf32>, tensor<1x2x32x16xi8>, tensor<1x2x32x1xf32>
}

// -----

// A cache that is read besides is not written in place of itself twice: the
// second write waits for the first.
// CHECK-LABEL: glm.graph @twice
// CHECK-NEXT: %[[K:.*]] = glm.launch @cache_write
// CHECK-NEXT: %[[L:.*]] = glm.launch @cache_write{{.*}}(%[[K]],
// CHECK-NEXT: glm.return %[[L]]
glm.graph @twice(%a: tensor<1x2x32x16xf32>, %x: tensor<1x3x32xf32>, %n: tensor<1xi64>, %m: tensor<1xi64>) -> tensor<1x2x32x16xf32> {
  %k = glm.cache_write %a, %x at %n : tensor<1x2x32x16xf32>, tensor<1x3x32xf32>, tensor<1xi64>
  %l = glm.cache_write %k, %x at %m : tensor<1x2x32x16xf32>, tensor<1x3x32xf32>, tensor<1xi64>
  glm.return %l : tensor<1x2x32x16xf32>
}
