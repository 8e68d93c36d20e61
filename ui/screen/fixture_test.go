package screen

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"opendeskphone/audio/quality"
	"opendeskphone/firmware/phone"
	"opendeskphone/sip/trace"
	"opendeskphone/ui/widget"
)

// The people and calls of these tests are invented; numbers are from ranges kept free for fiction.

var now = time.Date(2025, 11, 20, 14, 32, 10, 0, time.UTC)

func at(hour, minute int) time.Time { return time.Date(2025, 11, 20, hour, minute, 0, 0, time.UTC) }

type book struct {
	people []Contact
	fail   bool
}

func (b *book) Contacts() []Contact { return b.people }
func (b *book) AddContact(c Contact) error {
	if b.fail {
		return errors.New("no space left on device")
	}
	c.ID = c.Name
	b.people = append(append([]Contact{}, b.people...), c)
	return nil
}
func (b *book) DeleteContact(id string) error {
	var left []Contact
	for _, c := range b.people {
		if c.ID != id {
			left = append(left, c)
		}
	}
	b.people = left
	return nil
}

type history []phone.Record

func (h history) Calls() []phone.Record { return h }
func (h *history) NoteLogged(id, note string) error {
	for i := range *h {
		if (*h)[i].ID == id {
			*h = slices.Clone(*h)
			(*h)[i].Note = note
			return nil
		}
	}
	return errors.New("no such call")
}
func (h *history) DeleteCalls(ids ...string) int {
	n := len(*h)
	*h = slices.DeleteFunc(slices.Clone(*h), func(r phone.Record) bool { return slices.Contains(ids, r.ID) })
	return n - len(*h)
}

type sounds map[phone.CallID]Stats

func (s sounds) Stats(id phone.CallID) Stats { return s[id] }

type options struct {
	o        Options
	accounts map[phone.LineID]Account
	fail     bool
	rules    *phone.Rules // that were set
	refuse   error
	places   []string
}

func (o *options) Account(l phone.LineID) Account { return o.accounts[l] }
func (o *options) SetAccount(l phone.LineID, a Account) error {
	if o.fail {
		return errors.New("lines[0].server: must be a host name")
	}
	o.accounts[l] = a
	return nil
}
func (o *options) Options() Options             { return o.o }
func (o *options) SetOptions(n Options) error   { o.o = n; return nil }
func (o *options) SetRules(r phone.Rules) error { o.rules = &r; return o.refuse }
func (o *options) RingTones() []string          { return []string{"Classic", "Soft", "Bright"} }
func (o *options) Locations() []string          { return o.places }

// mail is how the reports of every line fare.
type mail struct{ Reporting }

func (m *mail) Reports(phone.LineID) Reporting { return m.Reporting }

func (o *options) About() About {
	return About{Version: "0.2.0", Addresses: []string{"192.0.2.17", "2001:db8::17"}, Hardware: "qemu-arm, 52:54:00:12:34:56", Hostname: "odp-123456", Free: 212_000_000,
		Network: Network{VLAN: 60, By: "lldp", Priority: 5, Switch: "sw-2-east", Port: "Gi1/0/7",
			Relays: []Relay{{"edge.example", true}, {"192.0.2.99", false}}}}
}

func persons() []Contact {
	return []Contact{
		{"1", "Aino Konttinen", "Helsinki office", []Number{{"work", "+358 9 5550 114"}}},
		{"2", "Dr. Chidi Okafor", "Clinic", []Number{{"work", "+44 20 7946 0018"}}},
		{"3", "Jonas Keller", "Nordwerk GmbH", []Number{{"mobile", "+491715550142"}, {"work", "+493055502200"}, {"sip", "jonas@nordwerk.example"}}},
		{"4", "Jonna Berg", "Accounts", []Number{{"work", "2419"}}},
		{"5", "Mira Patel", "Support", []Number{{"work", "2431"}, {"mobile", "+491715550777"}}},
		{"6", "Ola Nordmann", "", []Number{{"mobile", "+491715550906"}}},
		{"7", "Ruth Jones", "Head of support", []Number{{"work", "2440"}}},
		{"8", "Stern Café", "Stern Café", []Number{{"work", "0171 555 033"}}},
	}
}

// dialBook is a book in which three numbers begin alike.
func dialBook() []Contact {
	return []Contact{{"1", "Mira Patel", "Support", []Number{{"mobile", "0171 555 0142"}}}, {"2", "Ola Nordmann", "", []Number{{"mobile", "+491715550906"}}},
		{"3", "Stern Café", "Stern Café", []Number{{"work", "0171555033"}}}}
}

