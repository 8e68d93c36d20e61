package panel

import (
	"context"
	"image"
	"image/color"
	"image/draw"
	"io"
	"log/slog"
	"math"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"opendeskphone/hal"
	"opendeskphone/tools/browser"
)

// fake is a phone that notes what the browser does to it.
type fake struct {
	mu      sync.Mutex
	pic     *image.RGBA
	changed chan struct{}
	pressed []string
	touched []image.Point
	lamps   map[string]bool
	spoken  chan []byte
	pressCh chan string
}

func newFake() *fake {
	f := &fake{changed: make(chan struct{}), lamps: map[string]bool{}, spoken: make(chan []byte, 100), pressCh: make(chan string, 100)}
	f.paint(color.RGBA{0x0E, 0x12, 0x14, 0xFF}, image.Rect(0, 0, 800, 480))
	return f
}

func (f *fake) paint(c color.RGBA, r image.Rectangle) {
	f.mu.Lock()
	defer f.mu.Unlock()
	pic := image.NewRGBA(image.Rect(0, 0, 800, 480))
	if f.pic != nil {
		copy(pic.Pix, f.pic.Pix)
	}
	draw.Draw(pic, r, image.NewUniform(c), image.Point{}, draw.Src)
	f.pic = pic
	close(f.changed)
	f.changed = make(chan struct{})
}

func (f *fake) Picture() (*image.RGBA, error) { f.mu.Lock(); defer f.mu.Unlock(); return f.pic, nil }
func (f *fake) Changed() <-chan struct{}      { f.mu.Lock(); defer f.mu.Unlock(); return f.changed }
func (f *fake) Press(k hal.Key, down bool) {
	word := k.String() + " up"
	if down {
		word = k.String() + " down"
	}
	f.pressCh <- word
}
func (f *fake) Touch(at image.Point, down bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.touched = append(f.touched, at)
}
func (f *fake) Lamps() map[string]bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return map[string]bool{"ring": f.lamps["ring"], "mute": f.lamps["mute"]}
}
func (f *fake) Listen(ctx context.Context) <-chan []byte {
	out := make(chan []byte)
	go func() {
		defer close(out)
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			select {
			case <-ctx.Done():
				return
			case out <- make([]byte, 960):
			}
		}
	}()
	return out
}
func (f *fake) Speak(pcm []byte) {
	select {
	case f.spoken <- slices.Clone(pcm):
	default:
	}
}

func serve(t *testing.T, f *fake) *Server {
	s, err := New(f, "Test phone", "127.0.0.1:0", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); s.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	return s
}

func TestNobodyWithoutTokenOrByAnotherName(t *testing.T) {
	s := serve(t, newFake())
	base := "http://" + s.ln.Addr().String()
	for _, c := range []struct {
		path, host string
		want       int
	}{
		{strings.TrimPrefix(s.URL(), base), "", 200},
		{"/", "", 403},
		{"/live", "", 403},
		{"/?token=wrong", "", 403},
		{strings.TrimPrefix(s.URL(), base), "evil.example", 403},
		{"/panel.js", "evil.example", 403},
	} {
		req, _ := http.NewRequest("GET", base+c.path, nil)
		if c.host != "" {
			req.Host = c.host
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, res.Body)
		res.Body.Close()
		if res.StatusCode != c.want {
			t.Errorf("%s as %q: %d, want %d", strings.Split(c.path, "=")[0], c.host, res.StatusCode, c.want)
		}
	}
	if _, err := New(newFake(), "", "0.0.0.0:0", slog.New(slog.DiscardHandler)); err == nil {
		t.Error("a panel listens beyond loopback")
	}
}

