package corpus

// TalkSeconds is the length of what Talk gives.
const TalkSeconds = 16

// Talk is a spell of clean speech at -19 dBm0 by some talkers, to be sent over a network.
func (t Talkers) Talk(seed, number int) []float64 {
	r := draw("talk "+string(rune('a'+number)), seed)
	return leveled(speech(r, TalkSeconds, .3, 1, t.some(r, 3)...), -19)
}
