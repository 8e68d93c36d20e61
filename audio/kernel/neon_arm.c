//go:build cgo && arm.7

// The kernels for the vector unit. Every sum is in the order in which the Go code has it, and products are rounded before
// they are added (VMLA does, VFMA would not): the results are the same.

#include <arm_neon.h>
#include <sys/auxv.h>
#include "neon_arm.h"

// odp_has_neon asks the kernel: ARMv7 processors may lack the vector unit.
int odp_has_neon(void) { return (getauxval(AT_HWCAP) & 1 << 12) != 0; }

typedef float32x4_t v4;

static inline v4 load(const float *p) { return vld1q_f32(p); }
static inline void store(float *p, v4 v) { vst1q_f32(p, v); }
static inline v4 add(v4 a, v4 b) { return vaddq_f32(a, b); }
static inline v4 sub(v4 a, v4 b) { return vsubq_f32(a, b); }
static inline v4 mul(v4 a, v4 b) { return vmulq_f32(a, b); }
static inline v4 plus(v4 s, v4 a, v4 b) { return vmlaq_f32(s, a, b); }  // s + a·b
static inline v4 minus(v4 s, v4 a, v4 b) { return vmlsq_f32(s, a, b); } // s - a·b

static inline v4 reverse(v4 v) {
	v = vrev64q_f32(v);
	return vcombine_f32(vget_high_f32(v), vget_low_f32(v));
}

// butterfly is the sums and differences of radix 4.
typedef struct { v4 r[4], i[4]; } butterfly;

static inline butterfly radix4(v4 ar, v4 ai, v4 br, v4 bi, v4 cr, v4 ci, v4 dr, v4 di) {
	v4 sr = add(ar, cr), si = add(ai, ci), tr = sub(ar, cr), ti = sub(ai, ci);
	v4 ur = add(br, dr), ui = add(bi, di), vr = sub(br, dr), vi = sub(bi, di);
	return (butterfly){{add(sr, ur), add(tr, vi), sub(sr, ur), sub(tr, vi)}, {add(si, ui), sub(ti, vr), sub(si, ui), add(ti, vr)}};
}

// turn multiplies output k by its twiddle.
static inline void turn(butterfly *b, int k, v4 wr, v4 wi) {
	v4 r = b->r[k], i = b->i[k];
	b->r[k] = minus(mul(r, wr), i, wi);
	b->i[k] = plus(mul(r, wi), i, wr);
}

static const float *first(int m, const float *w, const float *x, float *yr, float *yi) {
	int n = m / 4;
	for (int p = 0; p < n; p += 4, w += 24, x += 8, yr += 16, yi += 16) {
		float32x4x2_t a = vld2q_f32(x), b = vld2q_f32(x + 2 * n), c = vld2q_f32(x + 4 * n), d = vld2q_f32(x + 6 * n);
		butterfly f = radix4(a.val[0], a.val[1], b.val[0], b.val[1], c.val[0], c.val[1], d.val[0], d.val[1]);
		for (int k = 1; k < 4; k++)
			turn(&f, k, load(w + 8 * k - 8), load(w + 8 * k - 4));
		vst4q_f32(yr, ((float32x4x4_t){{f.r[0], f.r[1], f.r[2], f.r[3]}}));
		vst4q_f32(yi, ((float32x4x4_t){{f.i[0], f.i[1], f.i[2], f.i[3]}}));
	}
	return w;
}

static inline butterfly four(int n, const float *xr, const float *xi) {
	return radix4(load(xr), load(xi), load(xr + n), load(xi + n), load(xr + 2 * n), load(xi + 2 * n), load(xr + 3 * n), load(xi + 3 * n));
}

static inline void put(const butterfly *f, int s, float *yr, float *yi) {
	for (int k = 0; k < 4; k++) {
		store(yr + k * s, f->r[k]);
		store(yi + k * s, f->i[k]);
	}
}

static const float *pass(int m, int s, const float *w, const float *xr, const float *xi, float *yr, float *yi) {
	int n = m / 4;
	for (int p = 0; p < n; p += s, w += 6, yr += 3 * s, yi += 3 * s)
		for (int q = 0; q < s; q += 4, xr += 4, xi += 4, yr += 4, yi += 4) {
			butterfly f = four(n, xr, xi);
			for (int k = 1; k < 4; k++)
				turn(&f, k, vdupq_n_f32(w[2 * k - 2]), vdupq_n_f32(w[2 * k - 1]));
			put(&f, s, yr, yi);
		}
	return w;
}

// complex transforms pairs; the result is in the second half of the scratch if the number of passes is even.
static const float *complex(int m, const float *w, const float *x, float *scratch) {
	float *y = scratch, *z = scratch + 2 * m;
	w = first(m, w, x, y, y + m);
	for (int s = 4; s < m / 4; s *= 4) {
		w = pass(m, s, w, y, y + m, z, z + m);
		float *t = y;
		y = z, z = t;
	}
	for (int q = 0, n = m / 4; q < n; q += 4) {
		butterfly f = four(n, y + q, y + m + q);
		put(&f, n, z + q, z + m + q);
	}
	return z;
}

