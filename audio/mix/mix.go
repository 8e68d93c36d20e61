// Package mix brings several parties together: each hears all the others and not itself.
package mix

import "opendeskphone/audio"

// MaxParties is the largest number of parties of Minus.
const MaxParties = 16

// Minus writes to out[i] the sum of all in but in[i]. in and out have the same length and may be the same frames.
func Minus(out, in []*audio.Frame) {}

// Limiter keeps a frame within full scale without the harshness of clipping.
type Limiter struct{}

// Process limits in place.
func (l *Limiter) Process(f *audio.Frame) {}
