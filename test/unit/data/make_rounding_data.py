"""Makes rounding_cases.txt: weights and what dialects/glm/Rounding.h says they become, by numpy.

Everything is done in float32, an operation at a time, as the definition says; f16 is numpy's, bf16 ml_dtypes'.
`q4_0` is the squared error of llama.cpp's rule for the same groups (ggml-quants.c, quantize_row_q4_0_ref): d = x / -8
of the largest magnitude, q = min(15, int(x / d + 8.5)) - 8, d stored as f16.

Needs numpy and ml_dtypes. Usage: make_rounding_data.py > rounding_cases.txt
"""

import ml_dtypes
import numpy

F = numpy.float32
SIGNED_CUTS = [8, 8.75, 8.5, 8.25, 7.75, 7.5, 7.25, 7, 6.75, 6.5]
UNSIGNED_CUTS = [15, 14, 14.5, 15.5, 16, 16.5, 17, 17.5]
RANGES = {"i8": (-127, 127), "i4": (-8, 7), "ui8": (0, 255), "ui4": (0, 15)}


def half(x):
    return F(numpy.float16(max(min(x, F(65504)), F(-65504))))


def integers(group, scale, zero, low, high):
    inverse = F(1) / scale if scale != 0 else F(0)
    return numpy.array([numpy.clip(numpy.rint(x * inverse), low - zero, high - zero) for x in group], F)


def error_of(group, scale, zero, low, high):
    total = F(0)
    for x, q in zip(group, integers(group, scale, zero, low, high)):
        rest = x - q * scale
        total = total + rest * rest
    return total


def candidate(to, group, cut):
    low, high = min(group.min(), F(0)), max(group.max(), F(0))
    if to[0] != "u":
        largest = high if high > -low else low
        return half(abs(largest) / F(cut) if to == "i8" else largest / F(-cut)), F(0)
    scale = half(high / F(cut) - low / F(cut))
    inverse = F(1) / scale if scale != 0 else F(0)
    most = RANGES[to][1]
    zero = -low * inverse - (F(cut) - F(most)) / F(2)
    return scale, F(numpy.rint(numpy.clip(zero, F(0), F(most))))


def round_group(to, group):
    low, high = RANGES[to]
    if to.endswith("8"):
        scale, zero = candidate(to, group, high)
    else:
        cuts = SIGNED_CUTS if to == "i4" else UNSIGNED_CUTS
        scale, zero = candidate(to, group, cuts[0])
        least = error_of(group, scale, zero, low, high)
        tried = [candidate(to, group, cut) for cut in cuts[1:]]
        for other in tried:
            error = error_of(group, *other, low, high)
            if error < least:
                (scale, zero), least = other, error
        products, squares = F(0), F(0)
        for x, q in zip(group, integers(group, scale, zero, low, high)):
            products, squares = products + x * q, squares + q * q
        fitted = half(products / squares) if squares > 0 else scale
        if error_of(group, fitted, zero, low, high) < least:
            scale = fitted
    return integers(group, scale, zero, low, high) + zero, scale, zero


def q4_0_error(group):
    largest = group[numpy.argmax(numpy.abs(group))]
    d = largest / F(-8)
    inverse = F(1) / d if d else F(0)
    q = numpy.minimum(15, (group * inverse + F(8.5)).astype(numpy.int8)) - 8
    return float(((group - F(numpy.float16(d)) * q.astype(F)).astype(float) ** 2).sum())


def hexadecimal(array):
    return array.tobytes().hex() or "-"


