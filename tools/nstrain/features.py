"""What the network of audio/ns sees of a sound: the same numbers as features.go computes, for whole files at once."""
import numpy as np

HOP, LEN, DELAY, BINS = 160, 512, 64, 257          # audio/stft
SPAN = HOP + DELAY
CENTRES = np.array([1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31, 34, 37, 40, 44, 48, 53, 58, 64, 71, 79,
                    88, 98, 110, 124, 140, 158, 178, 200, 224, 251])
BANDS = len(CENTRES)
EDGES = [3, 16, 32, 48, 64, 96, 128]
GROUPS = list(zip(EDGES, EDGES[1:]))
RAW = BANDS + 8 + len(GROUPS)                      # numbers before floors are tracked
INPUTS = RAW + BANDS
FAINT = 1e-7
DROP, CLIMB, CRAWL = .15, .05, .012


def windows():
    """Analysis window, and the product of analysis and synthesis over the newest SPAN samples."""
    i = np.arange(LEN)
    rise = np.sin(np.pi/2*(i + .5)/(LEN - DELAY))
    fall = np.cos(np.pi/2*(i - (LEN - DELAY) + .5)/DELAY)
    j = np.arange(SPAN)
    fade_in, fade_out = (np.pi/2*(k + .5)/DELAY for k in (j, j - HOP))
    overlap = np.where(j < DELAY, np.sin(fade_in)**2, np.where(j < HOP, 1, np.cos(fade_out)**2))
    return np.where(i < LEN - DELAY, rise, fall), overlap


ANALYSIS, OVERLAP = windows()


def triangles():
    """Shares of each bin's power in each band; a bin lies between two bands."""
    at = np.interp(np.arange(BINS), CENTRES, np.arange(BANDS))
    return np.maximum(0, 1 - np.abs(at[None] - np.arange(BANDS)[:, None]))


SHARES = triangles()
MEANS = (SHARES/SHARES.sum(1, keepdims=True)).astype(np.float32)


def frames(x):
    """The newest LEN samples at every hop."""
    n = len(x)//HOP*HOP
    padded = np.concatenate([np.zeros(LEN - HOP, np.float32), x[:n].astype(np.float32)])
    return np.lib.stride_tricks.sliding_window_view(padded, LEN)[::HOP]


def power(x):
    return np.abs(np.fft.rfft(frames(x)*ANALYSIS.astype(np.float32), axis=1)).astype(np.float32)**2


def newest_power(x):
    """The power spectrum of the samples that the synthesis uses: it knows when a blow is over."""
    return np.abs(np.fft.rfft(frames(x)[:, -SPAN:]*np.sqrt(OVERLAP).astype(np.float32), LEN, axis=1)).astype(np.float32)**2


def raw(p, x):
    """Log powers of bands, of quarters of hops and of their differences, and flatness: (hops, RAW)."""
    n = len(p)*HOP
    parts = [(v.reshape(-1, 4, HOP//4)**2).sum(2) for v in (x[:n], np.diff(x[:n], prepend=0))]
    logs = np.log2(p + FAINT)
    flat = [np.log2(p[:, a:b].mean(1) + FAINT) - logs[:, a:b].mean(1) for a, b in GROUPS]
    return np.concatenate([np.log2(p @ MEANS.T + FAINT), *(np.log2(e + FAINT) for e in parts), np.stack(flat, 1)], 1)


def floors(bands):
    """The slow floor of each band's log power; bands is (clips, hops, BANDS)."""
    f, out = bands[:, 0].copy(), np.empty_like(bands)
    for t in range(bands.shape[1]):
        d = bands[:, t] - f
        f = f + np.where(d < 0, DROP*d, np.minimum(CRAWL, CLIMB*d))
        out[:, t] = f
    return out


def inputs(r):
    """(clips, hops, RAW) -> (clips, hops, INPUTS)."""
    bands = r[..., :BANDS]
    return np.concatenate([bands, bands - floors(bands), r[..., BANDS:]], -1).astype(np.float32)
