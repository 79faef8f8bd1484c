// RUN: glm-opt %s --glm-form-kernels --glm-explain-boundaries --split-input-file | FileCheck %s

// What a family needs before it can begin; several readers; outputs.
// CHECK-LABEL: glm.graph @run
// CHECK: glm.launch @gather{{.*}} {glm.boundary = ["it reads only inputs and constants of the model"]}
// CHECK: glm.launch @rms_norm{{.*}} {glm.boundary = ["gather: 2 launches read it"]}
// CHECK: glm.launch @matmul({{.*}} {glm.boundary = ["rms_norm: it is an output of the model"]}
// CHECK: glm.launch @matmul_0{{.*}} {glm.boundary = ["matmul: a product needs whole rows of its left side"]}
// CHECK: glm.launch @add{{.*}} {glm.boundary = ["matmul_0: it is an output of the model", "gather: 2 launches read it"]}
// CHECK: glm.launch @softmax{{.*}} {glm.boundary = ["add: it is an output of the model"]}
// CHECK: glm.launch @transpose{{.*}} {glm.boundary = ["softmax: it moves or repeats elements, which are stored where they are made"]}
glm.graph @run(%i: tensor<7xi64>, %t: tensor<64x8xf32>, %g: tensor<8xf32>, %w: tensor<8x8xf32>) -> (tensor<7x8xf32>, tensor<7x8xf32>, tensor<7x8xf32>, tensor<8x7xf32>) {
  %x = glm.gather %t, %i axis 0 : tensor<64x8xf32>, tensor<7xi64> -> tensor<7x8xf32>
  %n = glm.rms_norm %x, %g epsilon 1.0e-05 : tensor<7x8xf32>, tensor<8xf32>
  %a = glm.matmul %n, %w : tensor<7x8xf32>, tensor<8x8xf32> -> tensor<7x8xf32>
  %b = glm.matmul %a, %w : tensor<7x8xf32>, tensor<8x8xf32> -> tensor<7x8xf32>
  %c = glm.add %b, %x : tensor<7x8xf32>, tensor<7x8xf32> -> tensor<7x8xf32>
  %s = glm.softmax %c axis 1 : tensor<7x8xf32>
  %y = glm.transpose %s [1, 0] : tensor<7x8xf32> -> tensor<8x7xf32>
  glm.return %n, %b, %c, %y : tensor<7x8xf32>, tensor<7x8xf32>, tensor<7x8xf32>, tensor<8x7xf32>
}

// -----

// A launch in between; what would be computed again.
// CHECK-LABEL: glm.graph @between
// CHECK: glm.launch @reduce{{.*}} {glm.boundary = ["matmul: a reduction needs all that it reduces"]}
// CHECK: glm.launch @sub{{.*}} {glm.boundary = ["matmul: it also comes here through reduce", "reduce: it moves or repeats elements, which are stored where they are made"]}
glm.graph @between(%x: tensor<7x8xf32>, %w: tensor<8x8xf32>) -> tensor<7x8xf32> {
  %m = glm.matmul %x, %w : tensor<7x8xf32>, tensor<8x8xf32> -> tensor<7x8xf32>
  %r = glm.reduce "max" %m [1] : tensor<7x8xf32> -> tensor<7x1xf32>
  %y = glm.sub %m, %r : tensor<7x8xf32>, tensor<7x1xf32> -> tensor<7x8xf32>
  glm.return %y : tensor<7x8xf32>
}
// CHECK-LABEL: glm.graph @again
// CHECK: glm.launch @mul{{.*}} {glm.boundary = ["exp: it would be computed again for each element that is read"]}
glm.graph @again(%x: tensor<8x1xf32>, %y: tensor<8x64xf32>) -> tensor<8x64xf32> {
  %e = glm.exp %x : tensor<8x1xf32>
  %z = glm.mul %e, %y : tensor<8x1xf32>, tensor<8x64xf32> -> tensor<8x64xf32>
  glm.return %z : tensor<8x64xf32>
}