def write(name, to, axis, group, weight):
    names = {numpy.dtype(F): "f32", numpy.dtype(numpy.float16): "f16", numpy.dtype(ml_dtypes.bfloat16): "bf16"}
    print("case", name, names[weight.dtype], to, axis, group, *weight.shape)
    print("from", hexadecimal(weight))
    if to in ("f16", "bf16"):
        kind = numpy.float16 if to == "f16" else ml_dtypes.bfloat16
        print("values", hexadecimal(weight.astype(F).astype(kind)))
        return
    columns = numpy.moveaxis(weight.astype(F), axis, 0)
    shape, size = columns.shape, columns.shape[0]
    columns = numpy.where(numpy.isnan(columns), F(0), columns).reshape(size, int(numpy.prod(shape[1:])))
    groups = -(-size // group)
    values = numpy.zeros(columns.shape, numpy.int16)
    scales = numpy.zeros((groups, columns.shape[1]), numpy.float16)
    zeros = numpy.zeros((groups, columns.shape[1]), numpy.uint8)
    q4_0 = 0.0
    for g in range(groups):
        rows = slice(g * group, min(size, (g + 1) * group))
        for c in range(columns.shape[1]):
            q, s, z = round_group(to, columns[rows, c])
            values[rows, c], scales[g, c], zeros[g, c] = q, s, z
            if name.startswith("normal") and to == "i4":
                q4_0 += q4_0_error(columns[rows, c])
    back = lambda array: numpy.ascontiguousarray(numpy.moveaxis(array.reshape((array.shape[0],) + shape[1:]), 0, axis))
    print("values", hexadecimal(back(values).astype(numpy.uint8 if to[0] == "u" else numpy.int8)))
    print("scales", hexadecimal(back(scales)))
    if to[0] == "u":
        print("zeros", hexadecimal(back(zeros)))
    if q4_0:
        print("q4_0", q4_0)


def special():
    """A column each of what is not a number like others."""
    columns = numpy.zeros((32, 12), F)
    ramp = numpy.linspace(-1, 1, 32, dtype=F)
    columns[:, 1] = ramp * F(1e-30)            # Scales that no f16 holds: 0.
    columns[:, 2] = ramp * F(3e-6)             # Scales that are no normal f16.
    columns[:, 3] = ramp * F(1e30)             # Scales beyond f16.
    columns[:, 4] = abs(ramp) + F(0.25)        # Of one sign...
    columns[:, 5] = -abs(ramp) - F(0.25)       # ...and of the other.
    columns[:, 6] = F(0.1)
    columns[:, 7] = ramp
    columns[[3, 9], 7] = numpy.nan
    columns[:, 8] = ramp
    columns[5, 8] = numpy.inf
    columns[:, 9] = ramp
    columns[5, 9] = -numpy.inf
    columns[17, 10] = F(-3)                    # One number.
    columns[:, 11] = numpy.round(ramp * 8)     # Integers, and halves between them.
    columns[::2, 11] += F(0.5)
    return columns


def main():
    numpy.seterr(all="ignore")
    random = numpy.random.default_rng(7)
    normal = lambda *shape: random.standard_normal(shape).astype(F) * F(0.02)
    for to in RANGES:
        write("normal_rows", to, 0, 32, normal(64, 18))
        write("normal_columns", to, 1, 32, normal(9, 64))
        write("ragged", to, 0, 32, normal(50, 5))
        write("batches", to, 1, 16, normal(2, 40, 3))
        write("one_group", to, 0, 1 << 40, normal(37, 2))
        write("from_f16", to, 1, 32, normal(3, 64).astype(numpy.float16))
        write("from_bf16", to, 0, 32, normal(32, 3).astype(ml_dtypes.bfloat16))
        write("special", to, 0, 32, special())
        write("empty", to, 0, 32, normal(0, 3))
    edges = numpy.array([0, -0.0, 1, -1, 65504, 65519, 65520, 1e30, -1e30, numpy.inf, -numpy.inf, numpy.nan, 6e-8, 2e-8,
                         3e-8, 6.1e-5, 6.097e-5, 1.00048828125, 1.00146484375, 3.3895e38, 1.00390625, 1.01171875], F)
    for to in ("f16", "bf16"):
        write("edges", to, 0, 0, edges.reshape(2, 11))
        write("normal_rows", to, 0, 0, normal(7, 9))
        write("from_f16", to, 0, 0, normal(5, 5).astype(numpy.float16))
    write("from_bf16", "f16", 0, 0, normal(5, 5).astype(ml_dtypes.bfloat16))


main()
