package device

import (
	"bytes"
	"fmt"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/firmware/settings"
	"opendeskphone/firmware/tpcp"
	"opendeskphone/sip/offer"
	"opendeskphone/sip/stack"
	"opendeskphone/sip/trace"
	"opendeskphone/sip/ua"
)

func (d *Device) setTrace(s settings.Trace) { d.trace.Keep(s.Keep) }

// sipSeen keeps a message for who looks at the call afterwards.
func (d *Device) sipSeen(out bool, way stack.Source, data []byte) {
	d.trace.Message(trace.Packet{At: time.Now(), Out: out, Transport: string(way.Transport), Local: way.Local, Remote: way.Addr, Data: data})
}

// agentSaid hands on the user agent's events on which reports are made, and keeps of the others that a server was not reached: there are no messages to tell of it.
func (d *Device) agentSaid(e ua.Event) {
	d.watch.Handle(e)
	if n, ok := e.(ua.Noted); ok {
		d.outbox.noted(n)
	}
	s, ok := e.(ua.LineState)
	if !ok || s.State != ua.Failing || s.Code != 0 {
		return
	}
	if l := d.loop.State().Line(phone.LineID(s.Account)); l != nil {
		d.trace.NoteAccount(l.AOR, time.Now(), trace.NotReached, s.Text)
	}
}

// noted keeps what became of a call's sound.
func (d *Device) noted(call phone.CallID, what trace.Meaning, text string) {
	d.trace.Note(uint32(call), time.Now(), what, text)
}

// Apply implements lines.Voice: what is new of codec and keys is noted.
func (v *voice) Apply(m offer.Media) error {
	err := v.Session.Apply(m)
	if err != nil {
		return err
	}
	v.of.mu.Lock()
	defer v.of.mu.Unlock()
	was := v.agreed
	v.agreed = &m
	suite := func(m *offer.Media) string {
		if m == nil || m.Crypto == nil {
			return ""
		}
		return m.Crypto.Suite
	}
	switch now := suite(&m); {
	case now != "" && now != suite(was):
		v.of.note(v.id, trace.Encrypted, now)
	case now == "" && (was == nil || suite(was) != ""):
		v.of.note(v.id, trace.Plain, "")
	}
	if was == nil || was.Send.Name != m.Send.Name {
		v.of.note(v.id, trace.NewCodec, codecWords(m.Send.Name))
	}
	return nil
}

// Gaps are noted from so large a share of a second on, and again after so many seconds at the earliest.
const (
	gapShare = 0.05
	gapPause = 10
)

// noteGaps notes that sound of the last second was lost; the lock of voices is held.
func (v *voice) noteGaps(lost float32) {
	if v.gaps--; v.gaps > 0 || lost < gapShare || v.lost {
		return
	}
	v.gaps = gapPause
	v.of.note(v.id, trace.Gaps, fmt.Sprintf("%.0f %%", lost*100))
}

// ladders are what was kept of calls and sign-ins, towards the screens and controllers.
type ladders struct{ d *Device }

// OfCall implements screen.Ladders.
func (l ladders) OfCall(c phone.CallID) (trace.Ladder, bool) {
	of, ok := l.d.trace.Call(uint32(c))
	return of, ok && len(of.Entries) > 0
}

// OfAccount implements screen.Ladders.
func (l ladders) OfAccount(aor string) (trace.Ladder, bool) { return l.d.trace.Account(aor) }

// OfRecord implements screen.Ladders. A record of an earlier life of the phone may bear the number of a call of this
// one: the times tell.
func (l ladders) OfRecord(r *phone.Record) (trace.Ladder, bool) {
	of, ok := l.OfCall(r.Call)
	began := of.Began()
	return of, ok && !began.Before(r.Began.Add(-recordSlack)) && !began.After(r.Ended.Add(recordSlack))
}

// recordSlack is how far the times of a record and of its messages may lie apart.
const recordSlack = 5 * time.Second

// Traces is what was kept of calls and sign-ins, towards controllers.
func (d *Device) Traces() tpcp.Traces { return ladders{d} }

// Traces implements tpcp.Traces.
func (l ladders) Traces() []tpcp.Trace {
	out := []tpcp.Trace{}
	for _, of := range l.d.trace.All() {
		if len(of.Entries) == 0 { // a call whose first message was never sent
			continue
		}
		t := tpcp.Trace{TraceID: traceID(&of), CallIDs: []string{}, AOR: of.Account, BeganAt: tpcp.Time{Time: of.Began()}, Omitted: of.Omitted}
		for _, c := range of.Calls {
			t.CallIDs = append(t.CallIDs, tpcp.CallName(phone.CallID(c)))
		}
		if t.AOR == "" {
			uri, ours := of.With()
			t.URI, t.Dir = uri, map[bool]string{true: "out", false: "in"}[ours]
		}
		for _, s := range trace.Explain(&of) {
			if s.Message {
				t.Messages++
				t.Last = s.Tag
			}
		}
		out = append(out, t)
	}
	return out
}

// Trace implements tpcp.Traces.
func (l ladders) Trace(id, format string) ([]byte, bool) {
	for _, of := range l.d.trace.All() {
		if traceID(&of) != id {
			continue
		}
		write := trace.WritePCAP
		if format == tpcp.TraceText {
			write = trace.WriteText
		}
		var file bytes.Buffer
		err := write(&file, &of)
		return file.Bytes(), err == nil
	}
	return nil, false
}

func traceID(l *trace.Ladder) string { return fmt.Sprintf("t-%d", l.ID) }
