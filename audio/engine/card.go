package engine

import (
	"fmt"
	"time"

	"opendeskphone/audio"
	"opendeskphone/audio/resample"
)

// card moves frames to and from a Device: other rate, other number format.
type card struct {
	Device
	mic, spk     []int16
	micIn, spkIn []float32 // at the device's rate and at ours
	micOut       []float32
	spkOut       []float32
	up, down     *resample.Resampler // nil when the device runs at our rate
}

func newCard(d Device) (*card, error) {
	rate := d.Rate()
	if rate < 8000 || rate > 192000 || rate%100 != 0 {
		return nil, fmt.Errorf("engine: sound card runs at %d Hz", rate)
	}
	n := rate / 100
	c := &card{Device: d, mic: make([]int16, n), spk: make([]int16, n), micIn: make([]float32, n), spkIn: make([]float32, audio.FrameLen)}
	if rate != audio.Rate {
		c.up, c.down = resample.New(rate, audio.Rate), resample.New(audio.Rate, rate)
		c.micOut, c.spkOut = make([]float32, 0, c.up.Max(n)), make([]float32, 0, c.down.Max(audio.FrameLen))
	}
	return c, nil
}

// exchange gives the device spk and fills mic from it.
func (c *card) exchange(mic, spk *audio.Frame) error {
	copy(c.spkIn, spk[:])
	out := c.spkIn
	if c.down != nil {
		out = c.down.Process(c.spkOut[:0], out)
	}
	toInt(c.spk, out)
	if err := c.Exchange(c.mic, c.spk); err != nil {
		return err
	}
	toFloat(c.micIn, c.mic)
	in := c.micIn
	if c.up != nil {
		in = c.up.Process(c.micOut[:0], in)
	}
	clear(mic[copy(mic[:], in):])
	return nil
}

// toInt rounds to 16 bits; what does not fit is clipped, what is missing is silence.
func toInt(dst []int16, src []float32) {
	n := min(len(dst), len(src))
	for i, v := range src[:n] {
		switch s := v * 32768; {
		case s >= 32767:
			dst[i] = 32767
		case s >= 0:
			dst[i] = int16(s + 0.5)
		case s > -32768:
			dst[i] = int16(s - 0.5)
		default:
			dst[i] = -32768
		}
	}
	clear(dst[n:])
}

func toFloat(dst []float32, src []int16) {
	for i, v := range src {
		dst[i] = float32(v) * (1.0 / 32768)
	}
}

// pacer is the Device of a phone without a sound card: silence at the pace of the system's clock.
type pacer struct {
	next  time.Time
	sleep func(time.Duration)
}

func (*pacer) Rate() int    { return audio.Rate }
func (*pacer) Close() error { return nil }

func (p *pacer) Exchange(mic, _ []int16) error {
	const frame = 10 * time.Millisecond
	now := time.Now()
	if p.next.Before(now.Add(-10 * frame)) { // first call, or the machine slept: do not catch up by a burst
		p.next = now
	}
	p.next = p.next.Add(frame)
	p.sleep(p.next.Sub(now))
	clear(mic)
	return nil
}
