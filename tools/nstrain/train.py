#!/usr/bin/python3
"""Trains the network of audio/ns, in plain numpy.

  train.py OUT.npz STEPS MATERIAL ...

MATERIAL are the OUT of sounds.py. 4000 steps take half an hour on one core. export.py makes the phone's file of OUT.npz.

The loss is what a listener hears: the difference of the loudness of what comes out and of the voice, band by band
(Zwicker's growth of loudness, Terhardt's threshold in quiet, at 79 dB SPL of active speech), added sound weighing more
than missing sound (Beerends and Stemerdink, JAES 1992), bad moments more than good ones; and while the voice speaks the
difference of both in decibels, so that weak sounds are kept."""
import sys, time
import numpy as np
from numpy import float32 as f32
import features
from features import BANDS, INPUTS, CENTRES

DENSE, UNITS = 48, 72                               # audio/ns/net.go
ADDED, DECIBELS, BAD = .3, .015, .2                # weights of the parts of the loss
BATCH, HOPS = 48, 400

hz = CENTRES*31.25
WIDTH = np.gradient(21.4*np.log10(1 + .00437*hz)).astype(f32)        # critical bands that a band stands for
THRESHOLD = 10**((3.64*np.maximum(hz/1000, .1)**-.8 - 6.5*np.exp(-.6*(hz/1000 - 3.3)**2) + 1e-3*(hz/1000)**4)/10)
THRESHOLD = THRESHOLD.astype(f32)
SCALE = (10**7.9*24.7*(.00437*hz + 1)/31.25/257).astype(f32)         # speech of power 1 to sound pressure in a critical band
NEWEST = np.clip((hz - 300)/1500, .3, .9).astype(f32)                # share of the newest samples in the loss: high bands are quick


def loudness(p):
    """Of powers, and its derivative."""
    k, u = (THRESHOLD/.5)**f32(.23), .5 + .5*p/THRESHOLD
    v = u**f32(-.77)
    return k*(u*v - 1), k*f32(.23)*v*(.5/THRESHOLD)


def loss(gain, mix, voice, weight, speaks):
    """The loss of gains, and its gradient."""
    out = gain*gain*mix
    heard, slope = loudness(out)
    d = heard - loudness(voice)[0]
    w = WIDTH*weight
    asymmetry = 1 + ADDED*np.clip((out/(voice + 50) - 1.5)/3, 0, 1)
    frame = (f32(1e-3)*w*d*d*asymmetry).sum(-1, keepdims=True)
    gradient = f32(2e-3)*w*d*asymmetry*slope*(1 + 2*BAD*frame)
    floor = f32(3e-5)*voice.max(-1, keepdims=True)*speaks + f32(1e3)
    l, wl = np.log((out + floor)/(voice + floor)), w*speaks*f32(DECIBELS)
    gradient += 2*wl*l/(out + floor)
    return (frame*(1 + BAD*frame)).sum() + (wl*l*l).sum(), gradient*2*gain*mix


class Net:
    """A dense layer, gated recurrent units, and a dense layer on both."""

    def __init__(self, r):
        def u(rows, columns, scale=1): return (r.uniform(-1, 1, (rows, columns))*np.sqrt(3/rows)*scale).astype(f32)
        def z(n): return np.zeros(n, f32)
        self.p = dict(W1=u(INPUTS, DENSE), b1=z(DENSE), Wx=u(DENSE, 3*UNITS), bx=z(3*UNITS), U=u(UNITS, 3*UNITS, .7), bu=z(3*UNITS),
                      Wo=u(UNITS + DENSE, BANDS + 1, .5), bo=z(BANDS + 1))
        self.p['bx'][:UNITS] = 1                    # memories stay, to begin with

    def forward(self, x):
        """x is (hops, clips, INPUTS); keeps what backward needs."""
        p, (T, B, _), H = self.p, x.shape, UNITS
        dense = np.tanh(x.reshape(T*B, -1) @ p['W1'] + p['b1'])
        a = (dense @ p['Wx'] + p['bx']).reshape(T, B, -1)
        h, gates = np.zeros((T + 1, B, H), f32), np.empty((T, B, 2*H), f32)
        new, old = np.empty((T, B, H), f32), np.empty((T, B, H), f32)
        for t in range(T):
            q = h[t] @ p['U'] + p['bu']
            gates[t] = .5 + .5*np.tanh(.5*(a[t, :, :2*H] + q[:, :2*H]))
            old[t] = q[:, 2*H:]
            new[t] = np.tanh(a[t, :, 2*H:] + gates[t, :, H:]*old[t])
            h[t + 1] = new[t] + gates[t, :, :H]*(h[t] - new[t])
        both = np.concatenate([h[1:].reshape(T*B, H), dense], 1)
        y = 1/(1 + np.exp(-(both @ p['Wo'] + p['bo'])))
        self.kept = x, dense, h, gates, new, old, both, y
        return y.reshape(T, B, -1)

    def backward(self, dy):
        """Gradients of all parameters from that of the outputs."""
        p, H, g = self.p, UNITS, {}
        x, dense, h, gates, new, old, both, y = self.kept
        T, B, _ = x.shape
        do = dy.reshape(T*B, -1)*y*(1 - y)
        g['Wo'], g['bo'] = both.T @ do, do.sum(0)
        dboth = do @ p['Wo'].T
        dout, da, dq = dboth[:, :H].reshape(T, B, H), np.empty((T, B, 3*H), f32), np.empty((T, B, 3*H), f32)
        dh, UT = np.zeros((B, H), f32), np.ascontiguousarray(p['U'].T)
        for t in reversed(range(T)):
            dh = dh + dout[t]
            stay, enter, c = gates[t, :, :H], gates[t, :, H:], new[t]
            dc = dh*(1 - stay)*(1 - c*c)
            da[t, :, :H] = dh*(h[t] - c)*stay*(1 - stay)
            da[t, :, H:2*H] = dc*old[t]*enter*(1 - enter)
            da[t, :, 2*H:] = dc
            dq[t] = da[t]
            dq[t, :, 2*H:] *= enter
            dh = dh*stay + dq[t] @ UT
        da, dq = da.reshape(T*B, -1), dq.reshape(T*B, -1)
        g['U'], g['bu'] = h[:-1].reshape(T*B, H).T @ dq, dq.sum(0)
        g['Wx'], g['bx'] = dense.T @ da, da.sum(0)
        dd = (dboth[:, H:] + da @ p['Wx'].T)*(1 - dense*dense)
        g['W1'], g['b1'] = x.reshape(T*B, -1).T @ dd, dd.sum(0)
        return g


