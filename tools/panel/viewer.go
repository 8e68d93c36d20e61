package panel

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"io"
	"maps"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"opendeskphone/hal"
)

// Messages are binary; the first byte says what follows.
//
//	to the browser:   P x16 y16 png   a changed piece of the screen (the first is the whole)
//	                  A s16le         sound of the speaker
//	                  L json          {"title": ..., "hook": false, "jack": false, "lamps": {"ring": true}}
//	from the browser: K d name        a key, d 1 pressed, 0 released
//	                  T d x16 y16     a touch
//	                  M s16le         sound for the microphone
const maxMessage = 64 << 10

// viewer is one browser that looks on.
type viewer struct {
	phone Phone
	title string
	hook  *atomic.Bool
	jack  *atomic.Bool
	conn  net.Conn
	mu    sync.Mutex // one message at a time on conn
	shown *image.RGBA
}

func (v *viewer) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer v.conn.Close()
	defer cancel()
	stop := context.AfterFunc(ctx, func() { v.conn.Close() })
	defer stop()
	for _, f := range []func(context.Context) error{v.screen, v.lamps, v.sound} {
		wg.Go(func() {
			if f(ctx) != nil {
				cancel()
			}
		})
	}
	return v.read()
}

func (v *viewer) send(kind byte, parts ...[]byte) error {
	msg := append([]byte{kind}, bytes.Join(parts, nil)...)
	v.mu.Lock()
	defer v.mu.Unlock()
	if err := v.conn.SetWriteDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return err
	}
	return wsutil.WriteServerBinary(v.conn, msg)
}

// screen sends what has changed, at most 30 times a second.
func (v *viewer) screen(ctx context.Context) error {
	limit := time.NewTicker(time.Second / 30)
	defer limit.Stop()
	for {
		changed := v.phone.Changed()
		pic, err := v.phone.Picture()
		if err != nil {
			return err
		}
		if err := v.show(pic); err != nil {
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
		select {
		case <-limit.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (v *viewer) show(pic *image.RGBA) error {
	r := damage(v.shown, pic)
	if r.Empty() {
		return nil
	}
	v.shown = pic
	var buf bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&buf, pic.SubImage(r)); err != nil {
		return err
	}
	var at [4]byte
	binary.BigEndian.PutUint16(at[0:], uint16(r.Min.X))
	binary.BigEndian.PutUint16(at[2:], uint16(r.Min.Y))
	return v.send('P', at[:], buf.Bytes())
}

// damage gives the smallest rectangle that holds every pixel that differs.
func damage(old, pic *image.RGBA) image.Rectangle {
	b := pic.Bounds()
	if old == nil || old.Bounds() != b {
		return b
	}
	row := func(p *image.RGBA, y int) []byte {
		i := p.PixOffset(b.Min.X, y)
		return p.Pix[i : i+4*b.Dx()]
	}
	var out image.Rectangle
	for y := b.Min.Y; y < b.Max.Y; y++ {
		a, c := row(old, y), row(pic, y)
		if bytes.Equal(a, c) {
			continue
		}
		x0, x1 := 0, b.Dx()
		for bytes.Equal(a[4*x0:4*x0+4], c[4*x0:4*x0+4]) {
			x0++
		}
		for bytes.Equal(a[4*x1-4:4*x1], c[4*x1-4:4*x1]) {
			x1--
		}
		out = out.Union(image.Rect(b.Min.X+x0, y, b.Min.X+x1, y+1))
	}
	return out
}

func (v *viewer) lamps(ctx context.Context) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	var last map[string]bool
	var lifted, plugged bool
	for {
		now, hook, jack := v.phone.Lamps(), v.hook.Load(), v.jack.Load()
		if last == nil || hook != lifted || jack != plugged || !maps.Equal(now, last) {
			last, lifted, plugged = now, hook, jack
			msg, err := json.Marshal(map[string]any{"title": v.title, "hook": hook, "jack": jack, "lamps": now})
			if err != nil {
				return err
			}
			if err := v.send('L', msg); err != nil {
				return err
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (v *viewer) sound(ctx context.Context) error {
	for pcm := range v.phone.Listen(ctx) {
		if err := v.send('A', pcm); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (v *viewer) read() error {
	held := map[hal.Key]bool{}
	defer func() { // a browser that goes away lets go of its keys
		for k := range held {
			v.phone.Press(k, false)
		}
	}()
	for {
		h, err := ws.ReadHeader(v.conn)
		if err != nil {
			return err
		}
		if h.Length > maxMessage || !h.Masked || !h.Fin {
			return fmt.Errorf("panel: a message of %d bytes is refused", h.Length)
		}
		msg := make([]byte, h.Length)
		if _, err := io.ReadFull(v.conn, msg); err != nil {
			return err
		}
		ws.Cipher(msg, h.Mask, 0)
		switch h.OpCode {
		case ws.OpClose:
			return nil
		case ws.OpBinary:
			v.take(msg, held)
		}
	}
}

// take carries out one message; a malformed one does nothing.
func (v *viewer) take(msg []byte, held map[hal.Key]bool) {
	if len(msg) < 2 {
		return
	}
	down := msg[1] == 1
	switch msg[0] {
	case 'K':
		k, ok := hal.KeyByName(string(msg[2:]))
		switch {
		case !ok:
		case k == hal.Hook:
			if v.hook.Swap(down) != down {
				v.phone.Press(k, down)
			}
		case k == hal.Jack:
			if v.jack.Swap(down) != down {
				v.phone.Press(k, down)
			}
		case held[k] != down:
			if held[k] = down; !down {
				delete(held, k)
			}
			v.phone.Press(k, down)
		}
	case 'T':
		if len(msg) == 6 {
			v.phone.Touch(image.Pt(int(binary.BigEndian.Uint16(msg[2:])), int(binary.BigEndian.Uint16(msg[4:]))), down)
		}
	case 'M':
		v.phone.Speak(msg[1:])
	}
}
