package tpcp

import (
	"fmt"
	"strings"
	"time"

	"opendeskphone/firmware/phone"
)

// call gives a call as it was told last: one that goes on, or one that ended not long ago.
func (r *request) call(id phone.CallID) (Call, bool) {
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	r.server.catchUp()
	if t := r.server.calls[id]; t != nil {
		return t.told, true
	}
	e, ok := r.server.ended[id]
	return e.call, ok
}

// shown is the result of most methods on calls.
func (r *request) shown(id phone.CallID) (any, error) {
	c, ok := r.call(id)
	if !ok {
		return nil, refuse(CodeNoSuchCall, "the call is over")
	}
	return CallResult{c}, nil
}

// ask gives a command about a call and shows the call.
func (r *request) ask(id phone.CallID, c phone.Command) (any, error) {
	if err := r.do(c); err != nil {
		return nil, err
	}
	return r.shown(id)
}

// path reads a terminal; ok is false where none was given.
func (r *request) path(t *Terminal) (p phone.Path, ok bool, err error) {
	if t == nil || t.Terminal == "" {
		return 0, false, nil
	}
	p, ok = terminals[t.Terminal]
	switch {
	case t.Terminal == "usb":
		return 0, false, refuse(CodeNotSupported, "the computer is no terminal of this phone")
	case !ok:
		return 0, false, refuse(CodeBadParams, fmt.Sprintf("there is no terminal %q", cut(t.Terminal)))
	case p == phone.Handset && !r.server.control.State().OffHook:
		return 0, false, refuse(CodeBadState, "the handset is in its cradle")
	}
	return p, true, nil
}

// moved moves the voice if a terminal was wanted.
func (r *request) moved(p phone.Path, wanted bool) error {
	if !wanted {
		return nil
	}
	return r.do(phone.SetPath{Path: p})
}

// keepsEmergency refuses what would push an emergency call out of the foreground.
func (r *request) keepsEmergency() error {
	s := r.server
	s.mu.Lock()
	defer s.mu.Unlock()
	s.catchUp()
	if f := s.state.Foreground(); f != nil && s.calls[f.ID].emergency {
		return refuse(CodeEmergencyGuard, "an emergency call goes on")
	}
	return nil
}

func callMake(r *request, p MakeParams) (any, error) {
	st := r.server.control.State()
	line := st.Selected
	if p.LineID != "" {
		line = parseLine(p.LineID)
	}
	path, wanted, err := r.path(p.LegA)
	switch {
	case err != nil:
		return nil, err
	case p.AutoOffHook != nil && !*p.AutoOffHook:
		return nil, refuse(CodeNotSupported, "this phone calls at once")
	case p.ConversationID != "" && !isID(p.ConversationID):
		return nil, refuse(CodeBadParams, "conversationId must be 1 to 64 printable ASCII characters without spaces")
	case st.Line(line) == nil:
		return nil, refuse(CodeNoSuchLine, "there is no such line")
	}
	to, err := destination(p.To)
	if err != nil {
		return nil, err
	}
	if err := r.keepsEmergency(); err != nil {
		return nil, err
	}
	if err := r.do(phone.Dial{Line: line, Number: to, Conversation: p.ConversationID, Withheld: p.Withhold}); err != nil {
		return nil, err
	}
	id := r.made()
	if err := r.moved(path, wanted); err != nil {
		return nil, err
	}
	return r.shown(id)
}

// made is the call that this controller began last.
func (r *request) made() phone.CallID {
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	return r.server.made[r.session.origin]
}

// destination takes digits as people write them, a tel URI (RFC 3966) or a SIP URI; the centre reads it.
func destination(to string) (string, error) {
	if to = strings.TrimSpace(to); to == "" {
		return "", refuse(CodeInvalidDestination, "to is empty")
	}
	return to, nil
}

func callAnswer(r *request, p AnswerParams) (any, error) {
	path, wanted, err := r.path(p.LegA)
	if err != nil {
		return nil, err
	}
	id := parseCall(p.CallID)
	if !r.answered(id) {
		if err := r.keepsEmergency(); err != nil {
			return nil, err
		}
		if err := r.do(phone.Answer{Call: id}); err != nil && !r.answered(id) {
			return nil, err
		}
		if err := r.moved(path, wanted); err != nil {
			return nil, err
		}
	}
	return r.shown(id)
}

// answered tells whether somebody has answered a call that came in.
func (r *request) answered(id phone.CallID) bool {
	c := r.server.control.State().Call(id)
	return c != nil && !c.Answered.IsZero()
}

func callReject(r *request, p RejectParams) (any, error) {
	id := parseCall(p.CallID)
	switch p.How {
	case "", "busy", "decline":
		return r.ask(id, phone.Reject{Call: id})
	case "silent":
		if c := r.server.control.State().Call(id); c == nil || c.State != phone.Ringing {
			return nil, phone.WrongState
		}
		return r.ask(id, phone.Silence{})
	case "voicemail":
		return r.ask(id, phone.ToMailbox{Call: id})
	}
	return nil, refuse(CodeBadParams, "how is busy, decline, silent or voicemail")
}

func mwiGet(r *request, p LineParams) (any, error) {
	l := r.server.control.State().Line(parseLine(p.LineID))
	if l == nil {
		return nil, phone.NoSuchLine
	}
	return MWIResult{p.LineID, viewMail(l.Mail)}, nil
}

