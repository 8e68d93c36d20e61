// What neon_arm.c offers to neon_arm.go; kernel.go says what each does.
int odp_has_neon(void);
void odp_forward(int m, const float *w, const float *cos, const float *sin, float *scratch, float *re, float *im, const float *x);
void odp_inverse(int m, const float *w, const float *cos, const float *sin, float *scratch, float *x, const float *re, const float *im);
void odp_cut(int m, const float *w, const float *cos, const float *sin, float *scratch, float *re, float *im, float *x, int n);
void odp_expect(int n, float *yr, float *yi, float *doubt, const float *x, const float *w, const int *at, int parts);
void odp_learn(int n, float *w, const float *x, const int *at, int parts, const float *er, const float *ei, const float *step, float share, float fade);
void odp_fir(int n, float *y, const float *x, const float *h, int taps);
void odp_layer(int n, float *y, const float *w, const float *bias, const float *x, int columns);
