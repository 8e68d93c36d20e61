package send

import (
	"math/rand/v2"
	"testing"

	"opendeskphone/audio"
)

func BenchmarkCleaner(b *testing.B) {
	c := NewCleaner(true)
	r := rand.New(rand.NewPCG(1, 1))
	var mic, far [100]audio.Frame
	for i := range mic {
		for j := range mic[i] {
			far[i][j] = r.Float32()*.2 - .1
			mic[i][j] = far[i][j] * .5
		}
	}
	for i := 0; b.Loop(); i++ {
		m := mic[i%100]
		c.Process(&m, &far[i%100])
	}
}
