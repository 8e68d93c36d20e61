package tpcp

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"opendeskphone/firmware/phone"
)

// volume turns the headset n times, each a notification of its own.
func (b *bench) turn(n int) {
	for i := range n {
		b.key(phone.SetVolume{Path: phone.Headset, Level: uint8(i % 2)})
		synctest.Wait()
	}
}

func TestControllerComesBackToItsCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, Services{})
		c, o := b.controller("pc", hostSeed, true)
		call, err := c.Make(b.ctx, MakeParams{To: "201"})
		if err != nil {
			t.Fatal(err)
		}
		b.post(phone.Accepted{Call: 1})
		seen := told(c)
		last := seen[len(seen)-1].Seq
		if last != c.LastSeq() || last <= o.Seq {
			t.Fatalf("last %d, client %d, opened %d", last, c.LastSeq(), o.Seq)
		}
		c.conn.NetConn().Close() // kill -9
		b.turn(3)
		b.post(phone.RemoteHeld{Call: 1, On: true})
		again := b.leg(hostSeed)
		o, err = again.Open(b.ctx, OpenParams{ControllerID: "pc", Resume: &Resume{again.Hello().BootID, last}}, nil)
		if err != nil || !o.Resumed || o.Snapshot != nil {
			t.Fatalf("resumed %+v, %v", o, err)
		}
		list := told(again)
		if names(list) != "device.changed device.changed device.changed call.changed" {
			t.Fatalf("missed %s", names(list))
		}
		for i, n := range list {
			if n.Seq != last+uint64(i)+1 {
				t.Errorf("notification %d has number %d after %d", i, n.Seq, last)
			}
		}
		var v CallChanged
		if list[3].Decode(&v) != nil || v.Call.CallID != call.CallID || v.Call.State != StateConnected || !v.Call.Hold.Remote {
			t.Errorf("the call is %+v", v.Call)
		}
		if n := b.count(func(e phone.Effect) bool { _, bye := e.(phone.SendBye); return bye }); n != 0 {
			t.Error("the call was ended with its controller")
		}
	})
}

func TestResumeBeyondTheRingIsASnapshot(t *testing.T) {
	for name, r := range map[string]func(boot string, seq uint64) Resume{
		"another boot": func(_ string, seq uint64) Resume { return Resume{"0011", seq} },
		"too old":      func(boot string, seq uint64) Resume { return Resume{boot, seq} },
		"not yet":      func(boot string, seq uint64) Resume { return Resume{boot, seq + 1000} },
	} {
		bubble(t, name, func(t *testing.T) {
			b := start(t, Services{})
			c, o := b.controller("pc", hostSeed, true)
			c.Close()
			b.turn(ringLen + 2)
			again := b.leg(hostSeed)
			resume := r(again.Hello().BootID, o.Seq)
			got, err := again.Open(b.ctx, OpenParams{ControllerID: "pc", Resume: &resume}, nil)
			if err != nil || got.Resumed || got.Snapshot == nil {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}

func TestWholeRingIsResumed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, Services{})
		c, o := b.controller("pc", hostSeed, true)
		c.Close()
		b.turn(ringLen)
		again := b.leg(hostSeed)
		got, err := again.Open(b.ctx, OpenParams{ControllerID: "pc", Resume: &Resume{again.Hello().BootID, o.Seq}}, nil)
		if err != nil || !got.Resumed {
			t.Fatalf("%+v, %v", got, err)
		}
		if list := told(again); len(list) != ringLen || list[ringLen-1].Seq != got.Seq {
			t.Errorf("%d notifications", len(list))
		}
	})
}

// reader is a leg that reads when it is told to.
type reader struct {
	*Client
	t *testing.T
}

func (b *bench) reader(t *testing.T, id string) reader {
	t.Helper()
	c, err := b.dial(hostSeed)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	one := uint64(1)
	if err := c.send(wireMessage{ID: &one, Method: "session.open", Params: OpenParams{ControllerID: id}}); err != nil {
		t.Fatal(err)
	}
	if m, err := c.read(); err != nil || m.Error != nil {
		t.Fatal(m, err)
	}
	return reader{c, t}
}