// worldBook is a book of names in many scripts.
func worldBook() []Contact {
	return []Contact{{"1", "佐藤 健一", "ノルドヴェルク", []Number{{"mobile", "+819055500142"}, {"work", "+81355502200"}, {"sip", "sato@nordwerk.example"}}},
		{"2", "佐藤 美咲", "経理", []Number{{"work", "2451"}}}, {"3", "里見 翔太", "サポート責任者", []Number{{"work", "2452"}}},
		{"4", "郷田 聡", "ヘルシンキ支社", []Number{{"work", "2453"}}}, {"5", "يوسف الكردي", "شركة نورد", []Number{{"mobile", "+491715550142"}}},
		{"6", "欧阳 明", "采购", []Number{{"work", "2454"}}}, {"7", "김민준", "회계", []Number{{"work", "2455"}}}}
}

func record(began time.Time, dir phone.Dir, number string, talk time.Duration) phone.Record {
	r := phone.Record{ID: began.Format("0215:04"), Conversation: number + began.Format(" 02"), Dir: dir, Remote: phone.Peer{Number: number}, Began: began, Ended: began.Add(20 * time.Second), Cause: phone.RemoteHangup}
	if talk > 0 {
		r.Answered = began.Add(8 * time.Second)
		r.Ended = r.Answered.Add(talk)
	}
	return r
}

func calls() history {
	const in, out = phone.Incoming, phone.Outgoing
	m := time.Minute
	return history{
		record(at(14, 5), in, "+491715550142", 0), record(at(13, 40), in, "+493055501182", 0), record(at(12, 22), out, "2431", 18*m),
		record(at(12, 14), in, "2440", 15*m), record(at(11, 47), out, "+491715550142", 8*m), record(at(11, 12), out, "2431", 6*m),
		record(at(10, 47), in, "2419", 28*m), record(at(10, 38), in, "+442079460018", 30*m), record(at(10, 22), out, "2440", 28*m),
		remembered(record(at(9, 20), in, "+491715550142", 3*m)), record(at(8, 33), in, "+358 9 5550 114", 22*m), record(at(8, 22), out, "2431", 5*m),
		record(at(16, 20).AddDate(0, 0, -1), out, "+491715550142", 8*m), record(at(9, 0).AddDate(0, 0, -3), in, "0171555033", 4*m),
	}
}

// Heights of an invented conversation's bars in px, of 62: what was heard, and what was sent.
var (
	heard = []int{4, 25, 36, 36, 51, 50, 43, 42, 35, 40, 50, 54, 54, 44, 39, 37, 14, 4, 4, 4, 6, 4, 4, 4, 4, 4, 5, 4, 4, 6, 5, 4, 4, 4, 8, 18, 32, 27, 30, 25, 37, 33,
		42, 56, 58, 62, 55, 44, 39, 19, 17, 4, 4, 4, 4, 4, 5, 5, 4, 4, 4, 4, 6, 6, 4, 4, 4, 4, 6, 8, 5, 16, 16, 30, 39, 47, 55, 62, 61, 60, 44, 36, 29, 23, 15, 18}
	sent = []int{5, 6, 6, 4, 4, 4, 4, 4, 4, 6, 4, 4, 4, 5, 4, 5, 6, 12, 28, 38, 34, 34, 32, 38, 40, 40, 48, 54, 52, 51, 56, 44, 28, 7, 6, 5, 6, 4, 5, 5, 5, 6, 4, 6, 6, 4,
		4, 4, 6, 4, 4, 7, 20, 18, 25, 22, 22, 39, 47, 52, 62, 62, 62, 54, 47, 29, 16, 18, 8, 4, 4, 5, 5, 4, 5, 4, 4, 4, 6, 4, 4, 4, 5, 5, 4, 5}
)

// voice is that conversation as seconds.
func voice() []widget.Second {
	out := make([]widget.Second, len(heard))
	dbfs := func(h int) int8 { return int8(-50 + (38*(h-4)+29)/58) }
	for i := range out {
		out[i] = widget.Second{Heard: dbfs(heard[i]), Sent: dbfs(sent[i]), MOS: 4.3}
	}
	return out
}

func good() Stats {
	sum := quality.Summary{Began: now.Add(-86 * time.Second), Seconds: 86, LQ: 4.4, CQ: 4.4, Least: 4.3, Fault: quality.NoFault, Codec: "Opus 48 kHz", PacketMS: 20,
		Delay: 38 * time.Millisecond, Jitter: 3 * time.Millisecond}
	return Stats{Codec: "Opus 48 kHz", Kbps: 32, Delay: 38 * time.Millisecond, MOS: 4.4, Trace: voice(), Sum: sum, RTT: 22 * time.Millisecond, LQ: 4.4, CQ: 4.4,
		Far: quality.Far{Known: true, LQ: 4.3}, Said: quality.Levels{Speech: -19, Noise: -58}, Heard: quality.Levels{Speech: -21, Noise: -62}}
}