func TestDamageIsTheSmallestRectangle(t *testing.T) {
	f := newFake()
	old := f.pic
	f.paint(color.RGBA{255, 0, 0, 255}, image.Rect(100, 50, 130, 60))
	f.paint(color.RGBA{0, 255, 0, 255}, image.Rect(110, 200, 111, 201))
	if got, want := damage(old, f.pic), image.Rect(100, 50, 130, 201); got != want {
		t.Errorf("damage %v, want %v", got, want)
	}
	if got := damage(f.pic, f.pic); !got.Empty() {
		t.Errorf("an unchanged picture is damaged at %v", got)
	}
}

// FuzzTake gives a viewer whatever a browser may send.
func FuzzTake(f *testing.F) {
	f.Add([]byte("K\x015"))
	f.Add([]byte("T\x01\x00\x05\x00\x06"))
	f.Add([]byte("M\x00\x00"))
	f.Fuzz(func(t *testing.T, msg []byte) {
		phone := newFake()
		v := &viewer{phone: phone, hook: &(&Server{}).hook, jack: &(&Server{}).jack}
		held := map[hal.Key]bool{}
		v.take(msg, held)
		if len(held) > 1 {
			t.Errorf("one message held %v", held)
		}
	})
}

// TestInTheBrowser drives the page in headless Chromium: it sees the screen and presses keys.
func TestInTheBrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("a browser is no part of the short tests (they run under the race detector and on ARM)")
	}
	f := newFake()
	s := serve(t, f)
	b := browser.New(t)
	b.Open(s.URL())

	f.paint(color.RGBA{0x5B, 0xD8, 0x9C, 0xFF}, image.Rect(24, 48, 704, 412))
	b.Until("screen shows the picture", `const d = document.getElementById("screen").getContext("2d").getImageData(100, 100, 1, 1).data; return d[0] === 0x5B && d[1] === 0xD8 && d[2] === 0x9C;`)
	b.Until("title", `return document.title === "Test phone";`)

	for _, k := range []string{"5", "soft1", "speaker", "line2", "ok"} {
		b.Click(`[data-key="` + k + `"]`)
		want(t, f, k+" down")
		want(t, f, k+" up")
	}
	b.Click("#handset")
	want(t, f, "hook down")
	b.Until("handset shown lifted", `return document.getElementById("hookword").textContent === "Handset lifted";`)
	b.Click("#jack")
	want(t, f, "jack down")
	b.Until("headset shown plugged in", `return document.getElementById("jack").checked;`)

	f.mu.Lock()
	f.lamps["ring"], f.lamps["mute"] = true, true
	f.mu.Unlock()
	b.Until("lamps lit", `return document.getElementById("ringlight").className === "on" && document.querySelector('[data-key="mute"]').classList.contains("lit");`)

	b.Click("#screen")
	b.Until("touch arrives", "return true;")
	b.Click("#sound")
	b.Until("sound on", `return document.getElementById("sound").textContent === "Sound is on";`)
	b.Click("#mic")
	loud := time.After(20 * time.Second)
	for heard := false; !heard; { // Chromium's fake microphone beeps once a second
		select {
		case pcm := <-f.spoken:
			heard = level(pcm) > 0.01
		case <-loud:
			t.Fatalf("no sound came from the browser's microphone: %s", b.Eval(`return document.getElementById("state").textContent;`))
		}
	}
	b.Picture("panel")
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.touched) != 2 || !f.touched[0].In(image.Rect(398, 238, 402, 242)) {
		t.Errorf("touches %v, want the middle of the screen, down and up", f.touched)
	}
}

func want(t *testing.T, f *fake, word string) {
	t.Helper()
	select {
	case got := <-f.pressCh:
		if got != word {
			t.Fatalf("the phone got %q, want %q", got, word)
		}
	case <-time.After(10 * time.Second):
		t.Fatalf("the phone did not get %q", word)
	}
}

func level(pcm []byte) float64 {
	sum := 0.0
	for i := 0; i+1 < len(pcm); i += 2 {
		v := float64(int16(uint16(pcm[i])|uint16(pcm[i+1])<<8)) / 32768
		sum += v * v
	}
	return math.Sqrt(sum / float64(max(1, len(pcm)/2)))
}
