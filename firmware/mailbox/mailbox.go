// Package mailbox lists and fetches the voice messages of lines whose server gives them out by IMAP over TLS (RFC 9051 and
// RFC 3501; RFC 8314 for the TLS), as the mailboxes of Asterisk and FreeSWITCH, or any mail server that they send to, do. It
// is for the messages themselves: that there are any the phone is told by SIP.
//
//	screen -- Refresh, Mark, Delete --> box -- 1 goroutine a mailbox --> session -- TLS --> server
//	       <---------- Box, from memory --'
//	controllers -- Read, which waits --'
//
// A connection is made when it is needed and left a minute later. Servers are not believed: what they send is counted and
// bounded, and a message is sound, of a form that is read, or it is not played.
package mailbox

import (
	"context"
	"crypto/x509"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"opendeskphone/audio/wav"
	"opendeskphone/firmware/phone"
)

// Secret is a password that never reaches a log.
type Secret string

// String hides the secret.
func (Secret) String() string { return "***" }

// GoString hides the secret from %#v.
func (Secret) GoString() string { return "***" }

// LogValue hides the secret from slog.
func (Secret) LogValue() slog.Value { return slog.StringValue("***") }

// Config is where the messages of a line lie. Without a Server there is no list.
type Config struct {
	Server   string // host or host:port; without a port 993
	User     string
	Password Secret
	Folder   string
	Roots    *x509.CertPool // authorities that may vouch for the server
}

// same tells whether two are the same account, whoever vouches for it.
func (c Config) same(d Config) bool {
	c.Roots, d.Roots = nil, nil
	return c == d
}

// Message is a voice message.
type Message struct {
	ID       string // names it among all lines, for as long as the server keeps it
	From     phone.Peer
	Received time.Time
	Lasts    time.Duration // 0: not known before it is fetched
	New      bool
	Urgent   bool

	uid  uint32
	part part
}

// Fault says why a list or a message cannot be had.
type Fault uint8

// The faults.
const (
	NoFault       Fault = iota
	Unreachable         // no server, or it does not answer as one does
	Untrusted           // its certificate is not believed
	WrongPassword       // it does not know us
	NoFolder            // it has no such folder
	Unplayable          // the message is of a form that is not read
	Gone                // the message is not there any more
	FaultCount
)

// Box is what is known of the messages of a line.
type Box struct {
	Listed   bool  // there is a list, perhaps an old one
	Reading  bool  // it is being asked for
	Fault    Fault // what came of the last attempt
	Messages []Message
}

// UndoTime is how long a deleted message can be brought back.
const UndoTime = 4 * time.Second

// Adapter keeps the mailboxes of all lines. Its methods may be called from any goroutine; none waits for a server but Read and Fetch.
type Adapter struct {
	post    func(phone.Event)
	changed func()
	log     *slog.Logger
	poke    chan struct{} // capacity 1: the configuration is another
	undo    time.Duration // in which a deleted message can be brought back

	mu    sync.Mutex
	want  map[phone.LineID]Config
	boxes map[phone.LineID]*box
}

// New makes an adapter. post is told how many messages there are, changed that a Box is another.
func New(post func(phone.Event), changed func(), log *slog.Logger) *Adapter {
	return &Adapter{post: post, changed: changed, log: log, poke: make(chan struct{}, 1), undo: UndoTime, boxes: map[phone.LineID]*box{}}
}

// Configure sets the mailboxes, by line.
func (a *Adapter) Configure(by map[phone.LineID]Config) {
	a.mu.Lock()
	a.want = maps.Clone(by)
	a.mu.Unlock()
	select {
	case a.poke <- struct{}{}:
	default:
	}
}

// Run works until ctx ends.
func (a *Adapter) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	defer a.arrange(ctx, &wg, nil)
	for {
		a.mu.Lock()
		want := a.want
		a.mu.Unlock()
		a.arrange(ctx, &wg, want)
		select {
		case <-ctx.Done():
			return nil
		case <-a.poke:
		}
	}
}