class Adam:
    """Kingma and Ba, Adam: A Method for Stochastic Optimization, ICLR 2015; steps no longer than 1 in the gradient."""

    def __init__(self, p):
        self.p, self.m, self.v, self.n = p, {k: np.zeros_like(w) for k, w in p.items()}, {k: np.zeros_like(w) for k, w in p.items()}, 0

    def step(self, g, rate):
        self.n += 1
        clip = min(1, 1/np.sqrt(sum(float((v*v).sum()) for v in g.values())))
        for k in self.p:
            d = g[k]*f32(clip)
            self.m[k] += .1*(d - self.m[k])
            self.v[k] += .002*(d*d - self.v[k])
            self.p[k] -= (rate*self.m[k]/(1 - .9**self.n)/(np.sqrt(self.v[k]/(1 - .998**self.n)) + 1e-8)).astype(f32)


def batch(material, r):
    """Features (hops, clips, INPUTS) and powers (hops, clips, BANDS, 4) of random clips from a random hop on."""
    o, picks = r.integers(0, 200), [(m := r.integers(len(material)), r.integers(len(material[m][0]))) for _ in range(BATCH)]
    x = features.inputs(np.stack([material[m][0][i] for m, i in picks]).astype(f32))[:, o:o + HOPS]
    y = np.stack([material[m][1][i][o:o + HOPS] for m, i in picks]).astype(f32)
    return x.transpose(1, 0, 2), (np.exp2(y.transpose(1, 0, 2, 3)) - f32(1e-8)).clip(0)


def judge(y, powers):
    """The loss of a batch of outputs, and its gradient: gains, and the probability of speech."""
    dy, n = np.zeros_like(y), f32(1/(y.shape[0]*y.shape[1]))
    speaks, total = (powers[..., 1].mean(-1, keepdims=True) > 1e-3).astype(f32), 0
    for k, weight in ((0, 1 - NEWEST), (2, NEWEST)):
        v, d = loss(y[..., :BANDS], powers[..., k]*SCALE, powers[..., k + 1]*SCALE, weight, speaks)
        total, dy[..., :BANDS] = total + v*n, dy[..., :BANDS] + d*n
    s = y[..., BANDS:]
    dy[..., BANDS:] = f32(.1)*(s - speaks)/(s*(1 - s) + f32(1e-4))*n
    return total, dy


def main(out, steps, *paths):
    material = [[np.load(f'{p}.{k}.npy', mmap_mode='r') for k in 'xy'] for p in paths]
    r, steps = np.random.default_rng(3), int(steps)
    some = np.concatenate([batch(material, r)[0].reshape(-1, INPUTS) for _ in range(4)])
    mean, std = some.mean(0), some.std(0) + 1e-3
    net, start, losses = Net(r), time.time(), []
    adam = Adam(net.p)
    for n in range(steps):
        x, powers = batch(material, r)
        total, dy = judge(net.forward(np.ascontiguousarray((x - mean)/std, f32)), powers)
        losses.append(total)
        adam.step(net.backward(dy), 3e-3*min(1, (n + 1)/30)*(.5 + .5*np.cos(np.pi*n/steps)) + 1e-5)
        if n % 50 == 49:
            print(f'{n + 1} steps, {time.time() - start:.0f} s, loss {np.mean(losses[-50:]):.4f}', flush=True)
            np.savez(out, mean=mean, std=std, **net.p)


if __name__ == '__main__':
    main(*sys.argv[1:])
