// What the verifiers refuse, a case an error.
// RUN: %glm-opt %s -split-input-file -verify-diagnostics

glm.graph @g(%x: tensor<2x3xf32>, %y0: tensor<4xf32>) -> tensor<2x3xf32> {
  // expected-error@+2 {{shapes do not broadcast: tensor<2x3xf32>, tensor<4xf32>}}
  // expected-error@+1 {{'glm.add' op failed to infer returned types}}
  %y = glm.add %x, %y0 : tensor<2x3xf32>, tensor<4xf32> -> tensor<2x3xf32>
  glm.return %y : tensor<2x3xf32>
}

// -----

glm.graph @g(%x: tensor<2x3xf32>, %y0: tensor<3xi32>) -> tensor<2x3xf32> {
  // expected-error@+2 {{operands have element types 'f32' and 'i32', expected the same}}
  // expected-error@+1 {{'glm.mul' op failed to infer returned types}}
  %y = glm.mul %x, %y0 : tensor<2x3xf32>, tensor<3xi32> -> tensor<2x3xf32>
  glm.return %y : tensor<2x3xf32>
}

// -----

glm.graph @g(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  // expected-error@+1 {{'glm.less' op result #0 must be statically shaped tensor}}
  %y = glm.less %x, %x : tensor<2x3xf32>, tensor<2x3xf32> -> tensor<2x3xf32>
  glm.return %y : tensor<2x3xf32>
}

// -----

glm.graph @g(%x: tensor<2x3xf32>) -> tensor<3x2xf32> {
  // expected-error@+2 {{'glm.add' op inferred type(s) 'tensor<2x3xf32>' are incompatible with return type(s) of operation 'tensor<3x2xf32>'}}
  // expected-error@+1 {{'glm.add' op failed to infer returned types}}
  %y = glm.add %x, %x : tensor<2x3xf32>, tensor<2x3xf32> -> tensor<3x2xf32>
  glm.return %y : tensor<3x2xf32>
}

// -----

glm.graph @g(%x: tensor<2xi32>) -> tensor<2xi32> {
  // expected-error@+1 {{'glm.exp' op operand #0 must be statically shaped tensor}}
  %y = glm.exp %x : tensor<2xi32>
  glm.return %y : tensor<2xi32>
}

// -----

glm.graph @g(%x: tensor<2xf32>) -> tensor<2xf32> {
  // expected-error@+1 {{'glm.not' op operand #0 must be statically shaped tensor}}
  %y = glm.not %x : tensor<2xf32>
  glm.return %y : tensor<2xf32>
}

// -----

glm.graph @g(%x: tensor<?xf32>) -> tensor<?xf32> {
  // expected-error@+1 {{'glm.neg' op operand #0 must be statically shaped tensor}}
  %y = glm.neg %x : tensor<?xf32>
  glm.return %y : tensor<?xf32>
}

// -----

glm.graph @g(%x: tensor<2xi2>) -> tensor<2xi2> {
  // expected-error@+1 {{'glm.neg' op operand #0 must be statically shaped tensor}}
  %y = glm.neg %x : tensor<2xi2>
  glm.return %y : tensor<2xi2>
}

// -----

glm.graph @g(%x: tensor<*xf32>) -> tensor<*xf32> {
  // expected-error@+1 {{custom op 'glm.neg' invalid kind of type specified: expected builtin.tensor, but found 'tensor<*xf32>'}}
  %y = glm.neg %x : tensor<*xf32>
  glm.return %y : tensor<*xf32>
}

// -----

glm.graph @g(%x: tensor<2xf32>) -> tensor<3xi1> {
  // expected-error@+2 {{'glm.is_nan' op inferred type(s) 'tensor<2xi1>' are incompatible with return type(s) of operation 'tensor<3xi1>'}}
  // expected-error@+1 {{'glm.is_nan' op failed to infer returned types}}
  %y = glm.is_nan %x : tensor<2xf32> -> tensor<3xi1>
  glm.return %y : tensor<3xi1>
}

// -----

glm.graph @g(%x: tensor<2xf32>) -> tensor<3xi32> {
  // expected-error@+1 {{'glm.cast' op converts 'tensor<2xf32>' to 'tensor<3xi32>', expected one shape}}
  %y = glm.cast %x : tensor<2xf32> to tensor<3xi32>
  glm.return %y : tensor<3xi32>
}

// -----

glm.graph @g(%c: tensor<2xi1>, %x: tensor<2xf32>, %z: tensor<2xi32>) -> tensor<2xf32> {
  // expected-error@+2 {{operands have element types 'f32' and 'i32', expected the same}}
  // expected-error@+1 {{'glm.where' op failed to infer returned types}}
  %y = glm.where %c, %x, %z : tensor<2xi1>, tensor<2xf32>, tensor<2xi32> -> tensor<2xf32>
  glm.return %y : tensor<2xf32>
}

// -----

glm.graph @g(%x: tensor<2x3xf32>) -> tensor<4xf32> {
  // expected-error@+1 {{'glm.reshape' op operand has 6 elements, result has 4}}
  %y = glm.reshape %x : tensor<2x3xf32> to tensor<4xf32>
  glm.return %y : tensor<4xf32>
}

// -----

glm.graph @g(%x: tensor<2x3xf32>) -> tensor<6xi32> {
  // expected-error@+1 {{'glm.reshape' op changes the element type from 'f32' to 'i32'}}
  %y = glm.reshape %x : tensor<2x3xf32> to tensor<6xi32>
  glm.return %y : tensor<6xi32>
}

// -----

glm.graph @g(%x: tensor<2x3xf32>) -> tensor<2x2xf32> {
  // expected-error@+2 {{permutation is not one of 2 dimensions}}
  // expected-error@+1 {{'glm.transpose' op failed to infer returned types}}
  %y = glm.transpose %x [0, 0] : tensor<2x3xf32> -> tensor<2x2xf32>
  glm.return %y : tensor<2x2xf32>
}

// -----

glm.graph @g(%x: tensor<2x3xf32>) -> tensor<2xf32> {
  // expected-error@+2 {{permutation has 1 entries, expected 2}}
  // expected-error@+1 {{'glm.transpose' op failed to infer returned types}}
  %y = glm.transpose %x [0] : tensor<2x3xf32> -> tensor<2xf32>
  glm.return %y : tensor<2xf32>
}

// -----

glm.graph @g(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  // expected-error@+2 {{permutation is not one of 2 dimensions}}
  // expected-error@+1 {{'glm.transpose' op failed to infer returned types}}
  %y = glm.transpose %x [0, 2] : tensor<2x3xf32> -> tensor<2x3xf32>
  glm.return %y : tensor<2x3xf32>
}

// -----

