"""Makes the files beside it, with NumPy and ONNX: python3 make.py

Elements are 0, 1, 2, ... (bools: 0, 1, 0, ...; floats: halves) of shape 2x3,
unless the name says otherwise.
"""
import os

import numpy
import onnx
from onnx import helper, numpy_helper

os.chdir(os.path.dirname(os.path.abspath(__file__)))
values = numpy.arange(6).reshape(2, 3)

for name in "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64".split():
    array = (values % 2 if name == "bool" else values / 2 if name.startswith("float") else values).astype(name)
    numpy.save(name + ".npy", array)
    tensor = numpy_helper.from_array(array, name)  # In raw_data.
    with open(name + ".pb", "wb") as file:
        file.write(tensor.SerializeToString())
    flat = array.flatten().tolist()
    typed = helper.make_tensor(name, tensor.data_type, array.shape, flat)  # In the type's own field.
    with open(name + ".typed.pb", "wb") as file:
        file.write(typed.SerializeToString())

typed = helper.make_tensor("bfloat16", onnx.TensorProto.BFLOAT16, (2, 3), (values / 2).flatten().tolist())
with open("bfloat16.typed.pb", "wb") as file:
    file.write(typed.SerializeToString())
with open("string.pb", "wb") as file:
    file.write(helper.make_tensor("s", onnx.TensorProto.STRING, (1,), ["a"]).SerializeToString())

numpy.save("fortran.npy", numpy.asfortranarray(values.astype("int32")))
numpy.save("fortran3.npy", numpy.asfortranarray(numpy.arange(24).reshape(2, 3, 4).astype("int16")))
numpy.save("bigendian.npy", values.astype(">i4"))
numpy.save("scalar.npy", numpy.array(2.5, "float32"))
numpy.save("vector.npy", numpy.arange(5, dtype="float32"))
numpy.save("empty.npy", numpy.zeros((0, 4), "float32"))
numpy.save("complex.npy", values.astype("complex64"))
with open("version2.npy", "wb") as file:
    numpy.lib.format.write_array(file, values.astype("int32"), version=(2, 0))
