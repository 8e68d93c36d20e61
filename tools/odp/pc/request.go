package pc

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"

	"opendeskphone/firmware/tpcp"
)

// Request gives a phone (empty: the selected one) a TPCP request and waits for the answer. What it says no
// to is a *Refusal.
func (a *Agent) Request(ctx context.Context, phone, method string, params map[string]any) (json.RawMessage, error) {
	s, err := a.choose(phone)
	if err != nil {
		return nil, err
	}
	if params == nil {
		params = map[string]any{}
	}
	if acts(method) && params["idem"] == nil {
		params = maps.Clone(params)
		params["idem"] = uuid()
	}
	var out json.RawMessage
	if err := s.request(ctx, method, params, &out); err != nil {
		return nil, refused(err)
	}
	return out, nil
}

// acts tells whether a method changes something, so that it must not be done twice.
func acts(method string) bool {
	for _, end := range []string{".list", ".get", ".stats", "ping"} {
		if strings.HasSuffix(method, end) {
			return false
		}
	}
	return true
}

// uuid makes a random UUID (RFC 9562 §5.4).
func uuid() string {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// Log gives the call log of a phone, or of one conversation there, newest first, at most limit calls.
func (a *Agent) Log(ctx context.Context, phone, conversation string, limit int) ([]tpcp.LogEntry, error) {
	s, err := a.choose(phone)
	if err != nil {
		return nil, err
	}
	var out []tpcp.LogEntry
	for more := true; more && len(out) < limit; {
		var r tpcp.LogResult
		if err := s.request(ctx, "log.list", tpcp.LogParams{Limit: min(limit-len(out), 100), Skip: len(out), ConversationID: conversation}, &r); err != nil {
			return nil, refused(err)
		}
		out = append(out, r.Calls...)
		more = r.More && len(r.Calls) > 0
	}
	a.nameLog(out)
	return out, nil
}

// nameLog puts the names of contacts to calls.
func (a *Agent) nameLog(log []tpcp.LogEntry) {
	for i := range log {
		if c, ok := a.cfg.Contacts.Named(log[i].URI); ok {
			log[i].Display = c.Name
		}
	}
}

// choose finds the session of a phone by its ID, the beginning of it, or its name; empty: the selected one.
func (a *Agent) choose(phone string) (*session, error) {
	v := a.View()
	if phone == "" && v.Selected == "" {
		return nil, Nothing(v)
	}
	id := v.Selected
	if phone != "" {
		var found []string
		for _, p := range v.Phones {
			if p.ID == phone {
				found = []string{p.ID}
				break
			}
			if strings.EqualFold(p.Name, phone) || len(phone) >= 4 && strings.HasPrefix(p.ID, strings.ToLower(phone)) {
				found = append(found, p.ID)
			}
		}
		if len(found) != 1 {
			return nil, &Refusal{Kind: Usage, Words: fmt.Sprintf("%d phones are called %q.", len(found), phone), Hint: "\"odp status\" lists them."}
		}
		id = found[0]
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.sessions[id], nil
}

// Nothing says that there is no phone at all, and what there is instead.
func Nothing(v View) error {
	hint := "Connect the phone's USB socket to this computer, with a cable that carries data."
	if len(v.Seen) > 0 {
		hint += "\nOn the USB there are now:\n  " + strings.Join(v.Seen, "\n  ")
	}
	return &Refusal{Kind: NoPhone, Words: "No phone found.", Hint: hint}
}

// why says why a phone takes no requests.
func (a *Agent) why(id string) error {
	v := a.View()
	p := v.Phone(id)
	if p == nil {
		return Nothing(v)
	}
	return p.Why()
}

// Why says why the phone takes no requests now.
func (p *Phone) Why() *Refusal {
	r := &Refusal{Kind: Unreachable, Words: p.Problem, Hint: p.Hint}
	switch p.Link {
	case Denied:
		r.Kind = NoPermission
	case Unpaired:
		r.Kind, r.Words, r.Hint = NotPaired, "The phone is not paired with this computer.", "\"odp pair\" pairs it."
	case Refused:
		r.Kind = ByPhone
	}
	if r.Words == "" {
		r.Words = "The phone is not reachable yet: " + string(p.Link) + "."
	}
	return r
}

// refused makes a Refusal of what a phone answered; nil stays nil.
func refused(err error) error {
	var e *tpcp.Error
	if !errors.As(err, &e) {
		return err
	}
	return &Refusal{Kind: ByPhone, Words: words(err), Code: int(e.Code)}
}

// sentences say what the codes of TPCP mean to somebody who never heard of it.
var sentences = map[tpcp.Code]string{
	tpcp.CodeRightMissing:       "The phone does not let this computer do that; its rights are set on the phone.",
	tpcp.CodeAttachRequired:     "For that the cable must be plugged in.",
	tpcp.CodeNoSuchCall:         "There is no such call.",
	tpcp.CodeNoSuchLine:         "The phone has no such line.",
	tpcp.CodeBadState:           "The call is not in a state for that.",
	tpcp.CodeLineNotRegistered:  "The phone's line is not registered, so it cannot call now.",
	tpcp.CodeResource:           "The phone has no room for more: too many calls or computers.",
	tpcp.CodeConflict:           "The call has changed meanwhile; look and try again.",
	tpcp.CodeBusyOther:          "The phone is busy with another request.",
	tpcp.CodeNotSupported:       "This phone cannot do that.",
	tpcp.CodeInvalidDestination: "The phone cannot dial that number.",
	tpcp.CodeEmergencyGuard:     "This is an emergency call: only the phone itself may end, hold or move it.",
	tpcp.CodeLocked:             "The phone is locked; unlock it first.",
	tpcp.CodeRateLimited:        "Too many requests at once; wait a moment.",
	tpcp.CodeUserDeclined:       "It was declined on the phone.",
	tpcp.CodeTimeout:            "Nothing came of it in time.",
	tpcp.CodeSIPFailure:         "The network refused",
	tpcp.CodeMediaFailure:       "The other side and the phone have no way of talking in common.",
	tpcp.CodeTransferFailed:     "The transfer failed; the call is still here.",
	tpcp.CodePolicy:             "The phone's settings forbid that.",
	tpcp.CodeStorage:            "The phone cannot keep more.",
}

// words says what a phone answered, for people.
func words(err error) string {
	var e *tpcp.Error
	if !errors.As(err, &e) {
		return sentence(err)
	}
	s, ok := sentences[e.Code]
	switch {
	case !ok:
		return sentence(err)
	case e.Code == tpcp.CodeSIPFailure && e.Data != nil && e.Data.SIP != nil:
		return fmt.Sprintf("%s: %d %s.", s, e.Data.SIP.Code, e.Data.SIP.Reason)
	case e.Code == tpcp.CodeSIPFailure:
		return s + "."
	}
	return s
}