glm.graph @g(%x: tensor<2x3xf32>) -> tensor<2x2xf32> {
  // expected-error@+1 {{'glm.slice' op dimension 1 of size 3 has no indices 1 to 3}}
  %y = glm.slice %x [0, 1] step [1, 2] : tensor<2x3xf32> to tensor<2x2xf32>
  glm.return %y : tensor<2x2xf32>
}

// -----

glm.graph @g(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  // expected-error@+1 {{'glm.slice' op has 1 starts and 2 steps, expected 2}}
  %y = glm.slice %x [0] step [1, 1] : tensor<2x3xf32> to tensor<2x3xf32>
  glm.return %y : tensor<2x3xf32>
}

// -----

glm.graph @g(%x: tensor<2x3xf32>) -> tensor<6xf32> {
  // expected-error@+1 {{'glm.slice' op result 'tensor<6xf32>' does not have the rank and element type of 'tensor<2x3xf32>'}}
  %y = glm.slice %x [0, 0] step [1, 1] : tensor<2x3xf32> to tensor<6xf32>
  glm.return %y : tensor<6xf32>
}

// -----

glm.graph @g(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  // expected-error@+1 {{'glm.slice' op dimension 1 of size 3 has no indices 2 to 0}}
  %y = glm.slice %x [0, 2] step [1, -9223372036854775808] : tensor<2x3xf32> to tensor<2x3xf32>
  glm.return %y : tensor<2x3xf32>
}

// -----

glm.graph @g(%x: tensor<2x3xf32>, %z: tensor<3x3xf32>) -> tensor<2x6xf32> {
  // expected-error@+2 {{cannot join 'tensor<2x3xf32>' and 'tensor<3x3xf32>' along axis 1}}
  // expected-error@+1 {{'glm.concat' op failed to infer returned types}}
  %y = glm.concat %x, %z axis 1 : (tensor<2x3xf32>, tensor<3x3xf32>) -> tensor<2x6xf32>
  glm.return %y : tensor<2x6xf32>
}

// -----

glm.graph @g(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  // expected-error@+2 {{axis 2 is not one of 2 dimensions}}
  // expected-error@+1 {{'glm.concat' op failed to infer returned types}}
  %y = glm.concat %x axis 2 : (tensor<2x3xf32>) -> tensor<2x3xf32>
  glm.return %y : tensor<2x3xf32>
}

// -----

glm.graph @g() -> tensor<2xf32> {
  // expected-error@+2 {{joins no tensors}}
  // expected-error@+1 {{'glm.concat' op failed to infer returned types}}
  %y = glm.concat axis 0 : () -> tensor<2xf32>
  glm.return %y : tensor<2xf32>
}

// -----

glm.graph @g(%x: tensor<2x3xf32>) -> tensor<4x3xf32> {
  // expected-error@+1 {{'glm.expand' op cannot expand 'tensor<2x3xf32>' to 'tensor<4x3xf32>'}}
  %y = glm.expand %x : tensor<2x3xf32> to tensor<4x3xf32>
  glm.return %y : tensor<4x3xf32>
}

// -----

glm.graph @g(%x: tensor<2x3xf32>) -> tensor<3xf32> {
  // expected-error@+1 {{'glm.expand' op cannot expand 'tensor<2x3xf32>' to 'tensor<3xf32>'}}
  %y = glm.expand %x : tensor<2x3xf32> to tensor<3xf32>
  glm.return %y : tensor<3xf32>
}

// -----

glm.graph @g(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  // expected-error@+2 {{has 1 repeats, expected 2}}
  // expected-error@+1 {{'glm.tile' op failed to infer returned types}}
  %y = glm.tile %x [1] : tensor<2x3xf32> -> tensor<2x3xf32>
  glm.return %y : tensor<2x3xf32>
}

// -----

glm.graph @g(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  // expected-error@+2 {{cannot repeat a dimension of 2 -1 times}}
  // expected-error@+1 {{'glm.tile' op failed to infer returned types}}
  %y = glm.tile %x [-1, 1] : tensor<2x3xf32> -> tensor<2x3xf32>
  glm.return %y : tensor<2x3xf32>
}

// -----

glm.graph @g(%x: tensor<2x3xf32>, %i: tensor<2xi64>) -> tensor<2x2xf32> {
  // expected-error@+2 {{axis -1 is not one of 2 dimensions}}
  // expected-error@+1 {{'glm.gather' op failed to infer returned types}}
  %y = glm.gather %x, %i axis -1 : tensor<2x3xf32>, tensor<2xi64> -> tensor<2x2xf32>
  glm.return %y : tensor<2x2xf32>
}

// -----

glm.graph @g(%x: tensor<2x3xf32>, %i: tensor<2xf32>) -> tensor<2x3xf32> {
  // expected-error@+1 {{'glm.gather' op operand #1 must be statically shaped tensor}}
  %y = glm.gather %x, %i axis 0 : tensor<2x3xf32>, tensor<2xf32> -> tensor<2x3xf32>
  glm.return %y : tensor<2x3xf32>
}

// -----

glm.graph @g(%x: tensor<2x3xf32>, %i: tensor<2x3xi64>) -> tensor<2xf32> {
  // expected-error@+2 {{cannot gather from 'tensor<2x3xf32>' by 'tensor<2x3xi64>' with 0 batch dimensions}}
  // expected-error@+1 {{'glm.gather_nd' op failed to infer returned types}}
  %y = glm.gather_nd %x, %i batch 0 : tensor<2x3xf32>, tensor<2x3xi64> -> tensor<2xf32>
  glm.return %y : tensor<2xf32>
}

// -----

glm.graph @g(%x: tensor<2x3xf32>, %i: tensor<3x1xi64>) -> tensor<3xf32> {
  // expected-error@+2 {{cannot gather from 'tensor<2x3xf32>' by 'tensor<3x1xi64>' with 1 batch dimensions}}
  // expected-error@+1 {{'glm.gather_nd' op failed to infer returned types}}
  %y = glm.gather_nd %x, %i batch 1 : tensor<2x3xf32>, tensor<3x1xi64> -> tensor<3xf32>
  glm.return %y : tensor<3xf32>
}

// -----

glm.graph @g(%x: tensor<2x3xf32>, %i: tensor<i64>) -> tensor<2xf32> {
  // expected-error@+2 {{cannot gather from 'tensor<2x3xf32>' by 'tensor<i64>' with 0 batch dimensions}}
  // expected-error@+1 {{'glm.gather_nd' op failed to infer returned types}}
  %y = glm.gather_nd %x, %i batch 0 : tensor<2x3xf32>, tensor<i64> -> tensor<2xf32>
  glm.return %y : tensor<2xf32>
}

// -----