// arrange begins and ends boxes.
func (a *Adapter) arrange(ctx context.Context, wg *sync.WaitGroup, want map[phone.LineID]Config) {
	a.mu.Lock()
	defer a.mu.Unlock()
	defer a.changed()
	for line, b := range a.boxes {
		if c, ok := want[line]; !ok || !c.same(b.cfg) {
			b.stop()
			delete(a.boxes, line)
		}
	}
	for line, c := range want {
		if a.boxes[line] != nil || c.Server == "" {
			continue
		}
		life, stop := context.WithCancel(ctx)
		b := newBox(a, line, c, stop)
		a.boxes[line] = b
		wg.Go(func() { b.run(life) })
		b.read(nil)
	}
}

func (a *Adapter) box(line phone.LineID) *box {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.boxes[line]
}

// Has tells whether there is a list for a line.
func (a *Adapter) Has(line phone.LineID) bool { return a.box(line) != nil }

// Box gives the messages of a line, the newest first. The slice is never written again.
func (a *Adapter) Box(line phone.LineID) Box {
	if b := a.box(line); b != nil {
		return b.view()
	}
	return Box{}
}

// Refresh asks the server of a line anew.
func (a *Adapter) Refresh(line phone.LineID) {
	if b := a.box(line); b != nil {
		b.read(nil)
	}
}

// Read asks the server of a line anew and gives what it says, or what was known before with the fault. It does not wait for
// longer than a list may take.
func (a *Adapter) Read(ctx context.Context, line phone.LineID) Box {
	b := a.box(line)
	if b == nil {
		return Box{}
	}
	ctx, cancel := context.WithTimeout(ctx, listTime)
	defer cancel()
	read := make(chan struct{})
	b.read(read)
	select {
	case <-read:
		return b.view()
	case <-ctx.Done():
		out := b.view()
		out.Fault = Unreachable
		return out
	}
}

// Lists tells whether a message is in the list of its line.
func (a *Adapter) Lists(id string) bool {
	b, _ := a.find(id)
	return b != nil && slices.ContainsFunc(b.view().Messages, func(m Message) bool { return m.ID == id })
}

// Mark sets whether a message counts as heard.
func (a *Adapter) Mark(id string, heard bool) {
	if b, uid := a.find(id); b != nil {
		b.mark(uid, heard)
	}
}

// Delete removes a message, in a moment: until then Undelete brings it back.
func (a *Adapter) Delete(id string) {
	if b, uid := a.find(id); b != nil {
		b.remove(uid)
	}
}

// Undelete takes Delete back.
func (a *Adapter) Undelete(id string) {
	if b, uid := a.find(id); b != nil {
		b.restore(uid)
	}
}

// Fetch brings the sound of a message, which then counts as heard; mine is false for what is no ID of a message.
func (a *Adapter) Fetch(ctx context.Context, id string) (clip *wav.Clip, mine bool, err error) {
	if !strings.HasPrefix(id, phone.VoicemailID) {
		return nil, false, nil
	}
	b, uid := a.find(id)
	if b == nil {
		return nil, true, errGone
	}
	clip, err = b.fetch(ctx, uid)
	return clip, true, err
}

// An ID says of which line the message is, of which life of the folder (RFC 9051 §2.3.1.1), and which.
func idOf(line phone.LineID, validity, uid uint32) string {
	return fmt.Sprintf("%s%d:%d:%d", phone.VoicemailID, line, validity, uid)
}

// find gives the box and the number of a message that is listed.
func (a *Adapter) find(id string) (*box, uint32) {
	parts := strings.Split(strings.TrimPrefix(id, phone.VoicemailID), ":")
	line, err := strconv.ParseUint(parts[0], 10, 8)
	b := a.box(phone.LineID(line))
	if err != nil || b == nil {
		return nil, 0
	}
	list := b.view().Messages
	if i := slices.IndexFunc(list, func(m Message) bool { return m.ID == id }); i >= 0 {
		return b, list[i].uid
	}
	return b.awaiting(id)
}
