"""Writes quants.gguf: for each quantised type random blocks, and beside them the values that the gguf package decodes
them to, so that our decoding is checked against another implementation. Needs `pip install numpy gguf`."""
import sys

import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType, GGUFWriter
from gguf.quants import dequantize

TYPES = ["Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K"]
# Where each block keeps its half-precision factors; random bits there would mostly be absurd numbers.
FACTORS = {"Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0],
           "Q2_K": [80, 82], "Q3_K": [108], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208]}

random = np.random.default_rng(7)
writer = GGUFWriter(sys.argv[1], "wan")
for name in TYPES:
    kind = GGMLQuantizationType[name]
    elements, size = GGML_QUANT_SIZES[kind]
    columns = max(elements, 64)
    blocks = random.integers(0, 256, (2, columns // elements, size), dtype=np.uint8)
    for at in FACTORS[name]:
        factors = random.uniform(-0.1, 0.1, (2, columns // elements, 1)).astype(np.float16)
        blocks[:, :, at:at + 2] = factors.view(np.uint8)
    rows = blocks.reshape(2, -1)
    writer.add_tensor(name, rows, raw_dtype=kind)
    writer.add_tensor(name + ".decoded", dequantize(rows, kind).astype(np.float32))
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
