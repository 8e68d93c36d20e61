package trace

import (
	"bytes"
	"strconv"
	"strings"
	"time"
)

// Step is one line of a ladder in words: what happened, and whether it happened again.
type Step struct {
	At      time.Time
	Out     bool    // from us to them
	Message bool    // else it is a note
	Meaning Meaning // see Saying
	Again   bool    // the same message as before: no answer had come
	Tag     string  // what it is called in SIP: "INVITE", "180 Ringing"; of a note, its text
	Entry   int     // index in Ladder.Entries
}

// Sound tells whether the step is about the sound.
func (s *Step) Sound() bool { return s.Meaning >= Hears }

// Fault tells whether the step is one that went wrong.
func (s *Step) Fault() bool { return s.Meaning == NotReached || English[s.Meaning].Do != "" }

// Explain says what each entry of a ladder means.
func Explain(l *Ladder) []Step {
	x := explainer{asked: map[string]Meaning{}, seen: map[string]bool{}}
	steps := make([]Step, 0, len(l.Entries))
	for i := range l.Entries {
		e := &l.Entries[i]
		s := Step{At: e.At, Out: e.Out, Entry: i, Meaning: e.Note, Tag: e.Text, Message: e.Data != nil}
		if e.Data != nil {
			m := read(e.Data)
			s.Tag, s.Meaning = m.tag(), x.message(e.Out, &m)
			key := strconv.FormatBool(e.Out) + string(e.Data)
			s.Again = x.seen[key]
			x.seen[key] = true
		}
		steps = append(steps, s)
	}
	return steps
}

// explainer is what the meaning of a message depends on: those before it.
type explainer struct {
	asked  map[string]Meaning // requests by side and CSeq
	seen   map[string]bool    // messages
	stands bool               // the call was answered
	failed bool               // the last final response to an INVITE was a refusal
	proven bool               // we have proven the password at least once
	held   [2]bool            // who holds: they, we
}

func side(out bool) int {
	if out {
		return 1
	}
	return 0
}

func (x *explainer) message(out bool, m *message) Meaning {
	if m.code == 0 {
		word := x.request(out, m)
		x.asked[strconv.Itoa(side(out))+m.cseq] = word
		return word
	}
	return x.response(m, x.asked[strconv.Itoa(side(!out))+m.cseq])
}

// requests are those whose meaning depends on nothing.
var requests = map[string]Meaning{
	"CANCEL": GivesUp, "BYE": HangsUp, "PRACK": TakesNote, "REFER": Refers, "NOTIFY": Tells, "OPTIONS": Looks, "MESSAGE": Informs, "SUBSCRIBE": Asks,
}

func (x *explainer) request(out bool, m *message) Meaning {
	x.proven = x.proven || out && m.proof
	switch m.method {
	case "REGISTER":
		switch {
		case m.expires == "0":
			return SignsOut
		case m.proof:
			return SignsInProven
		}
		return SignsIn
	case "ACK":
		if x.failed {
			return NotesRefusal
		}
		return Confirms
	case "INFO":
		if strings.Contains(m.kind, "dtmf") || strings.Contains(m.kind, "telephone-event") {
			return PressesKey
		}
		return Informs
	case "INVITE", "UPDATE":
		return x.offer(out, m)
	}
	if word, ok := requests[m.method]; ok {
		return word
	}
	return Asks
}

// offer tells a new call from what changes one.
func (x *explainer) offer(out bool, m *message) Meaning {
	held := &x.held[side(out)]
	switch {
	case m.method == "INVITE" && !x.stands && m.replaces:
		return TakesPlace
	case m.method == "INVITE" && !x.stands && m.proof:
		return CallsProven
	case m.method == "INVITE" && !x.stands:
		return Calls
	case m.direction == "":
		return Refreshes
	case m.direction == "sendonly" || m.direction == "inactive":
		if *held {
			return Refreshes
		}
		*held = true
		return Holds
	case *held:
		*held = false
		return Resumes
	}
	return Changes
}

// refusals are the final responses by their code; the rest go by their class.
var refusals = map[int]Meaning{
	403: Forbidden, 404: NotFound, 408: TimedOut, 410: NotFound, 415: NoCommonSound, 422: WantsLonger, 423: WantsLonger, 480: Away, 481: Forgotten,
	482: Loops, 483: Loops, 484: NotFound, 486: Busy, 487: Over, 488: NoCommonSound, 491: Crossed, 504: TimedOut, 600: Busy, 603: Declines, 604: NotFound, 606: NoCommonSound,
}