void odp_forward(int m, const float *w, const float *cos, const float *sin, float *scratch, float *re, float *im, const float *x) {
	const float *zr = complex(m, w, x, scratch), *zi = zr + m;
	v4 half = vdupq_n_f32(0.5f);
	re[0] = zr[0] + zi[0], re[m] = zr[0] - zi[0], im[0] = im[m] = 0;
	for (int k = 1, l = m - 4; k <= m / 2; k += 4, l -= 4) {
		v4 ar = load(zr + k), ai = load(zi + k), br = reverse(load(zr + l)), bi = reverse(load(zi + l));
		v4 er = mul(add(ar, br), half), ei = mul(sub(ai, bi), half), or = add(ai, bi), oi = sub(br, ar);
		v4 c = load(cos + k - 1), s = load(sin + k - 1);
		v4 tr = plus(mul(or, c), oi, s), ti = minus(mul(oi, c), or, s);
		store(re + k, add(er, tr)), store(im + k, add(ei, ti));
		store(re + l, reverse(sub(er, tr))), store(im + l, reverse(sub(ti, ei)));
	}
}

void odp_inverse(int m, const float *w, const float *cos, const float *sin, float *scratch, float *x, const float *re, const float *im) {
	float one = 1 / (float)m;
	v4 scale = vdupq_n_f32(one), half = vdupq_n_f32(one * 0.5f);
	x[1] = (re[0] + re[m]) * (one * 0.5f), x[0] = (re[0] - re[m]) * (one * 0.5f);
	for (int k = 1, l = m - 4; k <= m / 2; k += 4, l -= 4) {
		v4 ar = load(re + k), ai = load(im + k), br = reverse(load(re + l)), bi = reverse(load(im + l));
		v4 er = mul(add(ar, br), half), ei = mul(sub(ai, bi), half), tr = mul(sub(ar, br), scale), ti = mul(add(ai, bi), scale);
		v4 c = load(cos + k - 1), s = load(sin + k - 1);
		v4 or = minus(mul(tr, c), ti, s), oi = plus(mul(ti, c), tr, s);
		vst2q_f32(x + 2 * k, ((float32x4x2_t){{add(ei, or), sub(er, oi)}}));
		vst2q_f32(x + 2 * l, ((float32x4x2_t){{reverse(sub(or, ei)), reverse(add(er, oi))}}));
	}
	const float *zr = complex(m, w, x, scratch), *zi = zr + m;
	for (int i = 0; i < m; i += 4)
		vst2q_f32(x + 2 * i, ((float32x4x2_t){{load(zi + i), load(zr + i)}}));
}

void odp_expect(int n, float *yr, float *yi, float *doubt, const float *x, const float *w, const int *at, int parts) {
	for (; parts > 0; parts--, at++, w += 2 * n) {
		const float *xr = x + *at;
		for (int k = 0; k < n; k += 4, xr += 4, w += 4) {
			v4 a = load(xr), b = load(xr + n), c = load(w), d = load(w + n);
			store(yr + k, minus(plus(load(yr + k), a, c), b, d));
			store(yi + k, plus(plus(load(yi + k), a, d), b, c));
			store(doubt + k, plus(load(doubt + k), load(xr + 2 * n), load(w + 2 * n)));
		}
	}
}

void odp_learn(int n, float *w, const float *x, const int *at, int parts, const float *er, const float *ei, const float *step, float share, float fade) {
	v4 one = vdupq_n_f32(1), by = vdupq_n_f32(share), grow = vdupq_n_f32(fade);
	for (; parts > 0; parts--, at++, w += 2 * n) {
		const float *xr = x + *at;
		for (int k = 0; k < n; k += 4, xr += 4, w += 4) {
			v4 v = load(w + 2 * n), mu = mul(v, load(step + k)), a = load(xr), b = load(xr + n), c = load(er + k), d = load(ei + k);
			v4 r = plus(load(w), mu, plus(mul(a, c), b, d)), i = plus(load(w + n), mu, minus(mul(a, d), b, c));
			store(w, r), store(w + n, i);
			v = mul(v, minus(one, mul(by, mu), load(xr + 2 * n)));
			store(w + 2 * n, plus(v, grow, plus(mul(r, r), i, i)));
		}
	}
}

void odp_fir(int n, float *y, const float *x, const float *h, int taps) {
	for (int i = 0; i < n; i += 8) {
		v4 a = vdupq_n_f32(0), b = a;
		const float *p = x + i;
		for (int j = 0; j < taps; j += 2, p += 2) {
			float32x2_t c = vld1_f32(h + j);
			a = vmlaq_lane_f32(a, load(p), c, 0), b = vmlaq_lane_f32(b, load(p + 4), c, 0);
			a = vmlaq_lane_f32(a, load(p + 1), c, 1), b = vmlaq_lane_f32(b, load(p + 5), c, 1);
		}
		store(y + i, a), store(y + i + 4, b);
	}
}

void odp_layer(int n, float *y, const float *w, const float *bias, const float *x, int columns) {
	for (int o = 0; o < n; o += 4) {
		v4 s = load(bias + o);
		for (int i = 0; i < columns; i += 4, w += 16) {
			v4 v = load(x + i);
			s = vmlaq_lane_f32(s, load(w), vget_low_f32(v), 0);
			s = vmlaq_lane_f32(s, load(w + 4), vget_low_f32(v), 1);
			s = vmlaq_lane_f32(s, load(w + 8), vget_high_f32(v), 0);
			s = vmlaq_lane_f32(s, load(w + 12), vget_high_f32(v), 1);
		}
		store(y + o, s);
	}
}
