package exchange

import (
	"context"
	"encoding/binary"
	"log/slog"
	"math"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/tools/sim/simphone"
)

// bench is an exchange with a phone 100 registered on it.
type bench struct {
	*simphone.Phone
	t *testing.T
}

func newBench(t *testing.T) *bench {
	log := slog.New(slog.DiscardHandler)
	if os.Getenv("TRACE") != "" {
		log = slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	probe, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := probe.Addr().(*net.TCPAddr).AddrPort()
	probe.Close()
	dir := t.TempDir()
	x, err := New(Config{Local: at, Folder: filepath.Join(dir, "exchange"), Log: log})
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(dir, "100")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	p, err := simphone.New(simphone.Config{Folder: folder, Cleaned: true, Settings: Settings("100", "Anna", at), Log: log.With("phone", "100")})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := x.Run(ctx); err != nil && ctx.Err() == nil {
			t.Error(err)
		}
	})
	wg.Go(func() { _ = p.Run(ctx) })
	t.Cleanup(func() { cancel(); wg.Wait() })
	ready, done := context.WithTimeout(ctx, 20*time.Second)
	defer done()
	if err := x.Ready(ready); err != nil {
		t.Fatal(err)
	}
	b := &bench{p, t}
	b.until("registered", func(s *phone.State) bool { return s.Lines[0].State == phone.LineRegistered })
	return b
}

// until waits until the phone's state is as wanted.
func (b *bench) until(what string, ok func(*phone.State) bool) *phone.State {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	for seq := phone.Seq(0); ; {
		u, err := b.Control().Watch(ctx, seq)
		if err != nil {
			b.t.Fatalf("not in time: %s; the phone is %+v", what, *b.Control().State())
		}
		if seq = u.State.Seq; ok(u.State) {
			return u.State
		}
	}
}

func (b *bench) do(c phone.Command) {
	b.t.Helper()
	if err := b.Control().Do(context.Background(), "test", c); err != nil {
		b.t.Fatalf("%T: %v", c, err)
	}
}

// level is the loudness of what the speaker plays for a while, in dBFS.
func (b *bench) level(d time.Duration) float64 {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	sum, n := 0.0, 0
	for pcm := range b.Listen(ctx) {
		for i := 0; i < len(pcm); i += 2 {
			v := float64(int16(binary.LittleEndian.Uint16(pcm[i:]))) / 32768
			sum += v * v
			n++
		}
		if n >= int(d.Seconds()*48000) {
			break
		}
	}
	return 10 * math.Log10(sum/float64(n)+1e-13)
}

func talking(s *phone.State) bool { return s.First(phone.Talking) != nil }
func idle(s *phone.State) bool    { return len(s.Calls) == 0 }

func TestSpeechIsHeard(t *testing.T) {
	b := newBench(t)
	b.do(phone.Dial{Number: "601"})
	b.until("talking", talking)
	if l := b.level(2 * time.Second); l < -35 {
		t.Errorf("the recorded speech arrives at %.1f dBFS", l)
	}
	b.do(phone.Hold{Call: b.Control().State().Calls[0].ID})
	b.until("held", func(s *phone.State) bool { return s.First(phone.Held) != nil })
	b.level(300 * time.Millisecond)
	if l := b.level(500 * time.Millisecond); l > -70 {
		t.Errorf("a held call is heard at %.1f dBFS", l)
	}
	b.do(phone.Resume{Call: b.Control().State().Calls[0].ID})
	b.until("talking again", talking)
	b.level(500 * time.Millisecond)
	if l := b.level(2 * time.Second); l < -35 {
		t.Errorf("after resume the speech arrives at %.1f dBFS", l)
	}
	b.do(phone.Hangup{Call: b.Control().State().Calls[0].ID})
	b.until("idle", idle)
}

func TestEchoGivesBackWhatIsSaid(t *testing.T) {
	b := newBench(t)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() { // a tone of 700 Hz into the microphone, in step with the speaker
		n := 0
		for range b.Listen(ctx) {
			pcm := make([]byte, 960)
			for i := range 480 {
				v := int16(8000 * math.Sin(2*math.Pi*700*float64(n)/48000))
				binary.LittleEndian.PutUint16(pcm[2*i:], uint16(v))
				n++
			}
			b.Speak(pcm)
		}
	}()
	b.do(phone.Dial{Number: "600"})
	b.until("talking", talking)
	b.level(time.Second)
	if l := b.level(time.Second); l < -24 || l > -8 { // 8000 of 32768 is -15.3 dBFS
		t.Errorf("the echo comes back at %.1f dBFS", l)
	}
	b.do(phone.Mute{On: true})
	b.level(time.Second)
	if l := b.level(500 * time.Millisecond); l > -60 {
		t.Errorf("muted, the echo comes back at %.1f dBFS", l)
	}
}

func TestCallBackRings(t *testing.T) {
	b := newBench(t)
	b.do(phone.Dial{Number: "602"})
	b.until("declined", func(s *phone.State) bool { return s.First(phone.Failed) != nil })
	s := b.until("called back", func(s *phone.State) bool { return s.First(phone.Ringing) != nil })
	if n := s.First(phone.Ringing).Remote.Number; n != "602" {
		t.Errorf("called back by %q", n)
	}
	b.do(phone.Answer{Call: s.First(phone.Ringing).ID})
	b.until("talking", talking)
}

func TestRelayRewritesOnlyWhatIsLive(t *testing.T) {
	body := []byte("v=0\r\no=- 1 1 IN IP4 10.0.2.15\r\ns=-\r\nc=IN IP4 10.0.2.15\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\na=rtcp:4001\r\nm=video 0 RTP/AVP 96\r\n")
	want := "v=0\r\no=- 1 1 IN IP4 10.0.2.15\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 5000 RTP/AVP 8\r\na=rtcp:5001\r\nm=video 0 RTP/AVP 96\r\n"
	if got := string(replace(body, netip.MustParseAddr("127.0.0.1"), 5000)); got != want {
		t.Errorf("got\n%s", got)
	}
	if host, port := describe(body); host != "10.0.2.15" || port != 4000 {
		t.Errorf("described as %s:%d", host, port)
	}
}