// suffering is a call with a fault that showed for 14 s of it.
func suffering(f quality.Fault) Stats {
	s := good()
	s.Sum.Fault, s.Sum.From, s.Sum.Lasting, s.Sum.SpellLost = f, 40, 14, 0.09
	for i, c := range "llll..lll.lll." {
		if c == 'l' && f == quality.LostUp {
			s.Trace[40+i].FarLost = 0.3
		}
	}
	return s
}

// remembered is the call of this morning that suffered, as the log has it.
func remembered(r phone.Record) phone.Record {
	st := suffering(quality.LostUp)
	st.Sum.Began, st.Sum.Span, st.Sum.From, st.Sum.Lasting, st.Sum.FarLost = r.Answered, 180, 80, 28, 0.02
	st.Sum.Timeline = quality.Pack(st.Trace)
	r.Quality = st.Sum.String()
	return r
}

func poor() Stats {
	s := good()
	s.MOS, s.Loss, s.Sum.Fault, s.Sum.From, s.Sum.Lasting, s.Sum.SpellLost, s.Sum.Lost = 2.9, 0.09, quality.LostDown, 66, 14, 0.09, 0.02
	for i, c := range "lllffflllllflf" { // lost, fair
		sec := &s.Trace[66+i]
		if sec.MOS = 3.6; c == 'l' {
			sec.Lost, sec.MOS = 0.3, 2.5
		}
	}
	return s
}

func config() phone.Config {
	c := phone.DefaultConfig()
	c.Plan = phone.NumberPlan{Country: "49", International: "00", National: "0", Area: "30", Extension: 4}
	c.Lines = []phone.LineConfig{{AOR: "sip:2417@nordwerk.example", Label: "2417", Display: "Anna Weber"}, {AOR: "sip:support@nordwerk.example", Label: "Support", Display: "Queue"}}
	return c
}

func idle() *phone.State {
	s := phone.New(config())
	for i := range s.Lines {
		s.Lines[i].State = phone.LineRegistered
	}
	s.Missed = 2
	s.Path = phone.Handset
	return &s
}

func withCalls(calls ...phone.Call) *phone.State {
	s := idle()
	s.OffHook = true
	s.Calls = calls
	return s
}

var (
	jonas = phone.Peer{Name: "J. Keller", Number: "+491715550142", URI: "sip:+491715550142@nordwerk.example"}
	yusuf = phone.Peer{Number: "+491715550142", URI: "sip:+491715550142@nordwerk.example"}
	mira  = phone.Peer{Number: "2431", URI: "sip:2431@nordwerk.example"}
	ruth  = phone.Peer{Number: "2440", URI: "sip:2440@nordwerk.example"}
)

func talking(id phone.CallID, who phone.Peer, lasting time.Duration) phone.Call {
	return phone.Call{ID: id, State: phone.Talking, Remote: who, Secure: true, Began: now.Add(-lasting - 5*time.Second), Answered: now.Add(-lasting), Since: now.Add(-lasting)}
}

func other(id phone.CallID, st phone.CallState, who phone.Peer, since time.Duration) phone.Call {
	return phone.Call{ID: id, State: st, Remote: who, Began: now.Add(-since), Since: now.Add(-since)}
}

// lock is the lock of a phone with a PIN; it notes what was tried.
type lock struct {
	none  bool
	tried []string
	set   []string
	shut  int
}

func (l *lock) HasPIN() bool   { return !l.none }
func (l *lock) Try(pin string) { l.tried = append(l.tried, pin) }
func (l *lock) Prove(pin string) bool {
	l.tried = append(l.tried, pin)
	return pin == "2580"
}
func (l *lock) SetPIN(pin string) error {
	if pin != "" && len(pin) < minPIN {
		return errors.New("no PIN")
	}
	l.set = append(l.set, pin)
	return nil
}
func (l *lock) Lock() { l.shut++ }

// tapes are recordings on the phone.
type tapes struct {
	all           []RecordedCall
	fail          bool
	wanted, there bool // the stick
}

func (t *tapes) Recordings() []RecordedCall  { return t.all }
func (t *tapes) Stick() (wanted, there bool) { return t.wanted, t.there }
func (t *tapes) DeleteRecording(id string) error {
	if t.fail {
		return errors.New("read-only file system")
	}
	t.all = slices.DeleteFunc(slices.Clone(t.all), func(c RecordedCall) bool { return c.ID == id })
	return nil
}

func recorded() []RecordedCall {
	return []RecordedCall{{ID: "c", Number: "+491715550142", Began: at(13, 40), Lasts: 200 * time.Second}, {ID: "b", Number: "2431", Began: at(11, 12), Lasts: 3723 * time.Second},
		{ID: "a", Began: at(9, 0).AddDate(0, 0, -1), Lasts: 18 * time.Second}}
}