// drain reads what comes until nothing does.
func (r reader) drain() []Message {
	var out []Message
	for {
		_ = r.conn.SetReadDeadline(time.Now().Add(time.Second))
		m, err := r.read()
		if err != nil {
			if ne, ok := err.(net.Error); !ok || !ne.Timeout() {
				r.t.Fatal(err)
			}
			return out
		}
		out = append(out, m)
	}
}

func TestSlowReaderIsGivenThePhoneAsItIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, Services{})
		quick, _ := b.controller("quick", hostSeed, true)
		slow := b.reader(t, "slow")
		b.turn(3 * queueLen)
		b.post(phone.Invited{Ref: 1, Remote: anna})
		if list := told(quick); len(list) < 3*queueLen {
			t.Errorf("the quick one was told %d things", len(list))
		}
		list := slow.drain()
		i := slices.IndexFunc(list, func(m Message) bool { return m.Method == NotifyResync })
		if i < 0 || len(list) > queueLen {
			t.Fatalf("no resync among %d notifications", len(list))
		}
		var r Resync
		if err := json.Unmarshal(list[i].Params, &r); err != nil || len(r.Snapshot.Calls) != 1 || r.Snapshot.Calls[0].State != StateRinging {
			t.Errorf("resync %+v, %v", r, err)
		}
		b.turn(2)
		var d DeviceChanged
		if list = slow.drain(); len(list) == 0 || json.Unmarshal(list[0].Params, &d) != nil || d.Seq != r.Seq+1 {
			t.Errorf("after the resync: %+v", list)
		}
	})
}

// TestLegThatReadsNothing: the phone waits for nobody, and a leg that takes nothing is dead in the end.
func TestLegThatReadsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, Services{})
		slow := b.reader(t, "slow")
		flood := make(chan struct{})
		go func() {
			defer close(flood)
			for id := uint64(2); ; id++ {
				if slow.send(wireMessage{ID: &id, Method: "call.list", Params: struct{}{}}) != nil {
					return
				}
			}
		}()
		began := time.Now()
		b.turn(10)
		if d := time.Since(began); d > 0 {
			t.Errorf("the phone waited %v", d)
		}
		<-flood
		time.Sleep(10 * time.Second) // the goodbye of TLS is not taken either
		b.Server.mu.Lock()
		defer b.Server.mu.Unlock()
		if len(b.Server.legs) != 0 {
			t.Error("the leg is still there")
		}
	})
}

func TestKeeperComesBackAndResumes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, Services{})
		ctx, cancel := context.WithCancel(b.ctx)
		sessions := make(chan Opened)
		legs := make(chan *Client, 10)
		var downs []time.Duration
		var whole atomic.Bool
		k := Keeper{
			Connect: func(context.Context) (*Client, error) {
				if !whole.Load() {
					return nil, errors.New("no cable, no network")
				}
				return b.dial(hostSeed)
			},
			Open: func(*Client) (OpenParams, []byte) { return OpenParams{ControllerID: "pc"}, nil },
			Session: func(ctx context.Context, c *Client, o Opened) {
				legs <- c
				sessions <- o
				for range c.Notifications() {
				}
			},
			Down: func(_ error, again time.Duration) { downs = append(downs, again) },
		}
		over := make(chan error, 1)
		go func() { over <- k.Keep(ctx) }()
		time.Sleep(time.Minute)
		synctest.Wait()
		for i, want := range []float64{0.2, 0.5, 1, 2, 5, 10, 10} {
			if got := downs[i].Seconds(); got < want*0.8 || got > want*1.2 {
				t.Errorf("try %d after %v, want %v s", i, got, want)
			}
		}
		whole.Store(true)
		if o := <-sessions; o.Resumed || o.Snapshot == nil {
			t.Errorf("the first session %+v", o)
		}
		time.Sleep(time.Minute)
		began := time.Now()
		(<-legs).conn.NetConn().Close()
		if o := <-sessions; !o.Resumed || time.Since(began) > time.Second {
			t.Errorf("back after %v: %+v", time.Since(began), o)
		}
		cancel()
		if err := <-over; err != context.Canceled {
			t.Error(err)
		}
	})
}

func TestGarbageEndsTheLegAndNothingElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, Services{})
		good, _ := b.controller("good", hostSeed, true)
		b.reach("connected")
		random := rand.New(rand.NewPCG(1, 2))
		for range 10_000 / 40 {
			c := b.reader(t, "bad")
			for range 40 {
				b := make([]byte, 4+random.IntN(60))
				for i := range b {
					b[i] = byte(random.UintN(256))
				}
				binary.BigEndian.PutUint32(b, uint32(len(b)-4))
				if random.IntN(4) > 0 { // most of it framed JSON that means nothing
					b = framed(junk[random.IntN(len(junk))])
				}
				if _, err := c.conn.Write(b); err != nil {
					break
				}
			}
			c.conn.NetConn().Close()
			time.Sleep(time.Millisecond)
		}
		if calls, err := good.Calls(b.ctx); err != nil || len(calls) != 1 || calls[0].State != StateConnected {
			t.Errorf("%+v, %v", calls, err)
		}
	})
}

func framed(s string) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(s))), s...)
}

var junk = []string{
	`{}`, `[]`, `null`, `7`, `{"jsonrpc":"2.0"}`, `{"jsonrpc":"2.0","id":{},"method":"call.make"}`, `{"jsonrpc":"2.0","id":1,"method":"call.make","params":{"to":7}}`,
	`{"jsonrpc":"2.0","id":1,"method":"call.hangup","params":{"callId":"c-99999999999999999999"}}`,
	`{"jsonrpc":"2.0","id":1,"method":"call.legA","params":{"callId":"c-1","terminal":{}}}`, `{"jsonrpc":"2.0","id":1,"result":{}}`,
	`{"jsonrpc":"2.0","id":1,"method":"session.open","params":{"controllerId":"","resume":{"lastSeq":-1}}}`,
	`{"jsonrpc":"2.0","id":1,"method":"session.open","params":{"controllerId":"bad","attachProof":"zz"}}`,
	`{"jsonrpc":"2.0","id":1,"method":"log.list","params":{"limit":1e99}}`, `{"jsonrpc":"2.0","method":"call.hangup","params":{"callId":"c-1"}}`,
}

func TestWhatCannotBeReadIsAnsweredAndTheLegEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, Services{})
		for _, bytes := range [][]byte{framed(`{"jsonrpc"`), {0, 0, 0, 0}, {0xff, 0xff, 0xff, 0xff}} {
			c := b.reader(t, "bad")
			if _, err := c.conn.Write(bytes); err != nil {
				t.Fatal(err)
			}
			m, err := c.read()
			if err != nil || m.Error == nil || m.Error.Code != CodeParse || m.ID != nil {
				t.Errorf("%q: %+v, %v", bytes, m, err)
			}
			var bye Bye
			if m, err = c.read(); err != nil || m.Method != NotifyBye || json.Unmarshal(m.Params, &bye) != nil || bye.Reason != "protocol" {
				t.Errorf("%q: %+v, %v", bytes, m, err)
			}
			if _, err = c.read(); err == nil {
				t.Errorf("%q: the leg goes on", bytes)
			}
		}
		c := b.reader(t, "odd")
		for text, id := range map[string]bool{`[1]`: false, `{"jsonrpc":"2.0","id":4,"method":5}`: true, `{"id":4,"method":"ping"}`: true} {
			if _, err := c.conn.Write(framed(text)); err != nil {
				t.Fatal(err)
			}
			if m, err := c.read(); err != nil || m.Error == nil || m.Error.Code != CodeInvalidRequest || (m.ID != nil) != id {
				t.Errorf("%s: %+v, %v", text, m, err)
			}
		}
	})
}

