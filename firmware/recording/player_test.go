package recording

import (
	"context"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"opendeskphone/audio"
	"opendeskphone/audio/wav"
	"opendeskphone/firmware/phone"
)

func noMessages(context.Context, string) (*wav.Clip, bool, error) { return nil, false, nil }

// heard pulls so much from the player and gives the amplitudes of what the two sides hum.
func heard(p *Player, d time.Duration) (own, far float64) {
	var all []float64
	for range d / (10 * time.Millisecond) {
		var f audio.Frame
		p.Pull(&f)
		for _, v := range f[:480] {
			all = append(all, float64(v))
		}
		time.Sleep(10 * time.Millisecond)
	}
	return amplitude(all, 440.0/3), amplitude(all, 1000.0/3) // amplitude counts in samples of 16 kHz
}

func TestARecordingIsHeardAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, t.TempDir(), -1)
		b.Exec(phone.StartRecording{No: 1})
		b.talk(3 * time.Second)
		b.Exec(phone.StopRecording{})
		synctest.Wait()
		var posted []phone.Event
		p := NewPlayer(b.shelves, noMessages, func(e phone.Event) { posted = append(posted, e) }, slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- p.Run(ctx) }()
		id := b.shelves.Items()[0].ID
		p.Exec(phone.StartPlaying{No: 1, ID: id})
		synctest.Wait()
		heard(p, 200*time.Millisecond)
		if own, far := heard(p, 2*time.Second); math.Abs(own-0.25) > 0.01 || math.Abs(far-0.25) > 0.01 {
			t.Errorf("heard us with %.3f and them with %.3f", own, far)
		}
		if len(posted) > 0 {
			t.Error("it ended before its end")
		}
		heard(p, time.Second)
		synctest.Wait()
		if len(posted) != 1 || posted[0] != (phone.Played{No: 1}) {
			t.Errorf("told %v", posted)
		}
		p.Exec(phone.StartPlaying{No: 2, ID: id})
		synctest.Wait()
		heard(p, 300*time.Millisecond)
		p.Exec(phone.EndPlaying{})
		if own, far := heard(p, time.Second); own+far > 1e-6 {
			t.Errorf("ended, and heard with %.3f and %.3f", own, far)
		}
		p.Exec(phone.StartPlaying{No: 3, ID: "../" + id}) // not by another way
		p.Exec(phone.StartPlaying{No: 4, ID: "nothing.wav"})
		synctest.Wait()
		if last := posted[len(posted)-1]; last != (phone.Played{No: 4}) {
			t.Errorf("told %v", posted)
		}
		cancel()
		<-done
	})
}

func TestPullDoesNotAllocate(t *testing.T) {
	p := NewPlayer(nil, nil, nil, nil)
	s := &supply{}
	s.head.Store(ready)
	p.store.Store(s)
	var f audio.Frame
	if n := testing.AllocsPerRun(100, func() { p.Pull(&f) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// a file that somebody else wrote is played as far as it goes.
func FuzzPlay(f *testing.F) {
	f.Add([]byte("RIFF"))
	f.Add(append(header(8), 1, 2, 3, 4, 5))
	f.Fuzz(func(t *testing.T, doc []byte) {
		synctest.Test(t, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "x.wav"), doc, 0o600); err != nil {
				t.Fatal(err)
			}
			p := NewPlayer(open(dir), noMessages, nil, slog.New(slog.DiscardHandler))
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan bool)
			go func() { _, over := p.play(ctx, phone.StartPlaying{No: 1, ID: "x.wav"}); done <- over }()
			heard(p, 100*time.Millisecond)
			for range len(doc)/(rate/100*block) + 2 {
				heard(p, 10*time.Millisecond)
			}
			heard(p, 2*pace)
			synctest.Wait()
			cancel()
			if !<-done {
				t.Error("it does not end")
			}
		})
	})
}

// a voice message is fetched, heard as it was said whatever its rate, paused, and skipped through.
func TestAMessageIsHeard(t *testing.T) {
	for _, rate := range []int{8000, 11025, 16000, 44100, 48000} {
		synctest.Test(t, func(t *testing.T) {
			clip := &wav.Clip{Rate: rate, Samples: make([]int16, 3*rate)}
			for i := range clip.Samples {
				hz := 440.0
				if i >= 2*rate {
					hz = 1000
				}
				clip.Samples[i] = int16(8192 * math.Sin(2*math.Pi*hz*float64(i)/float64(rate)))
			}
			var posted []phone.Event
			p := NewPlayer(nil, func(ctx context.Context, id string) (*wav.Clip, bool, error) {
				if id == "slow" {
					<-ctx.Done()
				}
				return clip, true, ctx.Err()
			}, func(e phone.Event) { posted = append(posted, e) }, slog.New(slog.DiscardHandler))
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error)
			go func() { done <- p.Run(ctx) }()
			p.Exec(phone.StartPlaying{No: 1, ID: "slow"})
			synctest.Wait()
			if _, ok := p.Place(); ok {
				t.Error("it plays what is not here yet")
			}
			p.Exec(phone.StartPlaying{No: 2, ID: "m"})
			synctest.Wait()
			heard(p, 200*time.Millisecond)
			if low, high := heard(p, time.Second); math.Abs(low-0.25) > 0.01 || high > 0.01 {
				t.Errorf("%d Hz: heard with %.3f and %.3f", rate, low, high)
			}
			if at, _ := p.Place(); at.ID != "m" || at.At != 1200*time.Millisecond || at.Lasts != 3*time.Second || len(at.Peaks) != peaks {
				t.Errorf("at %v of %v", at.At, at.Lasts)
			}
			p.Exec(phone.HoldPlaying{On: true})
			if low, high := heard(p, time.Second); low+high > 1e-6 {
				t.Errorf("paused, and heard with %.3f and %.3f", low, high)
			}
			p.Exec(phone.MovePlaying{To: 2 * time.Second})
			p.Exec(phone.HoldPlaying{})
			synctest.Wait()
			heard(p, 100*time.Millisecond)
			if low, high := heard(p, 800*time.Millisecond); low > 0.01 || math.Abs(high-0.25) > 0.01 {
				t.Errorf("%d Hz: skipped, and heard with %.3f and %.3f", rate, low, high)
			}
			heard(p, 300*time.Millisecond)
			synctest.Wait()
			if _, ok := p.Place(); ok || len(posted) != 1 || posted[0] != (phone.Played{No: 2}) {
				t.Errorf("told %v", posted)
			}
			cancel()
			<-done
		})
	}
}