func voicemailCall(r *request, p VoicemailParams) (any, error) {
	line := r.server.control.State().Selected
	if p.LineID != "" {
		line = parseLine(p.LineID)
	}
	if err := r.keepsEmergency(); err != nil {
		return nil, err
	}
	if err := r.do(phone.CallMailbox{Line: line}); err != nil {
		return nil, err
	}
	return r.shown(r.made())
}

func callDeflect(r *request, p ToParams) (any, error) {
	to, err := destination(p.To)
	if err != nil {
		return nil, err
	}
	id := parseCall(p.CallID)
	return r.ask(id, phone.Deflect{Call: id, Target: to})
}

func callHangup(r *request, p CallParams) (any, error) {
	id := parseCall(p.CallID)
	if err := r.do(phone.Hangup{Call: id}); err != nil && err != phone.NoSuchCall {
		return nil, err
	}
	return r.shown(id)
}

func callHold(r *request, p HoldParams) (any, error) {
	id := parseCall(p.CallID)
	return r.ask(id, phone.Hold{Call: id, Private: p.Private})
}

func callResume(r *request, p CallParams) (any, error) {
	if err := r.keepsEmergency(); err != nil {
		return nil, err
	}
	id := parseCall(p.CallID)
	return r.ask(id, phone.Resume{Call: id})
}

// callSwap is one step for the core: resuming a call holds the other.
func callSwap(r *request, p SwapParams) (any, error) {
	st := r.server.control.State()
	held, active := st.Call(parseCall(p.HeldCallID)), st.Call(parseCall(p.ActiveCallID))
	switch {
	case held == nil || active == nil:
		return nil, phone.NoSuchCall
	case held.State != phone.Held || active.State != phone.Talking:
		return nil, phone.WrongState
	}
	if err := r.keepsEmergency(); err != nil {
		return nil, err
	}
	return r.ask(held.ID, phone.Resume{Call: held.ID})
}

const (
	maxDigits  = 32
	digitLeast = 40 // ms (RFC 4733 §2.5.1.2)
	digitMost  = 1000
	digitTime  = 160 // ms a digit is sent at least, whatever was asked for
)

func callDTMF(r *request, p DTMFParams) (any, error) {
	dur, gap := or(p.DurMs, 100), or(p.GapMs, 70)
	switch {
	case p.Digits == "" || len(p.Digits) > maxDigits || strings.Trim(p.Digits, "0123456789*#ABCDabcd") != "":
		return nil, refuse(CodeBadParams, "digits are 1 to 32 of 0-9 * # A-D")
	case dur < digitLeast || dur > digitMost || gap < digitLeast || gap > digitMost:
		return nil, refuse(CodeBadParams, "durMs and gapMs are 40 to 1000")
	}
	id := parseCall(p.CallID)
	if !r.server.occupy(id) {
		return nil, refuse(CodeBusyOther, "digits are being sent on this call")
	}
	defer r.server.release(id)
	r.ctx = r.leg.life // a leg that breaks does not cut a number in two
	for i, d := range strings.ToUpper(p.Digits) {
		if i > 0 {
			select {
			case <-time.After(time.Duration(max(dur, digitTime)+gap) * time.Millisecond):
			case <-r.ctx.Done():
				return nil, phone.Stopped
			}
		}
		if err := r.do(phone.SendDTMF{Call: id, Digit: d}); err != nil {
			return nil, err
		}
	}
	return r.shown(id)
}

func or(v, otherwise int) int {
	if v == 0 {
		return otherwise
	}
	return v
}

// occupy marks that digits are being sent on a call; only one may.
func (s *Server) occupy(id phone.CallID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sending[id] {
		return false
	}
	s.sending[id] = true
	return true
}

func (s *Server) release(id phone.CallID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sending, id)
}

func callMute(r *request, p MuteParams) (any, error) {
	if p.CallID != "" {
		if err := r.server.checkCall(CallParams{p.Act, p.CallID}, r); err != nil {
			return nil, err
		}
		if !inFront(r.server.control.State(), parseCall(p.CallID)) {
			return nil, refuse(CodeBadState, "the call has not the microphone")
		}
	}
	return r.askDevice(phone.Mute{On: p.On})
}

func callLegA(r *request, p LegAParams) (any, error) {
	path, wanted, err := r.path(&p.Terminal)
	if err != nil {
		return nil, err
	}
	if !wanted {
		return nil, refuse(CodeBadParams, "terminal is handset, headset or speaker")
	}
	id := parseCall(p.CallID)
	if !inFront(r.server.control.State(), id) {
		return nil, refuse(CodeBadState, "the call has not the terminal")
	}
	return r.ask(id, phone.SetPath{Path: path})
}

func callList(r *request) (any, error) {
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	r.server.catchUp()
	return CallsResult{r.server.snapshot().Calls}, nil
}

func callNote(r *request, p NoteParams) (any, error) {
	switch {
	case p.Text == "" || len(p.Text) > maxNote || strings.ContainsFunc(p.Text, isControl):
		return nil, refuse(CodeBadParams, "text is 1 to 512 bytes without control characters")
	case len(p.ClientData) > 0:
		return nil, refuse(CodeNotSupported, "this phone keeps a note's text alone")
	}
	id := parseCall(p.CallID)
	if err := r.server.services.Log.Note(id, p.Text); err != nil {
		return nil, err
	}
	r.logChanged()
	return r.shown(id)
}

func isControl(c rune) bool { return c < ' ' && c != '\n' && c != '\t' || c == 0x7f }
