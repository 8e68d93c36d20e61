package ua

import (
	"strings"

	"opendeskphone/sip/stack"
)

// Story is what the signalling of a call knows of it, for who reports on calls.
type Story struct {
	Call                CallRef
	Account             AccountID
	CallID              string
	LocalTag, RemoteTag string // RemoteTag is empty while nobody has answered
	Local, Remote       Peer
	Caller              bool // we called
}

// The events of a call's story. They come besides those of the call itself, and before them.
type (
	// Stood: the call was answered, by us or by them.
	Stood struct{ Story }
	// Over: the call is over, or has not come about.
	Over struct {
		Story
		Answered    bool
		GivenUp     bool   // never answered: by its own caller's wish
		Code        int    // SIP response code or cause that ended it, 0 if none did
		Text        string // its words, cleaned
		Reason      string // Reason header of the refusal (RFC 3326), cleaned
		Diagnostics string // ms-diagnostics header of it, cleaned
	}
)

func (Stood) event() {}
func (Over) event()  {}

func (c *call) story() Story {
	s := Story{Call: c.ref, Account: c.acc.id, CallID: c.key.callID, LocalTag: c.key.tag, RemoteTag: c.outcome.tag, Remote: c.remote, Caller: c.caller,
		Local: Peer{URI: Clean(c.acc.p.aor.String()), User: Clean(unescape(c.acc.p.aor.User)), Display: Clean(c.acc.p.Display)}}
	if c.leg != nil {
		s.RemoteTag = c.leg.ID.RemoteTag
	}
	if c.caller {
		s.Remote = peer("", c.dial.to)
	}
	return s
}

// outcome is how a call ends, as far as its events do not say it.
type outcome struct {
	stood       bool
	told        bool
	code        int
	text        string
	tag         string // of who refused
	reason      string
	diagnostics string
}

// stands notes that the call was answered.
func (c *call) stands() {
	c.outcome.stood = true
	c.u.on(Stood{c.story()})
}

// refused notes what a refusal says.
func (c *call) refused(res *stack.Response) {
	o := &c.outcome
	o.tag = stack.Tag(res.To().Params)
	for _, h := range res.GetHeaders("Reason") {
		o.reason = Clean(h.Value())
	}
	o.diagnostics = diagnostics(res)
}

// over tells the end of the story, once.
func (c *call) over(e Event) {
	o := &c.outcome
	if o.told {
		return
	}
	o.told = true
	out := Over{Story: c.story(), Answered: o.stood, Code: o.code, Text: o.text, Reason: o.reason, Diagnostics: o.diagnostics}
	switch e := e.(type) {
	case Failed:
		out.Code, out.Text = e.Code, e.Text
	case Ended:
		if e.Cause != 0 {
			out.Code, out.Text = e.Cause, e.Text
		}
		out.GivenUp = !o.stood && (e.ByRemote || o.code == 0 && e.Cause == 0)
	}
	c.u.on(out)
}

// diagnostics are a server's own words of why it refuses ([MS-OCER] §2.2.1), empty if it gives none.
func diagnostics(res *stack.Response) string {
	for _, name := range []string{"ms-diagnostics", "ms-diagnostics-public"} {
		for _, h := range res.GetHeaders(name) {
			if v := strings.TrimSpace(h.Value()); v != "" {
				return Clean(v)
			}
		}
	}
	return ""
}
