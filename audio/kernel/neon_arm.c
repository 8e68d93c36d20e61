//go:build cgo && arm.7

// The kernels for the vector unit. Every sum is in the order in which the Go code has it, and products are rounded before
// they are added (VMLA does, VFMA would not): the results are the same.

#include <arm_neon.h>
#include <string.h>
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

// pair is eight floats, which one instruction loads or stores, and moves the pointer behind them; the compiler takes four.
typedef float32x4x2_t pair;
typedef const float eight[8];

static inline pair take(const float **p) {
	pair v;
	__asm__("vld1.32 %h0, [%1]!" : "=w"(v), "+r"(*p) : "m"(*(eight *)*p));
	return v;
}

// load4 and store4 do so with four.
static inline v4 load4(const float **p) {
	v4 v;
	__asm__("vld1.32 %h0, [%1]!" : "=w"(v), "+r"(*p) : "m"(*(const float(*)[4])*p));
	return v;
}

static inline void store4(float **p, v4 v) { __asm__("vst1.32 %h2, [%0]!" : "+r"(*p), "=m"(*(float(*)[4])*p) : "w"(v)); }

static inline void give(float **p, pair v) {
	__asm__("vst1.32 %h2, [%0]!" : "+r"(*p), "=m"(*(float(*)[8])*p) : "w"(v));
}

// butterfly is the sums and differences of radix 4.
typedef struct { v4 r[4], i[4]; } butterfly;

static inline butterfly radix4(v4 ar, v4 ai, v4 br, v4 bi, v4 cr, v4 ci, v4 dr, v4 di) {
	v4 sr = add(ar, cr), si = add(ai, ci), tr = sub(ar, cr), ti = sub(ai, ci);
	v4 ur = add(br, dr), ui = add(bi, di), vr = sub(br, dr), vi = sub(bi, di);
	return (butterfly){{add(sr, ur), add(tr, vi), sub(sr, ur), sub(tr, vi)}, {add(si, ui), sub(ti, vr), sub(si, ui), add(ti, vr)}};
}

static inline butterfly of_pairs(pair a, pair b, pair c, pair d) {
	return radix4(a.val[0], a.val[1], b.val[0], b.val[1], c.val[0], c.val[1], d.val[0], d.val[1]);
}

// first leaves sixteen real parts and sixteen imaginary ones in turn.
static const float *first(int m, const float *w, const float *x, float *y) {
	for (int p = 0; p < m / 4; p += 4, x += 8, y += 32) {
		butterfly f = of_pairs(vld2q_f32(x), vld2q_f32(x + m / 2), vld2q_f32(x + m), vld2q_f32(x + m / 2 * 3));
		for (int k = 1; k < 4; k++) {
			pair t = take(&w);
			v4 r = f.r[k], i = f.i[k];
			f.r[k] = minus(mul(r, t.val[0]), i, t.val[1]);
			f.i[k] = plus(mul(r, t.val[1]), i, t.val[0]);
		}
		vst4q_f32(y, ((float32x4x4_t){{f.r[0], f.r[1], f.r[2], f.r[3]}}));
		vst4q_f32(y + 16, ((float32x4x4_t){{f.i[0], f.i[1], f.i[2], f.i[3]}}));
	}
	return w;
}

// turn multiplies output k by a twiddle, the same for all.
static inline void turn(butterfly *b, int k, float32x2_t w) {
	v4 r = b->r[k], i = b->i[k];
	b->r[k] = vmlsq_lane_f32(vmulq_lane_f32(r, w, 0), i, w, 1);
	b->i[k] = vmlaq_lane_f32(vmulq_lane_f32(r, w, 1), i, w, 0);
}

static inline void turns(butterfly *b, const float *w) {
	for (int k = 1; k < 4; k++)
		turn(b, k, vld1_f32(w + 2 * k - 2));
}

// second is the pass of stride 4: it finds what first left. From now on four real parts and four imaginary ones are in turn.
static const float *second(int m, const float *w, const float *x, float *y) {
	for (int p = 0; p < m / 16; p += 4, x += 16)
		for (int q = 0; q < 4; q++, w += 6, x += 4) {
			const float *i = x + 16;
			butterfly f = radix4(load(x), load(i), load(x + m / 2), load(i + m / 2), load(x + m), load(i + m), load(x + m / 2 * 3), load(i + m / 2 * 3));
			turns(&f, w);
			for (int k = 0; k < 4; k++)
				give(&y, (pair){{f.r[k], f.i[k]}});
		}
	return w;
}

