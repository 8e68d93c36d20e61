#!/usr/bin/python3
"""Writes a trained network as the phone reads it.

  export.py NET.npz audio/ns/weights.bin

For each layer, row by row: a scale and a bias (float32, little endian), and the weights (int8, to be multiplied by the
scale). Rows are filled up to fours and columns to eights, as net.go computes them."""
import sys
import numpy as np


def layer(w, bias, mean=0.):
    """w is (inputs, outputs); where inputs have a mean, the bias makes up for what rounding does to it."""
    inputs, outputs = w.shape
    m, b, about = np.zeros((-outputs % 4 + outputs, -inputs % 8 + inputs)), np.zeros(-outputs % 4 + outputs), np.zeros(-inputs % 8 + inputs)
    m[:outputs, :inputs], b[:outputs], about[:inputs] = w.T, bias, mean
    out = b''
    for row, v in zip(m, b):
        scale = np.abs(row).max()/127 or 1.
        rounded = np.round(row/scale)
        out += np.array([scale, v + (row - scale*rounded) @ about], '<f4').tobytes() + rounded.astype(np.int8).tobytes()
    return out


def main(net, out):
    z = np.load(net)
    units = len(z['U'])
    first = z['W1']/z['std'][:, None]
    gates = np.concatenate([z['Wx'][:, :2*units], z['U'][:, :2*units]])
    last = np.concatenate([z['Wo'][units:], z['Wo'][:units]])          # the phone has the dense layer first
    with open(out, 'wb') as f:
        f.write(layer(first, z['b1'] - z['mean'] @ first, z['mean']))
        f.write(layer(gates, (z['bx'] + z['bu'])[:2*units]))
        f.write(layer(z['Wx'][:, 2*units:], z['bx'][2*units:]))
        f.write(layer(z['U'][:, 2*units:], z['bu'][2*units:]))
        f.write(layer(last, z['bo']))


if __name__ == '__main__':
    main(*sys.argv[1:])