func TestPortIsOpenOnlyWhileSomebodyIsPaired(t *testing.T) {
	b := start(t, Services{})
	opened := make(chan net.Listener, 4)
	listen := func() (net.Listener, error) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err == nil {
			opened <- l
		}
		return l, err
	}
	b.SetListen(listen)
	l := <-opened
	c, err := Dial(t.Context(), l.Addr().String(), Identity{cert(t, hostSeed), b.phonePin})
	if err != nil {
		t.Fatal(err)
	}
	over := make(chan error, 1)
	go func() { over <- c.Run(t.Context()) }()
	if _, err := c.Open(t.Context(), OpenParams{ControllerID: "pc"}, nil); err != nil {
		t.Fatal(err)
	}
	b.desk.revoke(pinOfSeed(hostSeed))
	b.Review()
	bye := new(ByeError)
	if err := <-over; !errors.As(err, &bye) || bye.Reason != "unpaired" {
		t.Errorf("the leg ended with %v", err)
	}
	for deadline := time.Now().Add(5 * time.Second); ; {
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			break
		}
		conn.Close()
		if time.Now().After(deadline) {
			t.Fatal("the port is open, and nobody is paired")
		}
	}
	b.pair(hostSeed, AllRights)
	b.Review()
	again := (<-opened).Addr().String()
	b.SetListen(nil)
	for deadline := time.Now().Add(5 * time.Second); ; {
		conn, err := net.Dial("tcp", again)
		if err != nil {
			break
		}
		conn.Close()
		if time.Now().After(deadline) {
			t.Fatal("the port is open, and it was switched off")
		}
	}
}

func TestStrangersAtTheDoorAreFew(t *testing.T) {
	d := newDoor()
	for range maxOfOneHost {
		if !d.enter("192.0.2.66") {
			t.Fatal("turned away too early")
		}
	}
	if d.enter("192.0.2.66") || !d.enter("192.0.2.7") {
		t.Error("one address fills the door")
	}
	d.leave("192.0.2.66")
	if !d.enter("192.0.2.66") {
		t.Error("the door stays shut")
	}
}

func TestOtherProtocolsAndTLSVersionsAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, Services{})
		for name, change := range map[string]func(*tls.Config){
			"TLS 1.2": func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS12, tls.VersionTLS12 },
			"no ALPN": func(c *tls.Config) { c.NextProtos = nil },
			"HTTP":    func(c *tls.Config) { c.NextProtos = []string{"h2"} },
			"no key":  func(c *tls.Config) { c.Certificates = nil },
		} {
			ours, theirs := net.Pipe()
			go func() { _ = b.Server.ServeConn(b.ctx, theirs) }()
			cfg := config(func(Pin) bool { return true })
			cfg.Certificates = []tls.Certificate{cert(t, hostSeed)}
			cfg.VerifyConnection = nil
			change(cfg)
			conn := tls.Client(ours, cfg)
			_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
			if _, err := conn.Read(make([]byte, 1)); err == nil {
				t.Errorf("%s: got a byte", name)
			}
			conn.Close()
		}
	})
}

func TestWhatElseControllersAreTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, services())
		c, _ := b.controller("pc", hostSeed, true)
		b.reach("connected")
		told(c)
		b.HeardDigit(1, '#')
		b.LogChanged()
		b.ContactsChanged("ui")
		list := told(c)
		var d DTMFHeard
		if names(list) != "call.dtmf log.changed contacts.changed" || list[0].Decode(&d) != nil || d.Digit != "#" || d.CallID != "c-1" || list[2].By != "local" {
			t.Errorf("told %s, %+v", names(list), d)
		}
		if _, err := c.PutContact(b.ctx, ContactParams{Contact: Contact{Name: "Eva"}}); err != nil {
			t.Fatal(err)
		}
		if list = told(c); names(list) != NotifyContacts || list[0].By != "controller:pc" {
			t.Errorf("told %s", names(list))
		}
	})
}

func TestRejectedCredentialIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, services())
		c, _ := b.controller("pc", hostSeed, true)
		b.post(phone.LineChanged{Line: 0, State: phone.LineFailing, Fault: phone.WrongPassword})
		list := told(c)
		var e CredChanged
		if names(list) != "line.changed cred.changed" || list[1].Decode(&e) != nil || e.State != "rejected" || e.LineID != "l-1" || e.By != "server" {
			t.Errorf("told %s, %+v", names(list), e)
		}
		if _, err := c.InstallCred(b.ctx, CredParams{LineID: "l-1", User: "100", Kind: "sipHa1", Sealed: []byte{1}}); err != nil {
			t.Fatal(err)
		}
		if list = told(c); names(list) != "cred.changed" || list[0].Decode(&e) != nil || e.State != "installed" || e.By != "controller:pc" {
			t.Errorf("told %s, %+v", names(list), e)
		}
	})
}

