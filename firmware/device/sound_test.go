package device

import (
	"context"
	"log/slog"
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"opendeskphone/audio"
	"opendeskphone/audio/engine"
	"opendeskphone/firmware/phone"
	"opendeskphone/firmware/settings"
)

// outlet is a sound card with a mixer behind it: it plays a frame 20 ms after it got it, on the path the mixer is set to
// then, and notes the loudest sample of each path.
type outlet struct {
	mu      sync.Mutex
	path    string
	waiting [][]int16
	loudest map[string]float64
	next    time.Time
}

func (*outlet) Rate() int    { return audio.Rate }
func (*outlet) Close() error { return nil }

func (o *outlet) Exchange(mic, spk []int16) error {
	clear(mic)
	if o.next.IsZero() {
		o.next = time.Now()
	}
	o.next = o.next.Add(10 * time.Millisecond)
	time.Sleep(time.Until(o.next))
	o.mu.Lock()
	defer o.mu.Unlock()
	o.waiting = append(o.waiting, append([]int16(nil), spk...))
	if len(o.waiting) > 2 {
		for _, v := range o.waiting[0] {
			o.loudest[o.path] = max(o.loudest[o.path], math.Abs(float64(v))/32768)
		}
		o.waiting = o.waiting[1:]
	}
	return nil
}

// SetPath implements hal.Mixer.
func (o *outlet) SetPath(path string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.path = path
	return nil
}

// take gives the loudest sample of a path since the last time.
func (o *outlet) take(path string) float64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	defer delete(o.loudest, path)
	return o.loudest[path]
}

// Neither the ring nor a tone that was loud on one path is ever heard on another: not when a call is answered while it
// rings, not when a loud dial tone is taken into the ear, and not when the user goes to and fro faster than the mixer.
func TestNothingBurstsOutOfAPath(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := &outlet{loudest: map[string]float64{}}
		e := engine.New(engine.Default(), func() (engine.Device, error) { return out, nil }, nil, slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- e.Run(ctx) }()
		s := &sounder{engine: e, mixer: out, voices: newVoices(nil, nil, nil, nil, nil, nil, nil, nil)}
		s.configure(settings.Sound{Country: "us"})
		set := func(lasts time.Duration, sound phone.Sound) {
			s.Set(sound)
			time.Sleep(lasts)
		}
		set(4*time.Second, phone.Sound{Path: phone.Speaker, RingVolume: 15, Ring: true})
		if out.take("speaker") < 0.3 {
			t.Fatal("no ring is heard")
		}
		set(time.Second, phone.Sound{Path: phone.Handset, Volume: 10})
		if l := out.take("handset"); l > 1e-3 {
			t.Errorf("answered: the ring bursts into the ear with %.3f", l)
		}
		out.take("speaker")
		set(2*time.Second, phone.Sound{Path: phone.Speaker, Volume: 15, Tone: phone.DialTone})
		loud := out.take("speaker")
		set(time.Second, phone.Sound{Path: phone.Handset, Volume: 4, Tone: phone.DialTone})
		soft := out.take("handset")
		if want := 0.2 * float64(audio.Gain(-18)); loud < 0.9 || soft > 1.1*want || soft < want/2 {
			t.Errorf("the dial tone has %.3f on the speaker and %.4f in the ear, want %.4f", loud, soft, want)
		}
		for i := range 20 {
			path, volume := phone.Path(phone.Handset), uint8(4)
			if i%2 == 1 {
				path, volume = phone.Speaker, 15
			}
			set(time.Duration(7*i%60)*time.Millisecond, phone.Sound{Path: path, Volume: volume, Tone: phone.DialTone})
		}
		set(time.Second, phone.Sound{Path: phone.Handset, Volume: 4, Tone: phone.DialTone})
		if l := out.take("handset"); l > 1.1*soft {
			t.Errorf("to and fro: %.3f in the ear, want %.3f", l, soft)
		}
		cancel()
		<-done
	})
}
