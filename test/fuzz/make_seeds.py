"""Makes the models in seeds/ that fuzz_import damages; they are committed.

Each is sound and uses many operators of one kind. Needs the onnx package, as
test/errors/make_models.py does.
"""

import os

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper, parser

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "seeds")

MODELS = {
    "elementwise": """<ir_version: 9, opset_import: ["" : 18]>
      test (float[2,3] x, float[3] y, int64[2,3] i) => (float[2,3] z, int64[2,3] j, float[2,3] d) {
        a = Add(x, y)  b = Mul(a, x)  c = Sub(b, y)  e = Pow(c, i)  f = Sqrt(e)  g = Sigmoid(f)  h = IsNaN(g)
        k = Where(h, x, g)  l = Less(k, y)  m = Not(l)  n = And(l, m)  o = Cast<to = 1>(n)  p = Clip(o, lo, hi)
        q = Max(p, x, y)  r = Relu(q)  z = Dropout(r)  j = Mod<fmod = 1>(i, i)  t = LeakyRelu<alpha = 0.1>(r)
        d = CastLike(t, x)
      }""",
    "movement": """<ir_version: 9, opset_import: ["" : 18]>
      test (float[2,3,4] x) => (float[N,M] z, float[A,B,C] w) {
        s = Shape(x)  zero = Constant<value_ints = [0]>()  one = Constant<value_int = 1>()
        two = Constant<value_ints = [2]>()  d = Gather(s, one)  d1 = Unsqueeze(d, zero)
        minus = Constant<value_ints = [-1]>()  shape = Concat<axis = 0>(d1, minus)
        z = Reshape(x, shape)  t = Transpose<perm = [2, 0, 1]>(x)
        u = Slice(t, zero, two, zero, one1)  v0, v1 = Split<axis = 2, num_outputs = 2>(u)
        c = Concat<axis = -1>(v1, v0)  e = Expand(c, es)  f = Tile(e, ts)  g = Flatten<axis = 2>(f)
        h = Unsqueeze(g, zero)  w = Identity(h)
      }""",
    "matmul": """<ir_version: 9, opset_import: ["" : 13]>
      test (float[1,7,16] x, float[16] v) => (float[1,7,16] z, float[1,7] y, float[7,8] g) {
        a = MatMul(x, w)  b = Softmax<axis = -1>(a)  c = ReduceMean<axes = [-1]>(b)  d = Sub(b, c)
        z = MatMul(d, w)  y = MatMul(x, v)  zero = Constant<value_ints = [0]>()  q = Squeeze(x, zero)
        g = Gemm<transB = 1, alpha = 2.0>(q, wt, bias)  s = ReduceSum<keepdims = 0>(g, zero)
      }""",
    "indexing": """<ir_version: 9, opset_import: ["" : 18]>
      test (float[4,5,6] x, int64[3,2] i, int64[2,1] k, float[2,5,6] u) => (float[3,6] z, float[4,5,6] w, float[4,4] m) {
        z = GatherND(x, i)  w = ScatterND(x, k, u)  n = Constant<value_ints = [4, 4]>()
        f = ConstantOfShape<value = float[1] {2.0}>(n)  m = Trilu<upper = 0>(f)
        start = Constant<value_int = 0>()  limit = Constant<value_int = 10>()  step = Constant<value_int = 3>()
        r = Range(start, limit, step)  e = Gather<axis = 1>(x, i)
      }""",
    "functions": """<ir_version: 10, opset_import: ["" : 23, "local" : 1]>
      test (float[1,2,4,8] q, float[1,2,6,8] k, float[1,2,6,8] v, float[8] g, bool[4,6] mask) => (float[1,2,4,8] z) {
        n = RMSNormalization<axis = -1, epsilon = 0.00001>(q, g)
        a = Attention<is_causal = 1>(n, k, v, mask)
        l = LayerNormalization<axis = -1>(a, g)
        h = Gelu(l)
        z = local.twice<factor = 3.0>(h)
      }
      <domain: "local", opset_import: ["" : 23]>
      twice<factor>(x) => (y) { f = Constant<value_float: float = @factor>()  m = Mul(x, f)  y = Add(m, x) }""",
    "old": """<ir_version: 4, opset_import: ["" : 9]>
      test (float[2,3,4] x) => (float[2,1,3,4] z, float[2,12] y) {
        a = Softmax<axis = 1>(x)  b = Unsqueeze<axes = [1]>(a)  z = Clip<min = 0.0, max = 1.0>(b)
        c = Slice<starts = [0], ends = [1], axes = [0]>(x)  d0, d1 = Split<axis = 2, split = [1, 3]>(c)
        y = Flatten(x)  e = ReduceSum<axes = [1], keepdims = 0>(x)  f, g = Dropout(e)
      }""",
}

INITIALIZERS = {
    "elementwise": {"lo": np.float32(0), "hi": np.float32(1)},
    "movement": {"es": np.array([3, 1, 1, 1], dtype=np.int64), "ts": np.array([1, 2, 1, 1], dtype=np.int64),
                 "one1": np.array([1], dtype=np.int64)},
    "matmul": {"w": np.eye(16, dtype=np.float32), "wt": np.ones((8, 16), dtype=np.float32),
               "bias": np.zeros(8, dtype=np.float32)},
}


def main():
    os.makedirs(FOLDER, exist_ok=True)
    for name, text in MODELS.items():
        model = parser.parse_model(text)
        for tensor, array in INITIALIZERS.get(name, {}).items():
            made = numpy_helper.from_array(np.asarray(array), tensor)
            if tensor == "wt":  # Elements in the typed field.
                made = onnx.helper.make_tensor(tensor, TensorProto.FLOAT, array.shape, array.flatten())
            if tensor == "bias":  # fuzz_import puts such a file beside its models.
                made.ClearField("raw_data")
                made.data_location = TensorProto.EXTERNAL
                made.external_data.add(key="location", value="external.data")
                made.external_data.add(key="length", value=str(array.nbytes))
            model.graph.initializer.append(made)
        with open(os.path.join(FOLDER, name + ".onnx"), "wb") as file:
            file.write(model.SerializeToString(deterministic=True))


if __name__ == "__main__":
    main()
