// Package plc makes up speech for lost packets of codecs that have no concealment of their own, in
// the manner of ITU-T G.711 Appendix I: the last pitch periods are repeated and fade out.
package plc

// Concealer hides gaps in one stream of samples of one rate.
type Concealer struct{}

// New makes a concealer for a sample rate of 8000 to 48000 Hz.
func New(rate int) *Concealer { return &Concealer{} }

// Good takes in 10 ms or more of received samples, and after a gap cross-fades into them in place.
func (c *Concealer) Good(x []float32) {}

// Conceal fills x with made-up samples.
func (c *Concealer) Conceal(x []float32) {}
