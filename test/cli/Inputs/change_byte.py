"""Changes one byte of a file to another value: python3 change_byte.py FILE INDEX"""
import sys

with open(sys.argv[1], "rb") as file:
    data = bytearray(file.read())
data[int(sys.argv[2])] ^= 0x41
with open(sys.argv[1], "wb") as file:
    file.write(data)