// computers are two paired computers, of which one is there.
type computers struct{ removed []string }

func (c *computers) Computers() []Computer {
	return []Computer{{ID: "a", Name: "ANNA-LAPTOP", User: "Anna Weber", Seen: now, Attached: true, Rights: allRights}, {ID: "b", Name: "workshop", User: "Anna Weber", Seen: now.Add(-50 * time.Hour), Rights: 3}}
}
func (c *computers) Remove(id string) { c.removed = append(c.removed, id) }

// ladders are what was kept of calls and sign-ins.
type ladders struct {
	calls    map[phone.CallID]trace.Ladder
	accounts map[string]trace.Ladder
}

func (l *ladders) OfCall(c phone.CallID) (trace.Ladder, bool) {
	of, ok := l.calls[c]
	return of, ok
}
func (l *ladders) OfRecord(r *phone.Record) (trace.Ladder, bool) { return l.OfCall(r.Call) }
func (l *ladders) OfAccount(aor string) (trace.Ladder, bool) {
	of, ok := l.accounts[aor]
	return of, ok
}

// nowhere is for messages that say themselves where they went.
func nowhere(netip.Addr) (netip.Addr, error) { return netip.Addr{}, errors.New("no route") }

// spoken makes a ladder. "> INVITE" is a message of ours, "< 180 Ringing" one of theirs, each 0.12 s after the one before;
// what follows | are headers, after || the direction of a session description. "!" begins a note with its meaning.
func spoken(script ...any) trace.Ladder {
	r := trace.NewRecorder(trace.DefaultLimits(), nowhere)
	r.Name(1, "call")
	when, cseq := now.Add(-40*time.Second), ""
	for _, s := range script {
		when = when.Add(120 * time.Millisecond)
		if m, ok := s.(trace.Meaning); ok {
			r.Note(1, when, m, map[trace.Meaning]string{trace.NewCodec: "Opus 48 kHz", trace.Hears: "192.0.2.44:16400"}[m])
			continue
		}
		line, sdp, described := strings.Cut(s.(string), "||")
		line, more, _ := strings.Cut(line, "|")
		what := line[2:]
		start := "SIP/2.0 " + what
		if method, number, ok := strings.Cut(what, " "); what[0] >= 'A' {
			start = method + " sip:2431@nordwerk.example SIP/2.0"
			if ok {
				cseq = number + " " + method
			}
		}
		if described {
			more += "Content-Type: application/sdp\r\n"
			sdp = "v=0\r\no=- 1 1 IN IP4 192.0.2.17\r\ns=-\r\nc=IN IP4 192.0.2.17\r\nt=0 0\r\nm=audio 16384 RTP/SAVP 96\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:c2VjcmV0\r\na=" + sdp + "\r\n"
		}
		r.Message(trace.Packet{At: when, Out: line[0] == '>', Transport: "tls", Local: netip.MustParseAddrPort("192.0.2.17:40112"), Remote: netip.MustParseAddrPort("198.51.100.5:5061"),
			Data: fmt.Appendf(nil, "%s\r\nVia: SIP/2.0/TLS 192.0.2.17:5060;branch=z9hG4bK4q2x\r\nFrom: \"Anna Weber\" <sip:2417@nordwerk.example>;tag=7h\r\nTo: <sip:2417@nordwerk.example>\r\nCall-ID: call\r\nCSeq: %s\r\n%sContent-Length: %d\r\n\r\n%s", start, cseq, more, len(sdp), sdp)})
	}
	if l, ok := r.Account("sip:2417@nordwerk.example"); ok {
		return l
	}
	l, _ := r.Call(1)
	return l
}

// answered is a call that was answered, held and taken back.
func answered() trace.Ladder {
	return spoken("> INVITE 1||sendrecv", "< 407 Proxy Authentication Required", "> ACK", "> INVITE 2|Proxy-Authorization: Digest response=\"abc\"\r\n||sendrecv", "< 100 Trying", "< 180 Ringing",
		"< 200 OK||sendrecv", trace.Encrypted, trace.NewCodec, "> ACK", trace.Heard, trace.Hears, "> INVITE 3||sendonly", "< 200 OK||recvonly", "> ACK", "> INVITE 4||sendrecv", "< 200 OK||sendrecv", "> ACK")
}

// refused is a call that was not taken.
func refused() trace.Ladder {
	return spoken("> INVITE 1||sendrecv", "< 100 Trying", "< 488 Not Acceptable Here", "> ACK")
}

// wrongPassword is a sign-in that is refused.
func wrongPassword() trace.Ladder {
	return spoken("> REGISTER 1", "< 401 Unauthorized", "> REGISTER 2|Authorization: Digest nonce=\"abc\", response=\"def\"\r\n", "< 401 Unauthorized")
}