func (x *explainer) response(m *message, to Meaning) Meaning {
	if m.code >= 200 && strings.HasSuffix(m.cseq, " INVITE") {
		x.failed = m.code >= 300
		x.stands = x.stands || m.code < 300
	}
	switch {
	case m.code < 200:
		return progress(m)
	case m.code < 300:
		return agreed(to)
	case m.code < 400:
		return Elsewhere
	case m.code == 401 || m.code == 407:
		if (to == SignsInProven || to == CallsProven) && !m.stale {
			return WrongPassword
		}
		return WantsPassword
	}
	if word, ok := refusals[m.code]; ok {
		return word
	}
	if m.code >= 500 && m.code < 600 {
		return ServerFault
	}
	return Refuses
}

func progress(m *message) Meaning {
	switch {
	case m.code == 100:
		return Works
	case m.direction != "" && m.direction != "inactive":
		return EarlySound
	case m.code == 180:
		return Rings
	case m.code == 181:
		return PassedOn
	}
	return Progresses
}

// agreed is what a 2xx says to a request.
func agreed(to Meaning) Meaning {
	switch to {
	case Calls, CallsProven, TakesPlace:
		return Answers
	case SignsIn, SignsInProven:
		return SignedIn
	case SignsOut:
		return SignedOut
	}
	return Agrees
}

// message is what Explain reads of a message.
type message struct {
	method    string
	code      int
	reason    string
	cseq      string // "2 INVITE"
	kind      string // of the body, in lower case
	expires   string
	direction string // of the first medium; "" without a session description
	proof     bool   // proves a password
	replaces  bool
	stale     bool // the challenge only wants a new nonce
}

// read reads a message without caring whether it is a good one: what is missing stays empty.
func read(data []byte) (m message) {
	head, body := split(data)
	for i, f := range fields(head) {
		if i == 0 {
			m.start(string(bytes.TrimSpace(f)))
			continue
		}
		name, value, _ := bytes.Cut(f, []byte(":"))
		v := strings.TrimSpace(string(value))
		switch strings.ToLower(strings.TrimSpace(string(name))) {
		case "cseq":
			m.cseq = strings.Join(strings.Fields(v), " ")
		case "content-type", "c":
			m.kind = strings.ToLower(v)
		case "expires":
			m.expires = v
		case "contact", "m":
			if _, after, ok := strings.Cut(strings.ToLower(v), ";expires="); ok && m.expires == "" {
				m.expires, _, _ = strings.Cut(after, ";")
			}
		case "authorization", "proxy-authorization":
			m.proof = true
		case "www-authenticate", "proxy-authenticate":
			m.stale = m.stale || strings.Contains(strings.ToLower(v), "stale=true")
		case "replaces":
			m.replaces = true
		}
	}
	if len(body) > 0 && (m.kind == "" || strings.Contains(m.kind, "sdp")) {
		m.direction = directionOf(body)
	}
	return m
}

// start reads the first line.
func (m *message) start(line string) {
	words := strings.SplitN(line, " ", 3)
	if len(words) < 2 {
		return
	}
	if !strings.HasPrefix(strings.ToUpper(words[0]), "SIP/") {
		m.method = words[0]
		return
	}
	if code, err := strconv.Atoi(words[1]); err == nil && code >= 100 && code < 700 {
		m.code = code
	}
	if len(words) == 3 {
		m.reason = words[2]
	}
}

// maxTag bounds the names of steps, in bytes.
const maxTag = 48

// tag is what the message is called, cleaned of what no screen should show.
func (m *message) tag() string {
	t := m.method
	if m.code != 0 {
		t = strings.TrimSpace(strconv.Itoa(m.code) + " " + m.reason)
	}
	return printable(t[:min(len(t), maxTag)])
}

// printable is text with everything but printable ASCII replaced.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '.'
		}
		return r
	}, s)
}

// directionOf is the direction of the first medium of a session description (RFC 8866 §6.7).
func directionOf(body []byte) string {
	whole, media := "sendrecv", 0
	for _, line := range lines(body) {
		if bytes.HasPrefix(line, []byte("m=")) {
			media++
		}
		if media > 1 {
			break
		}
		if d, ok := strings.CutPrefix(string(line), "a="); ok && (d == "sendrecv" || d == "sendonly" || d == "recvonly" || d == "inactive") {
			whole = d
		}
	}
	return whole
}