glm.graph @g(%x: tensor<2x3xf32>, %i: tensor<1x1xi64>, %u: tensor<1x2xf32>) -> tensor<2x3xf32> {
  // expected-error@+2 {{updates are 'tensor<1x2xf32>', expected 'tensor<1x3xf32>'}}
  // expected-error@+1 {{'glm.scatter_nd' op failed to infer returned types}}
  %y = glm.scatter_nd %x, %i, %u : tensor<2x3xf32>, tensor<1x1xi64>, tensor<1x2xf32> -> tensor<2x3xf32>
  glm.return %y : tensor<2x3xf32>
}

// -----

glm.graph @g(%x: tensor<2x3xf32>, %i: tensor<1x3xi64>, %u: tensor<1xf32>) -> tensor<2x3xf32> {
  // expected-error@+2 {{cannot scatter into 'tensor<2x3xf32>' by 'tensor<1x3xi64>'}}
  // expected-error@+1 {{'glm.scatter_nd' op failed to infer returned types}}
  %y = glm.scatter_nd %x, %i, %u : tensor<2x3xf32>, tensor<1x3xi64>, tensor<1xf32> -> tensor<2x3xf32>
  glm.return %y : tensor<2x3xf32>
}

// -----

glm.graph @g(%x: tensor<2x3xf32>) -> tensor<2xi64> {
  // expected-error@+2 {{dimensions 1 to 3 are not among 2}}
  // expected-error@+1 {{'glm.shape' op failed to infer returned types}}
  %y = glm.shape %x [1 : 3] : tensor<2x3xf32> -> tensor<2xi64>
  glm.return %y : tensor<2xi64>
}

// -----

glm.graph @g(%x: tensor<2x3xf32>, %w: tensor<4x2xf32>) -> tensor<2x2xf32> {
  // expected-error@+2 {{shapes do not multiply: 'tensor<2x3xf32>' and 'tensor<4x2xf32>'}}
  // expected-error@+1 {{'glm.matmul' op failed to infer returned types}}
  %y = glm.matmul %x, %w : tensor<2x3xf32>, tensor<4x2xf32> -> tensor<2x2xf32>
  glm.return %y : tensor<2x2xf32>
}

// -----

glm.graph @g(%x: tensor<2x3xf32>, %w: tensor<3x2xf32>) -> tensor<2x3xf32> {
  // expected-error@+2 {{shapes do not multiply: 'tensor<2x3xf32>' and 'tensor<3x2xf32>' transposed}}
  // expected-error@+1 {{'glm.matmul' op failed to infer returned types}}
  %y = glm.matmul %x, %w transposed : tensor<2x3xf32>, tensor<3x2xf32> -> tensor<2x3xf32>
  glm.return %y : tensor<2x3xf32>
}

// -----

glm.graph @g(%x: tensor<2x3xf32>, %w: tensor<3xf32>) -> tensor<2xf32> {
  // expected-error@+2 {{cannot multiply 'tensor<2x3xf32>' and 'tensor<3xf32>', expected one element type and two or more dimensions}}
  // expected-error@+1 {{'glm.matmul' op failed to infer returned types}}
  %y = glm.matmul %x, %w : tensor<2x3xf32>, tensor<3xf32> -> tensor<2xf32>
  glm.return %y : tensor<2xf32>
}

// -----

glm.graph @g(%x: tensor<2x3xf32>) -> tensor<2x1xf32> {
  // expected-error@+1 {{'glm.reduce' op kind is 'median', expected sum, mean, max, min or prod}}
  %y = glm.reduce "median" %x [1] : tensor<2x3xf32> -> tensor<2x1xf32>
  glm.return %y : tensor<2x1xf32>
}

// -----

glm.graph @g(%x: tensor<2x3xf32>) -> tensor<1x1xf32> {
  // expected-error@+2 {{axes are not ascending dimensions of 'tensor<2x3xf32>'}}
  // expected-error@+1 {{'glm.reduce' op failed to infer returned types}}
  %y = glm.reduce "sum" %x [1, 0] : tensor<2x3xf32> -> tensor<1x1xf32>
  glm.return %y : tensor<1x1xf32>
}

// -----

glm.graph @g(%x: tensor<2x3xf32>) -> tensor<2xf32> {
  // expected-error@+2 {{'glm.reduce' op inferred type(s) 'tensor<2x1xf32>' are incompatible with return type(s) of operation 'tensor<2xf32>'}}
  // expected-error@+1 {{'glm.reduce' op failed to infer returned types}}
  %y = glm.reduce "sum" %x [1] : tensor<2x3xf32> -> tensor<2xf32>
  glm.return %y : tensor<2xf32>
}

// -----

glm.graph @g(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  // expected-error@+1 {{'glm.softmax' op axis 2 is not one of 2 dimensions}}
  %y = glm.softmax %x axis 2 : tensor<2x3xf32>
  glm.return %y : tensor<2x3xf32>
}

// -----

glm.graph @g(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  // expected-error@+1 {{'glm.softmax' op axis -1 is not one of 2 dimensions}}
  %y = glm.softmax %x axis -1 : tensor<2x3xf32>
  glm.return %y : tensor<2x3xf32>
}

// -----

glm.graph @g() -> tensor<2xi32> {
  // expected-error@+1 {{value is not a ranked tensor}}
  %y = glm.constant dense<1> : vector<2xi32>
  glm.return %y : tensor<2xi32>
}

// -----

glm.graph @g() -> tensor<4xf32> {
  // expected-error@+1 {{'glm.weight' op stores 15 bytes, type 'tensor<4xf32>' takes 16}}
  %y = glm.weight "w" <"w.bin", 0, 15, raw> : tensor<4xf32>
  glm.return %y : tensor<4xf32>
}

// -----

glm.graph @g() -> tensor<4xf32> {
  // expected-error@+1 {{custom op 'glm.weight' encoding is 'zip', expected raw, varint or nibbles}}
  %y = glm.weight "w" <"w.bin", 0, 16, zip> : tensor<4xf32>
  glm.return %y : tensor<4xf32>
}

// -----

glm.graph @g() -> tensor<4xf32> {
  // expected-error@+1 {{custom op 'glm.weight' offset 18446744073709551615 plus 16 bytes overflows}}
  %y = glm.weight "w" <"w.bin", 18446744073709551615, 16, raw> : tensor<4xf32>
  glm.return %y : tensor<4xf32>
}

// -----

// expected-error@+1 {{panels hold a static 2-D tensor, found 'tensor<4xf32>'}}
glm.graph @g(%w: !glm.packed<tensor<4xf32>, #glm.panels<1, 4>>) {
  glm.return
}

// -----

// expected-error@+1 {{layout is "rows", expected #glm.panels}}
glm.graph @g(%w: !glm.packed<tensor<4x4xf32>, "rows">) {
  glm.return
}

// -----

