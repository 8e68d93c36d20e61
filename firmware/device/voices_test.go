package device

import (
	"testing"
	"time"

	"opendeskphone/audio/jitter"
	"opendeskphone/audio/quality"
	"opendeskphone/firmware/media"
	"opendeskphone/firmware/phone"
	"opendeskphone/sip/trace"
)

// talked is a call of so many seconds, each of 50 packets, of which those from the lossy-th on suffer.
func talked(seconds, lossy int, suffer func(*media.Stats)) *voice {
	v := &voice{id: 7, of: &voices{note: func(phone.CallID, trace.Meaning, string) {}}}
	s := media.Stats{Codec: "PCMA", PacketMS: 20, LQ: 4.4, CQ: 4.4, Delay: 60 * time.Millisecond, HeardLevels: quality.Levels{Now: -20}, SaidLevels: quality.Levels{Now: -25, Speech: -19, Noise: -60}}
	for i := range seconds {
		s.Seconds, s.Received, s.Sent = s.Seconds+1, s.Received+50, s.Sent+50
		now := s
		if i >= lossy {
			suffer(&now)
		}
		v.second(now, false, false)
	}
	return v
}

// What a call suffered is on the screen while it lasts, and in the log when it has ended.
func TestSoundOfACallIsKeptWithIt(t *testing.T) {
	v := talked(300, 200, func(s *media.Stats) { s.Far = quality.Far{Known: true, Loss: 0.1} })
	all := &voices{calls: map[phone.CallID]*voice{7: v}}
	st := all.Stats(7)
	if st.Sum.Fault != quality.LostUp || st.Sum.From != 200 || st.Sum.Lasting != 100 || len(st.Trace) != 300 || st.Trace[250].FarLost == 0 || st.Trace[100].FarLost != 0 || st.MOS < 4.3 {
		t.Errorf("during the call: %+v, %d seconds", st.Sum, len(st.Trace))
	}
	v.over = true
	s, ok := quality.ParseSummary(all.summary(7))
	if !ok || s.Fault != quality.LostUp || s.Span != 300 || len(s.Timeline.Bars()) != quality.MaxBars || s.Codec != "G.711 A 8 kHz" || s.PacketMS != 20 || s.Began.IsZero() {
		t.Errorf("in the log: %v %+v", ok, s)
	}
	if c, ok := all.CallStats(7); !ok || c.Fault != "lostUp" || c.MOS != 4.4 || c.FarLossPercent != 10 {
		t.Errorf("for a computer: %+v", c)
	}
	if text := all.summary(8); text != "" {
		t.Errorf("a call without sound has the quality %s", text)
	}
}

// Hours of talk stay in bounds, and the beginning of the worst time is not lost with the oldest seconds.
func TestLongCallsStayInBounds(t *testing.T) {
	v := talked(traceKept+1000, traceKept, func(s *media.Stats) { s.LQ, s.CQ, s.Gone, s.Jitterbuffer = 2, 2, 0.2, jitter.Stats{Lost: 5} })
	if len(v.trace) > traceKept {
		t.Errorf("%d seconds are kept", len(v.trace))
	}
	if s := v.summary(v.fault()); s.Fault != quality.LostDown || s.From != traceKept {
		t.Errorf("%+v", s)
	}
}

func TestSilenceIsTold(t *testing.T) {
	v := talked(20, 15, func(s *media.Stats) { s.LQ, s.CQ = 0, 0 })
	v.lost = true
	for i := range uint64(5) {
		v.second(media.Stats{Seconds: 21 + i, Codec: "PCMA", Sent: 1000, Received: 500}, false, false)
	}
	if f := v.fault(); f != quality.NothingArrives || v.trace[len(v.trace)-1].Lost != 1 {
		t.Errorf("fault %q", f.Name())
	}
}

func TestASecondCountsOnce(t *testing.T) {
	v := talked(20, 20, nil)
	again := v.last
	v.second(again, false, false)
	if len(v.trace) != 20 {
		t.Errorf("%d seconds of 20", len(v.trace))
	}
}