func TestTheComputersOwnCallIsToldWithTheDevice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, services())
		c, _ := b.controller("pc", hostSeed, true)
		var d DeviceChanged
		b.post(phone.PCCallChanged{Active: true, Held: true}, phone.PCStreams{Plays: true})
		if list := told(c); len(list) == 0 || list[len(list)-1].Decode(&d) != nil || d.PCCall != "held" || !d.USBAudio {
			t.Errorf("told %s, %+v", names(list), d)
		}
		b.post(phone.PCCallChanged{Ringing: true}, phone.PCStreams{}, phone.PCAttached{On: true, Name: "laptop"})
		if dev, err := c.Device(b.ctx); err != nil || dev.PCCall != "ringing" || dev.USBAudio || !dev.USBHost {
			t.Errorf("%+v, %v", dev, err)
		}
	})
}

// badListener fails once before it gives a connection.
type badListener struct {
	net.Listener
	failed atomic.Bool
}

func (l *badListener) Accept() (net.Conn, error) {
	if !l.failed.Swap(true) {
		return nil, syscall.EMFILE
	}
	return l.Listener.Accept()
}

func TestPortOutlivesWantOfFiles(t *testing.T) {
	b := start(t, Services{})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	over := make(chan error, 1)
	go func() { over <- b.Serve(b.ctx, &badListener{Listener: l}) }()
	c, err := Dial(t.Context(), l.Addr().String(), Identity{cert(t, hostSeed), b.phonePin})
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	l.Close()
	if err := <-over; !errors.Is(err, net.ErrClosed) {
		t.Errorf("a closed listener: %v", err)
	}
}

func TestIdemOfABrokenLegIsForgotten(t *testing.T) {
	m := newMemory()
	ctx, cancel := context.WithCancel(t.Context())
	_, err := m.once(ctx, "k", [32]byte{}, time.Now(), func() (any, error) { cancel(); return nil, ctx.Err() })
	if err == nil {
		t.Fatal("no error")
	}
	if v, err := m.once(t.Context(), "k", [32]byte{}, time.Now(), func() (any, error) { return 7, nil }); v != 7 || err != nil {
		t.Errorf("asked anew: %v, %v", v, err)
	}
}

// TestLongestSnapshotFitsAFrame: eight callers and sixteen lines, all with the longest and worst texts.
func TestLongestSnapshotFitsAFrame(t *testing.T) {
	worst := strings.Repeat("\"\x01\u2028", maxText)
	st := phone.New(phone.DefaultConfig())
	calls := []Call{}
	for id := range phone.MaxCalls {
		c := phone.Call{ID: phone.CallID(id), State: phone.Talking, Remote: phone.Peer{Name: worst, Number: worst, URI: worst}, Conversation: worst,
			Reason: worst, MoveTarget: worst}
		calls = append(calls, viewCall(&st, &c, strings.Fields("answer reject hangup hold resume swap dtmf mute legA note"), true))
	}
	var lines []Line
	for i := range phone.MaxLines {
		lines = append(lines, viewLine(&phone.Line{ID: phone.LineID(i), AOR: worst, Label: worst, Display: worst, Detail: worst}))
	}
	for i := range st.Notices {
		st.Notices[i] = worst
	}
	b, err := frame(wireMessage{JSONRPC: "2.0", Method: NotifyResync, Params: Resync{Snapshot: Snapshot{Calls: calls, Device: viewDevice(&st), Lines: lines}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d bytes", len(b))
}

func TestNothingOfAnEarlierConnectionIsTaken(t *testing.T) {
	c := config(func(Pin) bool { return true })
	if !c.SessionTicketsDisabled || c.MinVersion != tls.VersionTLS13 {
		t.Error("tickets or old versions are taken")
	}
}