// expected-error@+2 {{panels are along dimension 0 or 1, found 2}}
// expected-error@+1 {{failed to parse Glm_PackedType parameter 'layout' which is to be a `::mlir::Attribute`}}
glm.graph @g(%w: !glm.packed<tensor<4x4xf32>, #glm.panels<2, 4>>) {
  glm.return
}

// -----

// expected-error@+2 {{panels have 1 to 1024 columns, found 0}}
// expected-error@+1 {{failed to parse Glm_PackedType parameter 'layout' which is to be a `::mlir::Attribute`}}
glm.graph @g(%w: !glm.packed<tensor<4x4xf32>, #glm.panels<0, 0>>) {
  glm.return
}

// -----

glm.graph @g(%x: tensor<2xf32>) -> tensor<3xf32> {
  // expected-error@+1 {{'glm.return' op returns 'tensor<2xf32>', 'g' declares 'tensor<3xf32>'}}
  glm.return %x : tensor<2xf32>
}

// -----

// expected-error@+1 {{'glm.graph' op body does not end with glm.return}}
glm.graph @g(%x: tensor<2xf32>) -> tensor<2xf32> {
  %y = glm.neg %x : tensor<2xf32>
}

// -----

glm.kernel @k(%x: tensor<2xf32>) -> tensor<2xf32> {
  // expected-error@-1 {{'glm.kernel' op body does not end with glm.yield}}
  glm.return %x : tensor<2xf32>
}

// -----

// expected-error@+1 {{'glm.kernel' op in_place names argument 1 and result 0}}
glm.kernel @k(%x: tensor<2xf32>) -> tensor<2xf32> attributes {in_place = array<i64: 1, 0>} {
  glm.yield %x : tensor<2xf32>
}

// -----

// expected-error@+1 {{'glm.kernel' op in_place has an odd number of entries}}
glm.kernel @k(%x: tensor<2xf32>) -> tensor<2xf32> attributes {in_place = array<i64: 0>} {
  glm.yield %x : tensor<2xf32>
}

// -----

glm.graph @g(%x: tensor<2xf32>) -> tensor<2xf32> {
  // expected-error@+1 {{'glm.launch' op there is no glm.kernel @missing}}
  %y = glm.launch @missing(%x) : (tensor<2xf32>) -> tensor<2xf32>
  glm.return %y : tensor<2xf32>
}

// -----

glm.kernel @k(%x: tensor<2xf32>) -> tensor<2xf32> {
  glm.yield %x : tensor<2xf32>
}
glm.graph @g(%x: tensor<3xf32>) -> tensor<3xf32> {
  // expected-error@+1 {{'glm.launch' op operands and results are not those of @k: '(tensor<2xf32>) -> tensor<2xf32>'}}
  %y = glm.launch @k(%x) : (tensor<3xf32>) -> tensor<3xf32>
  glm.return %y : tensor<3xf32>
}

// -----

glm.kernel @k(%x: tensor<2xf32>) -> tensor<2xf32> {
  glm.yield %x : tensor<2xf32>
}
glm.program @p arena 0 bound 0 peak [] inputs [] outputs [] {
  // expected-error@+1 {{'glm.planned_launch' op places do not match @k: '(tensor<2xf32>) -> tensor<2xf32>'}}
  glm.planned_launch @k on "cpu" reads [] writes [] scratch []
}

// -----

