"""Makes a model whose data file is a hole of 75.5 MB a layer, and x.npy for it:
make_wide.py ONNX_WRITER_FOLDER FOLDER LAYERS, where LAYERS is even"""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
from onnx_writer import FLOAT, Model, data, number

model = Model(sys.argv[2])
value = model.input("x", FLOAT, [1, 2048])
offset, layers = 0, int(sys.argv[3])
for layer, (rows, columns) in enumerate([(2048, 9216), (9216, 2048)] * (layers // 2)):
    name, length = f"w{layer}", rows * columns * 4
    place = [("location", "model.onnx.data"), ("offset", str(offset)), ("length", str(length))]
    model.initializers.append(number(1, rows) + number(1, columns) + number(2, FLOAT) + data(8, name) +
                              b"".join(data(13, data(1, key) + data(2, text)) for key, text in place) + number(14, 1))
    value = model.node("MatMul", [value, name], name="y" if layer == layers - 1 else None)
    offset += length
model.output("y", FLOAT, [1, 2048])
model.save()
os.truncate(os.path.join(sys.argv[2], "model.onnx.data"), offset)
header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2048), }".ljust(117) + "\n"
with open(os.path.join(sys.argv[2], "x.npy"), "wb") as file:
    file.write(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + bytes(4 * 2048))