// pass is one of a longer stride s.
static const float *pass(int m, int s, const float *w, const float *a, float *y) {
	const float *b = a + m / 2, *c = b + m / 2, *d = c + m / 2;
	for (int p = 0; p < m / 4; p += s, w += 6, y += 6 * s) {
		float *y1 = y + 2 * s, *y2 = y1 + 2 * s, *y3 = y2 + 2 * s;
		for (int q = 0; q < s; q += 4) {
			butterfly f = of_pairs(take(&a), take(&b), take(&c), take(&d));
			turns(&f, w);
			give(&y, (pair){{f.r[0], f.i[0]}}), give(&y1, (pair){{f.r[1], f.i[1]}}), give(&y2, (pair){{f.r[2], f.i[2]}}), give(&y3, (pair){{f.r[3], f.i[3]}});
		}
	}
	return w;
}

// most transforms pairs but for the last pass, and gives the part of the scratch in which the result is.
static const float *most(int m, const float *w, const float *x, float *scratch) {
	float *y = scratch, *z = scratch + 2 * m;
	w = first(m, w, x, y);
	w = second(m, w, y, z);
	for (int s = 16; s < m / 4; s *= 4) {
		w = pass(m, s, w, z, y);
		float *t = y;
		y = z, z = t;
	}
	return z;
}

void odp_forward(int m, const float *w, const float *cos, const float *sin, float *scratch, float *re, float *im, const float *x) {
	const float *a = most(m, w, x, scratch), *b = a + m / 2, *c = b + m / 2, *d = c + m / 2;
	float *zr = a == scratch ? scratch + 2 * m : scratch, *zi = zr + m;
	for (int q = 0, n = m / 4; q < n; q += 4) {
		butterfly f = of_pairs(take(&a), take(&b), take(&c), take(&d));
		for (int k = 0; k < 4; k++)
			store(zr + q + k * n, f.r[k]), store(zi + q + k * n, f.i[k]);
	}
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
	const float *a = most(m, w, x, scratch), *b = a + m / 2, *c = b + m / 2, *d = c + m / 2;
	for (int q = 0; q < m / 4; q += 4, x += 8) {
		butterfly f = of_pairs(take(&a), take(&b), take(&c), take(&d));
		for (int k = 0; k < 4; k++)
			vst2q_f32(x + k * (m / 2), ((float32x4x2_t){{f.i[k], f.r[k]}}));
	}
}

void odp_cut(int m, const float *w, const float *cos, const float *sin, float *scratch, float *re, float *im, float *x, int n) {
	odp_inverse(m, w, cos, sin, scratch, x, re, im);
	memset(x + n, 0, (2 * m - n) * sizeof *x);
	odp_forward(m, w, cos, sin, scratch, re, im, x);
}

void odp_expect(int n, float *yr, float *yi, float *doubt, const float *x, const float *w, const int *at, int parts) {
	for (; parts > 0; parts--, at++, w += 3 * n) {
		const float *ar = x + *at, *ai = ar + n, *power = ai + n, *wr = w, *wi = w + n, *v = wi + n;
		for (int k = 0; k < n; k += 8) {
			pair a = take(&ar), b = take(&ai), c = take(&wr), d = take(&wi), e = take(&power), f = take(&v);
			for (int h = 0; h < 2; h++) {
				int l = k + 4 * h;
				store(yr + l, minus(plus(load(yr + l), a.val[h], c.val[h]), b.val[h], d.val[h]));
				store(yi + l, plus(plus(load(yi + l), a.val[h], d.val[h]), b.val[h], c.val[h]));
				store(doubt + l, plus(load(doubt + l), e.val[h], f.val[h]));
			}
		}
	}
}

void odp_learn(int n, float *w, const float *x, const int *at, int parts, const float *er, const float *ei, const float *step, float share, float fade) {
	v4 one = vdupq_n_f32(1), by = vdupq_n_f32(share), grow = vdupq_n_f32(fade);
	for (; parts > 0; parts--, at++, w += 2 * n) {
		const float *ar = x + *at, *ai = ar + n, *power = ai + n, *s = step, *e = er, *f = ei;
		for (float *wi = w + n, *wv = wi + n, *end = wi; w < end;) {
			v4 v = load(wv), mu = mul(v, load4(&s)), a = load4(&ar), b = load4(&ai), c = load4(&e), d = load4(&f);
			v4 r = plus(load(w), mu, plus(mul(a, c), b, d)), i = plus(load(wi), mu, minus(mul(a, d), b, c));
			v = mul(v, minus(one, mul(by, mu), load4(&power)));
			store4(&w, r), store4(&wi, i), store4(&wv, plus(v, grow, plus(mul(r, r), i, i)));
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
	for (int o = 0; o < n; o += 8) {
		v4 a = load(bias + o), b = load(bias + o + 4);
		for (int i = 0; i < columns; i += 2) {
			float32x2_t v = vld1_f32(x + i);
			pair c = take(&w), d = take(&w);
			a = vmlaq_lane_f32(a, c.val[0], v, 0), b = vmlaq_lane_f32(b, c.val[1], v, 0);
			a = vmlaq_lane_f32(a, d.val[0], v, 1), b = vmlaq_lane_f32(b, d.val[1], v, 1);
		}
		store(y + o, a), store(y + o + 4, b);
	}
}
