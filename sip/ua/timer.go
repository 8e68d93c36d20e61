package ua

import (
	"strings"
	"time"

	"opendeskphone/sip/stack"
)

// minSession is the shortest session interval in seconds (RFC 4028 §4).
const minSession = 90

// session is the session timer of a call (RFC 4028): it finds out that the far
// side has vanished without a BYE.
type session struct {
	interval int  // seconds; 0 is none
	ours     bool // we refresh
	update   bool // by UPDATE, which needs no offer
	due      *stack.Timer
	dead     *stack.Timer
}

func (s *session) stop() {
	s.due.Stop()
	s.dead.Stop()
}

// askTimer asks for a session timer in an INVITE that makes a call.
func (c *call) askTimer(req *stack.Request, least int) {
	want := int(c.u.cfg.Session / time.Second)
	if want < minSession {
		return
	}
	if least > 0 {
		req.AppendHeader(stack.NewHeader("Min-SE", itoa(least)))
	}
	req.AppendHeader(stack.NewHeader("Session-Expires", itoa(max(want, least))))
}

// refresh asks for the agreed timer in a request of ours within the call. Who
// refreshes stays who it is.
func (s *session) refresh(req *stack.Request) {
	if s.interval == 0 {
		return
	}
	who := "uas"
	if s.ours {
		who = "uac"
	}
	req.AppendHeader(stack.NewHeader("Session-Expires", itoa(s.interval)+";refresher="+who))
}

// sessionExpires reads the header; 0 is none or nonsense.
func sessionExpires(msg interface {
	GetHeader(string) stack.Header
}) (seconds int, refresher string) {
	h := msg.GetHeader("Session-Expires")
	if h == nil {
		return 0, ""
	}
	value, params, _ := strings.Cut(h.Value(), ";")
	for p := range strings.SplitSeq(params, ";") {
		if k, v, _ := strings.Cut(p, "="); strings.EqualFold(strings.TrimSpace(k), "refresher") {
			refresher = strings.ToLower(strings.TrimSpace(v))
		}
	}
	return atoi(strings.TrimSpace(value)), refresher
}

// tooShort is the interval we want at least, if a request asks for less.
func (u *UA) tooShort(req *stack.Request) int {
	n, _ := sessionExpires(req)
	if n > 0 && n < minSession && has(req, "Supported", "timer") {
		return minSession
	}
	return 0
}

// agree takes the timer of a 2xx to our request.
func (s *session) agree(c *call, res *stack.Response) {
	s.update = has(res, "Allow", "UPDATE")
	n, refresher := sessionExpires(res)
	s.start(c, n, refresher != "uas")
}

// grant answers the timer of a request of theirs.
func (s *session) grant(c *call, req *stack.Request, res *stack.Response) {
	s.update = has(req, "Allow", "UPDATE")
	n, refresher := sessionExpires(req)
	if n == 0 {
		s.start(c, 0, false)
		return
	}
	n = max(n, minSession)
	able := has(req, "Supported", "timer")
	ours := refresher == "uas" || !able
	who := "uac"
	if ours {
		who = "uas"
	} else {
		res.AppendHeader(stack.NewHeader("Require", "timer"))
	}
	res.AppendHeader(stack.NewHeader("Session-Expires", itoa(n)+";refresher="+who))
	s.start(c, n, ours)
}

// start runs the timer anew: the refresher refreshes at half time, the other
// side gives up shortly before the end (RFC 4028 §10).
func (s *session) start(c *call, seconds int, ours bool) {
	s.stop()
	s.interval, s.ours = min(seconds, 86400), ours
	if s.interval < minSession {
		s.interval = 0
		return
	}
	whole := time.Duration(s.interval) * time.Second
	if ours {
		s.due = c.u.stack.After(whole/2, func() { s.refreshNow(c) })
	}
	s.dead = c.u.stack.After(whole-min(32*time.Second, whole/3), func() {
		if c.phase == talking {
			c.leg.bye(stack.NewHeader("Reason", `SIP;cause=408;text="Session timer expired"`))
			c.end(Ended{Call: c.ref, Cause: 408, Text: "far side lost"})
		}
	})
}

// refreshNow refreshes by UPDATE, or asks for an offer to do it by re-INVITE.
func (s *session) refreshNow(c *call) {
	if c.phase != talking {
		return
	}
	if !s.update {
		c.due()
		return
	}
	req := c.leg.request(stack.UPDATE)
	s.refresh(req)
	c.leg.ask(req, func(_ *ask, res *stack.Response, err error) {
		switch {
		case c.phase != talking:
		case err == nil && res.StatusCode < 300:
			c.leg.Refresh(res.Contact())
			s.agree(c, res)
		case err == nil && (res.StatusCode == 408 || res.StatusCode == 481):
			c.leg.bye()
			c.end(Ended{Call: c.ref, Cause: res.StatusCode, Text: "far side lost"})
		case err == nil && (res.StatusCode == 405 || res.StatusCode == 501):
			s.update = false
			c.due()
		default: // the dead timer decides
			s.due = c.u.stack.After(10*time.Second, func() { s.refreshNow(c) })
		}
	})
}
