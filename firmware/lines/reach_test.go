package lines

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/sip/ice"
	"opendeskphone/sip/offer"
	"opendeskphone/sip/ua"
)

// slowMouth takes its time to find out how it can be reached, and has other credentials each time.
type slowMouth struct {
	mouth
	takes time.Duration
	tries atomic.Int32
}

func (m *slowMouth) Gather(ctx context.Context) error {
	m.tries.Add(1)
	select {
	case <-ctx.Done():
	case <-time.After(m.takes):
	}
	return nil
}

func (m *slowMouth) Local(codecs []string) offer.Local {
	l := m.mouth.Local(codecs)
	m.w.here.Lock()
	defer m.w.here.Unlock()
	l.ICE = &offer.ICE{Ufrag: fmt.Sprint("user", m.tries.Load()), Pwd: "0123456789abcdefghijklmn", Candidates: []string{fmt.Sprintf("1 1 udp 1 %s 16384 typ host", m.w.at)}}
	return l
}

type slowVoices struct {
	voices
	m *slowMouth
}

func (v slowVoices) Open(c ice.Config) (Voice, error) {
	_, err := v.voices.Open(c)
	return v.m, err
}

func inSlowWorld(t *testing.T, takes time.Duration, f func(w *world)) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, sdp: map[string][]byte{}, next: 100}
		far := offer.Local{Addr: netip.MustParseAddr("192.0.2.2"), Port: 4000, Codecs: []offer.Codec{pcma}}
		far.ICE = &offer.ICE{Ufrag: "far0", Pwd: "0123456789abcdefghijklmn", Candidates: []string{"1 1 udp 1 192.0.2.2 4000 typ host"}}
		w.far = offer.New(far)
		w.moveTo("192.0.2.1")
		route := func(ua.Account) netip.Addr { w.here.Lock(); defer w.here.Unlock(); return w.at }
		line := Line{Account: ua.Account{AOR: "sip:anna@example.com"}, Reach: ice.Config{Mode: ice.Full}}
		names := func(string) (string, bool) { return "", false }
		w.Adapter = New([]Line{line}, w, slowVoices{voices{w}, &slowMouth{mouth: mouth{w}, takes: takes}}, names, route, func(e phone.Event) { w.done = append(w.done, e) }, slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithCancel(t.Context())
		over := make(chan struct{})
		go func() { defer close(over); w.Run(ctx) }()
		synctest.Wait()
		w.said, w.done = nil, nil
		f(w)
		cancel()
		<-over
		if w.open != 0 {
			t.Errorf("%d voices are still open", w.open)
		}
	})
}

// pass lets time pass. What the test has done before happens before what the adapter does then.
func (w *world) pass(d time.Duration) {
	w.put(reached(func() {}))
	time.Sleep(d)
	synctest.Wait()
}

// TestServersThatAreSilentHoldUpNoCall: the INVITE waits for what servers say, but not for long, and so does the bell.
func TestServersThatAreSilentHoldUpNoCall(t *testing.T) {
	inSlowWorld(t, time.Hour, func(w *world) {
		w.ask(phone.SendInvite{Call: 1, Target: "200", Conversation: "c"})
		w.wantSaid()
		w.pass(gatherTime)
		w.wantSaid("call sip:200@example.com")
		w.ask(ua.Incoming{Call: 7, SDP: w.sdp["call"]})
		if len(w.done) != 0 {
			t.Errorf("it rings at once: %+v", w.done)
		}
		w.pass(gatherTime)
		w.wantDone(phone.Invited{Ref: 7, Remote: phone.Peer{}})
	})
}

func TestHangupWhileTheInviteWaits(t *testing.T) {
	inSlowWorld(t, time.Hour, func(w *world) {
		w.ask(phone.SendInvite{Call: 1, Target: "200", Conversation: "c"})
		w.ask(phone.SendCancel{Call: 1})
		if len(w.done) != 1 {
			t.Errorf("the centre was told %+v", w.done)
		}
		w.pass(time.Second)
		w.wantSaid()
	})
	inSlowWorld(t, time.Hour, func(w *world) { // and who calls us may give up before it rings
		w.ask(ua.Incoming{Call: 7, SDP: []byte(farOffer)})
		w.ask(ua.Ended{Call: 7, ByRemote: true})
		w.done = nil
		w.pass(time.Second)
		w.wantDone()
	})
}

const farOffer = "v=0\r\no=- 1 1 IN IP4 192.0.2.2\r\ns=-\r\nc=IN IP4 192.0.2.2\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n"

// TestMoveIsAnICERestart: at another address the call is offered anew with other credentials; a mere refresh of the
// registration changes nothing; and a restart of the far side is answered with other credentials too.
func TestMoveIsAnICERestart(t *testing.T) {
	inSlowWorld(t, 10*time.Millisecond, func(w *world) {
		w.ask(phone.SendInvite{Call: 1, Target: "200", Conversation: "c"})
		w.pass(time.Second)
		w.ask(ua.Accepted{Call: 101, SDP: w.farAnswer("call")})
		if len(w.got) != 1 || w.got[0].ICE == nil || !w.got[0].Controlling {
			t.Fatalf("agreed %+v", w.got)
		}
		w.said = nil
		w.ask(ua.LineState{State: ua.Registered})
		w.pass(time.Second)
		w.wantSaid()
		w.moveTo("192.0.2.9")
		w.Moved()
		synctest.Wait()
		w.ask(ua.LineState{State: ua.Registered})
		w.pass(time.Second)
		w.wantSaid("offer 101")
		if !strings.Contains(string(w.sdp["offer"]), "a=ice-ufrag:user2\r\n") {
			t.Errorf("offered\n%s", w.sdp["offer"])
		}
		w.ask(ua.OfferAnswered{Call: 101, SDP: w.farAnswer("offer")})
		again := strings.ReplaceAll(string(w.sdp["offer"]), "user2", "far1")
		w.said = nil
		w.ask(ua.ReOffer{Call: 101, SDP: []byte(again)})
		w.pass(time.Second)
		w.wantSaid("answer 101")
		if !strings.Contains(string(w.sdp["answer"]), "a=ice-ufrag:user3\r\n") {
			t.Errorf("answered\n%s", w.sdp["answer"])
		}
	})
}

// TestACallIsOfferedAnewWhenANATBeginsAnew: its new ways are told; a line without the help of servers has none to tell.
func TestACallIsOfferedAnewWhenANATBeginsAnew(t *testing.T) {
	inSlowWorld(t, 10*time.Millisecond, func(w *world) {
		w.ask(phone.SendInvite{Call: 1, Target: "200", Conversation: "c"})
		w.pass(time.Second)
		w.ask(ua.Accepted{Call: 101, SDP: w.farAnswer("call")})
		w.said = nil
		w.ask(ua.Remapped{})
		w.pass(time.Second)
		w.wantSaid("offer 101")
		if !strings.Contains(string(w.sdp["offer"]), "a=ice-ufrag:user2\r\n") {
			t.Errorf("offered\n%s", w.sdp["offer"])
		}
	})
	inWorld(t, offer.Off, func(w *world) {
		w.ask(phone.SendInvite{Call: 1, Target: "sip:bob@example.org", Conversation: "c"})
		w.ask(ua.Accepted{Call: 101, SDP: w.farAnswer("call")})
		w.said = nil
		w.ask(ua.Remapped{})
		w.wantSaid()
	})
}