glm.kernel @k(%x: tensor<2xf32>) -> tensor<2xf32> {
  glm.yield %x : tensor<2xf32>
}
glm.program @p arena 0 bound 0 peak [] inputs [] outputs [] {
  // expected-error@+1 {{'glm.planned_launch' op #glm.place<arena[0:4]> is not a place for 'tensor<2xf32>'}}
  glm.planned_launch @k on "cpu" reads [#glm.place<arena[0:4]>] writes [#glm.place<arena[0:8]>] scratch []
}

// -----

glm.program @p arena 0 bound 0 peak [] inputs [] outputs [] {
  // expected-error@+1 {{'glm.planned_launch' op there is no glm.kernel @missing}}
  glm.planned_launch @missing on "cpu" reads [] writes [] scratch []
}

// -----

glm.program @p arena 0 bound 0 peak [] inputs [] outputs [] {
  // expected-error@+1 {{'glm.planned_copy' op copies 4 bytes to 8}}
  glm.planned_copy <arena[0:4]> to <arena[8:8]>
}

// -----

glm.program @p arena 0 bound 0 peak [] inputs [] outputs [] {
  // expected-error@+1 {{custom op 'glm.planned_copy' memory is 'ram', expected arena, state, weights, input or output}}
  glm.planned_copy <ram[0:4]> to <arena[8:4]>
}

// -----

glm.program @p arena 0 bound 0 peak [] inputs [] outputs [] {
  // expected-error@+1 {{custom op 'glm.planned_copy' offset -4 and 4 bytes are not a range}}
  glm.planned_copy <arena[-4:4]> to <arena[8:4]>
}

// -----

glm.program @p arena 0 bound 0 peak [] inputs [] outputs [] {
  // expected-error@+1 {{custom op 'glm.planned_copy' index 1 does not fit memory 'arena'}}
  glm.planned_copy <arena 1[0:4]> to <arena[8:4]>
}

// -----

// expected-error@+1 {{'glm.program' op 1 : i64 is not a #glm.parameter}}
glm.program @p arena 0 bound 0 peak [] inputs [1] outputs [] {
}

// -----

glm.program @p arena 0 bound 0 peak [] inputs [] outputs [] {
  // expected-error@+1 {{'glm.constant' op is not a step of a program}}
  %c = glm.constant dense<1.0> : tensor<2xf32>
}

// -----

// expected-error@+1 {{'glm.planned_copy' op expects parent op 'glm.program'}}
glm.planned_copy <arena[0:4]> to <arena[8:4]>

// -----

// More bytes than 64 bits count.
glm.kernel @k(%x: tensor<1xf32>) -> tensor<4294967296x4294967296x16xf32> {
  // expected-error-re @below {{op result #0 must be statically shaped tensor of {{.*}}, but got 'tensor<4294967296x4294967296x16xf32>'}}
  %y = glm.expand %x : tensor<1xf32> to tensor<4294967296x4294967296x16xf32>
  glm.yield %y : tensor<4294967296x4294967296x16xf32>
}

// -----

// expected-error @below {{has an argument or scratch of type 'f32', expected a static tensor or packed weight}}
glm.kernel @k(%x: f32, %y: tensor<1xf32>) -> tensor<1xf32> {
  %z = glm.neg %y : tensor<1xf32>
  glm.yield %z : tensor<1xf32>
}

// -----

// expected-error @below {{has an argument or scratch of type 'tensor<2xcomplex<f32>>', expected a static tensor or packed weight}}
glm.kernel @k(%y: tensor<1xf32>) -> tensor<1xf32> attributes {scratch = [tensor<2xcomplex<f32>>]} {
  %z = glm.neg %y : tensor<1xf32>
  glm.yield %z : tensor<1xf32>
}

// -----

// expected-error @below {{is not a place for a static tensor of that type}}
glm.program @run arena 64 bound 64 peak [] inputs [#glm.parameter<"x", tensor<?xf32>, <input 0[0:8]>>] outputs [] {
}

// -----

glm.graph @g(%x: tensor<f32>, %g: tensor<1xf32>) -> tensor<f32> {
  // expected-error@+1 {{'glm.rms_norm' op normalises the last dimension of 'tensor<f32>', which has none}}
  %y = glm.rms_norm %x, %g epsilon 1.0e-05 : tensor<f32>, tensor<1xf32>
  glm.return %y : tensor<f32>
}

// -----

glm.graph @g(%x: tensor<2x4xf32>, %g: tensor<2xf32>) -> tensor<2x4xf32> {
  // expected-error@+1 {{'glm.rms_norm' op scale is 'tensor<2xf32>', expected 'tensor<4xf32>'}}
  %y = glm.rms_norm %x, %g epsilon 1.0e-05 : tensor<2x4xf32>, tensor<2xf32>
  glm.return %y : tensor<2x4xf32>
}

// -----

glm.graph @g(%x: tensor<2x4xf32>, %g: tensor<4xf32>) -> tensor<2x4xf32> {
  // expected-error@+1 {{'glm.rms_norm' op epsilon is negative or not finite}}
  %y = glm.rms_norm %x, %g epsilon -1.0e-05 : tensor<2x4xf32>, tensor<4xf32>
  glm.return %y : tensor<2x4xf32>
}

// -----

glm.graph @g(%x: tensor<2x4xf32>, %g: tensor<4xf16>) -> tensor<2x4xf32> {
  // expected-error@+1 {{'glm.layer_norm' op scale is 'tensor<4xf16>', expected 'tensor<4xf32>'}}
  %y = glm.layer_norm %x, %g, %g epsilon 1.0e-05 : tensor<2x4xf32>, tensor<4xf16>, tensor<4xf16>
  glm.return %y : tensor<2x4xf32>
}

// -----

glm.graph @g(%x: tensor<2x4xf32>, %g: tensor<4xf32>, %b: tensor<1x4xf32>) -> tensor<2x4xf32> {
  // expected-error@+1 {{'glm.layer_norm' op bias is 'tensor<1x4xf32>', expected 'tensor<4xf32>'}}
  %y = glm.layer_norm %x, %g, %b epsilon 1.0e-05 : tensor<2x4xf32>, tensor<4xf32>, tensor<1x4xf32>
  glm.return %y : tensor<2x4xf32>
}

// -----

glm.graph @g(%x: tensor<2x4xf32>, %g: tensor<4xf32>) -> tensor<2x4xf32> {
  // expected-error@+1 {{'glm.layer_norm' op epsilon is negative or not finite}}
  %y = glm.layer_norm %x, %g, %g epsilon 0x7FF0000000000000 : tensor<2x4xf32>, tensor<4xf32>, tensor<4xf32>
  glm.return %y : tensor<2x4xf32>
}

// -----

glm.graph @g(%x: tensor<1x7x64xf32>, %c: tensor<1x7x4xf32>) -> tensor<1x7x64xf32> {
  // expected-error@+1 {{'glm.rotary' op x is 'tensor<1x7x64xf32>', expected [batch, tokens, heads * features] with 3 heads}}
  %y = glm.rotary %x, %c, %c heads 3 : tensor<1x7x64xf32>, tensor<1x7x4xf32>, tensor<1x7x4xf32>
  glm.return %y : tensor<1x7x64xf32>
}

// -----

glm.graph @g(%x: tensor<1x7x64xf32>, %c: tensor<1x7x4xf32>) -> tensor<1x7x64xf32> {
  // expected-error@+1 {{'glm.rotary' op x is 'tensor<1x7x64xf32>', expected [batch, tokens, heads * features] with 0 heads}}
  %y = glm.rotary %x, %c, %c heads 0 : tensor<1x7x64xf32>, tensor<1x7x4xf32>, tensor<1x7x4xf32>
  glm.return %y : tensor<1x7x64xf32>
}

// -----

glm.graph @g(%x: tensor<1x7x64xf32>, %c: tensor<1x7x4xf32>, %s: tensor<1x7x2xf32>) -> tensor<1x7x64xf32> {
  // expected-error@+1 {{'glm.rotary' op cos and sin are 'tensor<1x7x4xf32>' and 'tensor<1x7x2xf32>', expected one type of rank 3 with elements of x}}
  %y = glm.rotary %x, %c, %s heads 4 : tensor<1x7x64xf32>, tensor<1x7x4xf32>, tensor<1x7x2xf32>
  glm.return %y : tensor<1x7x64xf32>
}

// -----

glm.graph @g(%x: tensor<1x7x64xf32>, %c: tensor<1x7x9xf32>) -> tensor<1x7x64xf32> {
  // expected-error@+1 {{'glm.rotary' op cos is 'tensor<1x7x9xf32>', expected an angle for each token of 'tensor<1x7x64xf32>' and at most half of a head's 16 features}}
  %y = glm.rotary %x, %c, %c heads 4 : tensor<1x7x64xf32>, tensor<1x7x9xf32>, tensor<1x7x9xf32>
  glm.return %y : tensor<1x7x64xf32>
}

// -----

glm.graph @g(%q: tensor<1x7x64xf32>, %k: tensor<1x7x32xf32>, %v: tensor<1x7x32xf32>) -> tensor<1x7x64xf32> {
  // expected-error@+1 {{'glm.attention' op has 4 heads for 3 key-value heads, expected a multiple}}
  %y = glm.attention %q, %k, %v heads 4 kv_heads 3 scale 0.25 : (tensor<1x7x64xf32>, tensor<1x7x32xf32>, tensor<1x7x32xf32>) -> tensor<1x7x64xf32>
  glm.return %y : tensor<1x7x64xf32>
}

// -----

glm.graph @g(%q: tensor<1x7x64xf32>, %k: tensor<1x7x32xf32>, %v: tensor<1x7x32xf32>) -> tensor<1x7x64xf32> {
  // expected-error@+1 {{'glm.attention' op has 4 heads for 0 key-value heads, expected a multiple}}
  %y = glm.attention %q, %k, %v heads 4 kv_heads 0 scale 0.25 : (tensor<1x7x64xf32>, tensor<1x7x32xf32>, tensor<1x7x32xf32>) -> tensor<1x7x64xf32>
  glm.return %y : tensor<1x7x64xf32>
}

// -----

glm.graph @g(%q: tensor<1x7x64xf32>, %k: tensor<1x7x32xf32>, %v: tensor<1x7x32xf32>) -> tensor<1x7x64xf32> {
  // expected-error@+1 {{'glm.attention' op q is 'tensor<1x7x64xf32>', expected [batch, tokens, heads * features] with 6 heads}}
  %y = glm.attention %q, %k, %v heads 6 kv_heads 2 scale 0.25 : (tensor<1x7x64xf32>, tensor<1x7x32xf32>, tensor<1x7x32xf32>) -> tensor<1x7x64xf32>
  glm.return %y : tensor<1x7x64xf32>
}

// -----

glm.graph @g(%q: tensor<1x7x64xf32>, %k: tensor<1x7x32xf32>, %v: tensor<1x6x32xf32>) -> tensor<1x7x64xf32> {
  // expected-error@+1 {{'glm.attention' op k and v are 'tensor<1x7x32xf32>' and 'tensor<1x6x32xf32>', which do not go with q of 'tensor<1x7x64xf32>', 4 heads and 2 key-value heads}}
  %y = glm.attention %q, %k, %v heads 4 kv_heads 2 scale 0.25 : (tensor<1x7x64xf32>, tensor<1x7x32xf32>, tensor<1x6x32xf32>) -> tensor<1x7x64xf32>
  glm.return %y : tensor<1x7x64xf32>
}

// -----

glm.graph @g(%q: tensor<1x7x64xf32>, %k: tensor<1x4x7x16xf32>, %v: tensor<1x7x32xf32>) -> tensor<1x7x64xf32> {
  // expected-error@+1 {{'glm.attention' op k and v are 'tensor<1x4x7x16xf32>' and 'tensor<1x7x32xf32>', which do not go with q}}
  %y = glm.attention %q, %k, %v heads 4 kv_heads 2 scale 0.25 : (tensor<1x7x64xf32>, tensor<1x4x7x16xf32>, tensor<1x7x32xf32>) -> tensor<1x7x64xf32>
  glm.return %y : tensor<1x7x64xf32>
}

// -----

glm.graph @g(%q: tensor<1x7x64xf32>, %k: tensor<1x7x32xf32>, %v: tensor<1x7x32xf32>) -> tensor<1x4x7x16xf32> {
  // expected-error@+1 {{'glm.attention' op yields 'tensor<1x4x7x16xf32>', expected 'tensor<1x7x64xf32>' from operands of one element type}}
  %y = glm.attention %q, %k, %v heads 4 kv_heads 2 scale 0.25 : (tensor<1x7x64xf32>, tensor<1x7x32xf32>, tensor<1x7x32xf32>) -> tensor<1x4x7x16xf32>
  glm.return %y : tensor<1x4x7x16xf32>
}

// -----

glm.graph @g(%q: tensor<1x7x64xf32>, %k: tensor<1x7x32xf32>, %v: tensor<1x7x32xf16>) -> tensor<1x7x64xf32> {
  // expected-error@+1 {{'glm.attention' op yields 'tensor<1x7x64xf32>', expected 'tensor<1x7x64xf32>' from operands of one element type}}
  %y = glm.attention %q, %k, %v heads 4 kv_heads 2 scale 0.25 : (tensor<1x7x64xf32>, tensor<1x7x32xf32>, tensor<1x7x32xf16>) -> tensor<1x7x64xf32>
  glm.return %y : tensor<1x7x64xf32>
}

// -----

glm.graph @g(%q: tensor<1x7x64xf32>, %k: tensor<1x7x32xf32>, %v: tensor<1x7x32xf32>, %m: tensor<1x1x6x7xi1>) -> tensor<1x7x64xf32> {
  // expected-error@+1 {{'glm.attention' op mask is 'tensor<1x1x6x7xi1>', expected booleans or elements of q that broadcast to [1, 4, 7, 7]}}
  %y = glm.attention %q, %k, %v mask %m heads 4 kv_heads 2 scale 0.25 : (tensor<1x7x64xf32>, tensor<1x7x32xf32>, tensor<1x7x32xf32>, tensor<1x1x6x7xi1>) -> tensor<1x7x64xf32>
  glm.return %y : tensor<1x7x64xf32>
}

// -----

glm.graph @g(%q: tensor<1x7x64xf32>, %k: tensor<1x7x32xf32>, %v: tensor<1x7x32xf32>, %m: tensor<1x1x7x7xi64>) -> tensor<1x7x64xf32> {
  // expected-error@+1 {{'glm.attention' op mask is 'tensor<1x1x7x7xi64>', expected booleans or elements of q that broadcast to [1, 4, 7, 7]}}
  %y = glm.attention %q, %k, %v mask %m heads 4 kv_heads 2 scale 0.25 : (tensor<1x7x64xf32>, tensor<1x7x32xf32>, tensor<1x7x32xf32>, tensor<1x1x7x7xi64>) -> tensor<1x7x64xf32>
  glm.return %y : tensor<1x7x64xf32>
}

// -----

glm.graph @g(%q: tensor<1x7x64xf32>, %k: tensor<1x7x32xf32>, %v: tensor<1x7x32xf32>) -> tensor<1x7x64xf32> {
  // expected-error@+1 {{'glm.attention' op scale is not finite}}
  %y = glm.attention %q, %k, %v heads 4 kv_heads 2 scale 0x7FF8000000000000 : (tensor<1x7x64xf32>, tensor<1x7x32xf32>, tensor<1x7x32xf32>) -> tensor<1x7x64xf32>
  glm.return %y : tensor<1x7x64xf32>
}

// -----

glm.graph @g(%x: tensor<2xf32>, %u: tensor<1xf32>) -> tensor<2xf32> {
  // expected-error@+1 {{'glm.swiglu' op requires the same type for all operands and results}}
  %y = "glm.swiglu"(%x, %u) : (tensor<2xf32>, tensor<1xf32>) -> tensor<2xf32>
  glm.return %y : tensor<2xf32>
}

// -----

glm.graph @g(%x: tensor<2xi32>) -> tensor<2xi32> {
  // expected-error@+1 {{'glm.gelu' op operand #0 must be statically shaped tensor}}
  %y = glm.gelu %x : tensor<2xi32>
  glm.return %y : tensor<2xi32>
}

// -----

glm.graph @g(%q: tensor<1x7x64xf32>, %k: tensor<1x2x32x16xf32>, %n: tensor<2xi64>) -> tensor<1x7x64xf32> {
  // expected-error@+1 {{'glm.attention' op past is 'tensor<2xi64>', expected one integer of shape [1]}}
  %y = glm.attention %q, %k, %k past %n heads 4 kv_heads 2 scale 0.25 : (tensor<1x7x64xf32>, tensor<1x2x32x16xf32>, tensor<1x2x32x16xf32>, tensor<2xi64>) -> tensor<1x7x64xf32>
  glm.return %y : tensor<1x7x64xf32>
}

// -----

glm.graph @g(%q: tensor<1x7x64xf32>, %k: tensor<1x2x4x16xf32>, %n: tensor<1xi64>) -> tensor<1x7x64xf32> {
  // expected-error@+1 {{'glm.attention' op has room for 4 tokens, expected at least the 7 of q}}
  %y = glm.attention %q, %k, %k past %n heads 4 kv_heads 2 scale 0.25 : (tensor<1x7x64xf32>, tensor<1x2x4x16xf32>, tensor<1x2x4x16xf32>, tensor<1xi64>) -> tensor<1x7x64xf32>
  glm.return %y : tensor<1x7x64xf32>
}

// -----

glm.graph @g(%c: tensor<1x2x32xf32>, %x: tensor<1x7x32xf32>, %n: tensor<1xi64>) -> tensor<1x2x32xf32> {
  // expected-error@+1 {{'glm.cache_write' op cache is 'tensor<1x2x32xf32>', expected [batch, heads, tokens, features]}}
  %y = glm.cache_write %c, %x at %n : tensor<1x2x32xf32>, tensor<1x7x32xf32>, tensor<1xi64>
  glm.return %y : tensor<1x2x32xf32>
}

// -----

glm.graph @g(%c: tensor<1x2x32x16xf32>, %x: tensor<1x7x32xf16>, %n: tensor<1xi64>) -> tensor<1x2x32x16xf32> {
  // expected-error@+1 {{'glm.cache_write' op tokens are 'tensor<1x7x32xf16>', which do not go into 'tensor<1x2x32x16xf32>'}}
  %y = glm.cache_write %c, %x at %n : tensor<1x2x32x16xf32>, tensor<1x7x32xf16>, tensor<1xi64>
  glm.return %y : tensor<1x2x32x16xf32>
}

// -----

glm.graph @g(%c: tensor<1x2x32x16xf32>, %x: tensor<1x7x31xf32>, %n: tensor<1xi64>) -> tensor<1x2x32x16xf32> {
  // expected-error@+1 {{'glm.cache_write' op tokens are 'tensor<1x7x31xf32>', which do not go into}}
  %y = glm.cache_write %c, %x at %n : tensor<1x2x32x16xf32>, tensor<1x7x31xf32>, tensor<1xi64>
  glm.return %y : tensor<1x2x32x16xf32>
}

// -----

glm.graph @g(%c: tensor<1x2x4x16xf32>, %x: tensor<1x2x7x16xf32>, %n: tensor<1xi64>) -> tensor<1x2x4x16xf32> {
  // expected-error@+1 {{'glm.cache_write' op writes 7 tokens into 'tensor<1x2x4x16xf32>'}}
  %y = glm.cache_write %c, %x at %n : tensor<1x2x4x16xf32>, tensor<1x2x7x16xf32>, tensor<1xi64>
  glm.return %y : tensor<1x2x4x16xf32>
}

// -----

glm.graph @g(%c: tensor<1x2x8x16xf32>, %x: tensor<1x2x7x16xf32>, %n: tensor<i64>) -> tensor<1x2x8x16xf32> {
  // expected-error@+1 {{'glm.cache_write' op at is 'tensor<i64>', expected one integer of shape [1]}}
  %y = glm.cache_write %c, %x at %n : tensor<1x2x8x16xf32>, tensor<1x2x7x16xf32>, tensor<i64>
  glm.return %y : tensor<1x2x8x16xf32>
}

// -----

glm.graph @g(%q: tensor<64x8xi8>, %s: tensor<2x8xf16>) -> tensor<64x8xf32> {
  // expected-error@+1 {{has scales of 'tensor<2x8xf16>', expected floats for groups of 16 along dimension 0 of 'tensor<64x8xi8>'}}
  %y = glm.dequantize %q, %s axis 0 group 16 : tensor<64x8xi8>, tensor<2x8xf16> -> tensor<64x8xf32>
  glm.return %y : tensor<64x8xf32>
}

// -----

glm.graph @g(%q: tensor<64x8xi8>, %s: tensor<2x8xf16>, %z: tensor<2x7xi8>) -> tensor<64x8xf32> {
  // expected-error@+1 {{has zeros of 'tensor<2x7xi8>'}}
  %y = glm.dequantize %q, %s zeros %z axis 0 group 32 : tensor<64x8xi8>, tensor<2x8xf16>, tensor<2x7xi8> -> tensor<64x8xf32>
  glm.return %y : tensor<64x8xf32>
}

// -----

glm.graph @g(%q: tensor<64x8xf32>, %s: tensor<2x8xf16>) -> tensor<64x8xf32> {
  // expected-error@+1 {{dequantizes 'tensor<64x8xf32>', expected integers}}
  %y = glm.dequantize %q, %s axis 0 group 32 : tensor<64x8xf32>, tensor<2x8xf16> -> tensor<64x8xf32>
  glm.return %y : tensor<64x8xf32>
}

// -----

glm.graph @g(%q: tensor<64x8xi8>, %s: tensor<2x8xf16>) -> tensor<64x8xf32> {
  // expected-error@+1 {{has groups of 32 along dimension 2}}
  %y = glm.dequantize %q, %s axis 2 group 32 : tensor<64x8xi8>, tensor<2x8xf16> -> tensor<64x8xf32>
  glm.return %y : tensor<64x8xf32>
}

// -----

glm.graph @g(%a: tensor<2x64xi32>, %b: tensor<64x8xi32>) -> tensor<2x8xi32> {
  // expected-error@+2 {{rounds groups of 32 of 'tensor<2x64xi32>', expected 1 or more floats}}
  // expected-error@+1 {{'glm.matmul' op failed to infer returned types}}
  %y = glm.matmul %a, %b lhs_group 32 : tensor<2x64xi32>, tensor<64x8xi32> -> tensor<2x8xi32>
  glm.return %y : tensor<2x8xi32>
}

// -----

glm.graph @g() -> tensor<8x4xi4> {
  // expected-error@+1 {{stores 32 bytes, type 'tensor<8x4xi4>' takes 16}}
  %w = glm.weight "w" <"w.data", 0, 32, nibbles> : tensor<8x4xi4>
  glm.return %w : tensor<8x4xi4>
}

// -----

glm.graph @g() -> tensor<8x4xi4> {
  // expected-error@+1 {{has type 'tensor<8x4xi4>', rounding gives 'tensor<1x4xf16>'}}
  %w = glm.weight "w" <"w.data", 0, 128, raw> rounded <tensor<8x4xf32>, i4, scales, 0, 8> : tensor<8x4xi4>
  glm.return %w : tensor<8x4xi4>
}

// -----

glm.graph @g() -> tensor<1x4xi4> {
  // expected-error@+1 {{rounding to 'i4' has no part 'zeros'}}
  %w = glm.weight "w" <"w.data", 0, 128, raw> rounded <tensor<8x4xf32>, i4, zeros, 0, 8> : tensor<1x4xi4>
  glm.return %w : tensor<1x4xi4>
}

// -----

// expected-error@+1 {{panels of elements of 4 bits have an even step}}
glm.graph @g(%w: !glm.packed<tensor<8x4xi4>, #glm.panels<1, 4, 3>>) -> tensor<8x4xi4> {
  glm.return
}

// -----

glm.graph @g(%x: tensor<1x4x5x5xf32>, %w: tensor<4x18xf32>) -> tensor<1x4x3x3xf32> {
  // expected-error@+2 {{has a kernel size, stride or dilation of 0, expected 1 to 2147483647}}
  // expected-error@+1 {{'glm.conv' op failed to infer returned types}}
  %y = glm.conv %x, %w kernel [3, 3] strides [1, 0] dilations [1, 1] pads [0, 0, 0, 0] groups 2 : tensor<1x4x5x5xf32>, tensor<4x18xf32> -> tensor<1x4x3x3xf32>
  glm.return %y : tensor<1x4x3x3xf32>
}

// -----

glm.graph @g(%x: tensor<1x4x5x5xf32>, %w: tensor<4x18xf32>) -> tensor<1x4x3x3xf32> {
  // expected-error@+2 {{has a pad of -1, expected 0 to 2147483647}}
  // expected-error@+1 {{'glm.conv' op failed to infer returned types}}
  %y = glm.conv %x, %w kernel [3, 3] strides [1, 1] dilations [1, 1] pads [0, -1, 0, 0] groups 2 : tensor<1x4x5x5xf32>, tensor<4x18xf32> -> tensor<1x4x3x3xf32>
  glm.return %y : tensor<1x4x3x3xf32>
}

// -----

glm.graph @g(%x: tensor<1x4x5x5xf32>, %w: tensor<4x18xf32>) -> tensor<1x4x3x3xf32> {
  // expected-error@+2 {{cannot cut 4 channels and weights of 'tensor<4x18xf32>' into 3 groups}}
  // expected-error@+1 {{'glm.conv' op failed to infer returned types}}
  %y = glm.conv %x, %w kernel [3, 3] strides [1, 1] dilations [1, 1] pads [0, 0, 0, 0] groups 3 : tensor<1x4x5x5xf32>, tensor<4x18xf32> -> tensor<1x4x3x3xf32>
  glm.return %y : tensor<1x4x3x3xf32>
}

// -----

glm.graph @g(%x: tensor<1x4x5x5xf32>, %w: tensor<4x18xf32>) -> tensor<1x4x3x3xf32> {
  // expected-error@+2 {{has weights of 'tensor<4x18xf32>', expected 36 columns for 4 channels of a group and the kernel}}
  // expected-error@+1 {{'glm.conv' op failed to infer returned types}}
  %y = glm.conv %x, %w kernel [3, 3] strides [1, 1] dilations [1, 1] pads [0, 0, 0, 0] groups 1 : tensor<1x4x5x5xf32>, tensor<4x18xf32> -> tensor<1x4x3x3xf32>
  glm.return %y : tensor<1x4x3x3xf32>
}

// -----

glm.graph @g(%x: tensor<1x4x5x5xf32>, %w: tensor<4x24xf32>) -> tensor<1x4x1x1xf32> {
  // expected-error@+2 {{a window of 7 elements does not fit into dimension 0 of space, 5 elements with pads of 0 and 1}}
  // expected-error@+1 {{'glm.conv' op failed to infer returned types}}
  %y = glm.conv %x, %w kernel [3, 2] strides [1, 1] dilations [3, 1] pads [0, 0, 1, 0] groups 1 : tensor<1x4x5x5xf32>, tensor<4x24xf32> -> tensor<1x4x1x1xf32>
  glm.return %y : tensor<1x4x1x1xf32>
}

// -----

glm.graph @g(%x: tensor<2x4xf32>, %w: tensor<3x4xi8>) -> tensor<2x3xf32> {
  // expected-error@+2 {{cannot convolve 'tensor<2x4xf32>' with 'tensor<3x4xi8>', expected floats of one type or integers of at most 32 bits}}
  // expected-error@+1 {{'glm.conv' op failed to infer returned types}}
  %y = glm.conv %x, %w kernel [] strides [] dilations [] pads [] groups 1 : tensor<2x4xf32>, tensor<3x4xi8> -> tensor<2x3xf32>
  glm.return %y : tensor<2x3xf32>
}

// -----

glm.graph @g(%x: tensor<2x4xi8>, %w: tensor<3x4xi8>) -> tensor<2x3xi32> {
  // expected-error@+2 {{pads 'tensor<2x4xi8>' with 200, which is none of its elements}}
  // expected-error@+1 {{'glm.conv' op failed to infer returned types}}
  %y = glm.conv %x, %w kernel [] strides [] dilations [] pads [] groups 1 pad_value 200 : tensor<2x4xi8>, tensor<3x4xi8> -> tensor<2x3xi32>
  glm.return %y : tensor<2x3xi32>
}

// -----

glm.graph @g(%x: tensor<1x4x5xi8>) -> tensor<1x4x4xi8> {
  // expected-error@+2 {{is 'average' of 'tensor<1x4x5xi8>', expected max of numbers, average of floats or sum of integers of at most 32 bits}}
  // expected-error@+1 {{'glm.pool' op failed to infer returned types}}
  %y = glm.pool "average" %x kernel [2] strides [1] dilations [1] pads [0, 0] : tensor<1x4x5xi8> -> tensor<1x4x4xi8>
  glm.return %y : tensor<1x4x4xi8>
}

// -----

glm.graph @g(%x: tensor<1x4x5xf32>) -> tensor<1x4x4xf32> {
  // expected-error@+2 {{kernel has 2 sizes, 1 strides, 1 dilations and 2 pads, expected 1 each and 2 pads for 'tensor<1x4x5xf32>'}}
  // expected-error@+1 {{'glm.pool' op failed to infer returned types}}
  %y = glm.pool "max" %x kernel [2, 2] strides [1] dilations [1] pads [0, 0] : tensor<1x4x5xf32> -> tensor<1x4x4xf32>
  glm.return %y : tensor<1x4x4xf32>
}

// -----

glm.graph @g() -> tensor<4xf32> {
  // expected-error@+1 {{panels hold a static 2-D tensor, found 'tensor<4xf32>'}}
  %y = glm.constant dense<1.0> : tensor<4xf32> layout #glm.panels<0, 16>
  glm.return %y : tensor<4xf32>
}
