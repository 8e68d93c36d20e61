package mailbox

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime/quotedprintable"
	"net"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"opendeskphone/audio/wav"
	"opendeskphone/firmware/phone"
)

// Limits of what a server may send.
const (
	maxMessages = 100       // of a folder, the newest
	maxHeader   = 16 << 10  // bytes of the headers of one message
	listBudget  = 512 << 10 // bytes of a list
	fetchBudget = 2*wav.MaxFile + 64<<10
	maxDepth    = 200 // brackets in brackets: the library takes one turn on its stack for each
)

// meter is a connection on which no more comes than we have a mind for.
type meter struct {
	net.Conn
	left  atomic.Int64
	depth int // of the goroutine that reads, as the next is
	caps  int // so much of the word CAPABILITY stands in this line
}

var errTooMuch = errors.New("mailbox: the server sends too much")

func (m *meter) Read(p []byte) (int, error) {
	n, err := m.Conn.Read(p)
	if m.left.Add(-int64(n)) < 0 {
		return 0, errTooMuch
	}
	for _, c := range p[:n] {
		if !m.harmless(c) {
			return 0, errTooMuch
		}
	}
	return n, err
}

// harmless takes a byte, and tells whether the library can take it: it has no end to brackets in brackets, and never comes to
// an end with a bracket among capabilities, which have none.
func (m *meter) harmless(c byte) bool {
	switch c {
	case '(':
		m.depth++
	case ')':
		m.depth = max(0, m.depth-1)
	case '\n':
		m.depth, m.caps = 0, 0
	case ']': // words follow in which anything may stand
		m.caps = 0
	}
	switch {
	case m.caps == len(capability):
		return c != '(' && m.depth <= maxDepth
	case c&^0x20 == capability[m.caps]:
		m.caps++
	default:
		m.caps = 0
	}
	return m.depth <= maxDepth
}

// capability is the word before what a server can do.
const capability = "CAPABILITY"

// session is a connection with the folder selected. It is for one goroutine.
type session struct {
	client   *imapclient.Client
	conn     *meter
	line     phone.LineID
	folder   string
	validity uint32
	count    uint32 // messages in it
}

// dial connects and signs in.
func dial(ctx context.Context, line phone.LineID, c Config) (*session, error) {
	server := c.Server
	if _, _, err := net.SplitHostPort(server); err != nil {
		server = net.JoinHostPort(strings.Trim(server, "[]"), "993")
	}
	d := tls.Dialer{Config: &tls.Config{RootCAs: c.Roots, MinVersion: tls.VersionTLS12}}
	conn, err := d.DialContext(ctx, "tcp", server)
	if err != nil {
		return nil, err
	}
	return begin(ctx, conn, line, c)
}

// begin signs in on a connection.
func begin(ctx context.Context, conn net.Conn, line phone.LineID, c Config) (*session, error) {
	s := &session{conn: &meter{Conn: conn}, line: line, folder: c.Folder}
	s.may(listBudget)
	s.client = imapclient.New(s.conn, nil)
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	err := s.client.WaitGreeting()
	if err == nil {
		err = refused(WrongPassword, s.client.Login(c.User, string(c.Password)).Wait())
	}
	if err == nil {
		err = s.open()
	}
	if err != nil {
		s.close()
		return nil, errors.Join(err, context.Cause(ctx))
	}
	return s, nil
}

// refused makes a fault of the server's No. Its words are left out: they may repeat a secret.
func refused(f Fault, err error) error {
	no := (*imap.Error)(nil)
	switch {
	case !errors.As(err, &no):
		return err
	case no.Type == imap.StatusResponseTypeNo:
		return faulty{f, errors.New("mailbox: the server refuses it")}
	}
	return errors.New("mailbox: the server does not understand us")
}

// may lets so many bytes come from now on.
func (s *session) may(bytes int64) { s.conn.left.Store(bytes) }

// open selects the folder anew, so that it is known how many messages there are.
func (s *session) open() error {
	sel, err := s.client.Select(s.folder, nil).Wait()
	if err != nil {
		return refused(NoFolder, err)
	}
	s.validity, s.count = sel.UIDValidity, sel.NumMessages
	return nil
}

func (s *session) close() { _ = s.client.Close() } // nothing is lost with it

// bounded does something, and cuts the connection when ctx ends.
func (s *session) bounded(ctx context.Context, do func(context.Context, *session) error) error {
	stop := context.AfterFunc(ctx, func() { s.conn.Close() })
	defer stop()
	err := do(ctx, s)
	return errors.Join(err, context.Cause(ctx))
}

// list reads the newest messages, the newest first.
func (s *session) list() ([]Message, error) {
	s.may(listBudget)
	if err := s.open(); err != nil {
		return nil, err
	}
	n := s.count
	if n == 0 {
		return nil, nil
	}
	var set imap.SeqSet
	set.AddRange(max(n, maxMessages)-maxMessages+1, n)
	cmd := s.client.Fetch(set, &imap.FetchOptions{
		UID: true, Flags: true, InternalDate: true, BodyStructure: &imap.FetchItemBodyStructure{Extended: true},
		BodySection: []*imap.FetchItemBodySection{{Specifier: imap.PartSpecifierHeader, HeaderFields: headerFields, Peek: true}},
	})
	var out []Message
	for d := cmd.Next(); d != nil; d = cmd.Next() {
		m, ok, err := readMessage(d)
		if err != nil {
			return nil, err
		}
		if ok && len(out) < maxMessages {
			m.ID = idOf(s.line, s.validity, m.uid)
			out = append(out, m)
		}
	}
	slices.SortStableFunc(out, func(a, b Message) int { return b.Received.Compare(a.Received) })
	return out, cmd.Close()
}

// literal reads what the library leaves to be read, once to its end. When the connection breaks within, the library reads
// it too from then on: nothing more may be asked of the command, not even that it be closed.
type literal struct {
	from imap.LiteralReader
	left int64
	over error
}

func newLiteral(r imap.LiteralReader) *literal { return &literal{from: r, left: r.Size()} }

func (l *literal) Read(p []byte) (int, error) {
	if l.over != nil {
		return 0, l.over
	}
	n, err := l.from.Read(p)
	if l.left -= int64(n); err == io.EOF && l.left > 0 {
		err = io.ErrUnexpectedEOF
	}
	l.over = err
	return n, err
}

// readMessage takes the items of one message; it is no voice message if it has no sound.
func readMessage(d *imapclient.FetchMessageData) (m Message, ok bool, err error) {
	deleted, header := false, ""
	for item := d.Next(); item != nil; item = d.Next() {
		switch item := item.(type) {
		case imapclient.FetchItemDataUID:
			m.uid = uint32(item.UID)
		case imapclient.FetchItemDataFlags:
			m.New = !slices.Contains(item.Flags, imap.FlagSeen)
			m.Urgent = slices.Contains(item.Flags, imap.FlagFlagged)
			deleted = slices.Contains(item.Flags, imap.FlagDeleted)
		case imapclient.FetchItemDataInternalDate:
			m.Received = item.Time
		case imapclient.FetchItemDataBodyStructure:
			m.part = soundPart(item.BodyStructure)
		case imapclient.FetchItemDataBodySection:
			if item.Literal != nil {
				l := newLiteral(item.Literal)
				b, err := io.ReadAll(io.LimitReader(l, maxHeader)) // what was cut off is not read
				if err == nil {
					_, err = io.Copy(io.Discard, l)
				}
				if err != nil {
					return m, false, err
				}
				header = string(b)
			}
		}
	}
	m.read(header)
	return m, m.uid != 0 && !deleted && m.part.path != nil, nil
}

// part is where in a message its sound lies.
type part struct {
	path     []int
	encoding string
}

// soundPart finds the first sound.
func soundPart(bs imap.BodyStructure) (out part) {
	if bs == nil {
		return out
	}
	bs.Walk(func(path []int, p imap.BodyStructure) bool {
		one, ok := p.(*imap.BodyStructureSinglePart)
		if !ok || out.path != nil {
			return out.path == nil
		}
		wave := strings.EqualFold(one.Type, "application") && strings.HasSuffix(strings.ToLower(one.Filename()), ".wav")
		if strings.EqualFold(one.Type, "audio") || wave {
			out = part{slices.Clone(path), strings.ToLower(one.Encoding)}
		}
		return true
	})
	return out
}

// same tells whether a message is still the one that was listed.
func (s *session) same(m Message) bool { return m.ID == idOf(s.line, s.validity, m.uid) }

// fetch brings the sound of a message.
func (s *session) fetch(m Message) (*wav.Clip, error) {
	if !s.same(m) {
		return nil, errGone
	}
	s.may(fetchBudget)
	defer s.may(listBudget)
	cmd := s.client.Fetch(imap.UIDSetNum(imap.UID(m.uid)), &imap.FetchOptions{
		UID: true, BodySection: []*imap.FetchItemBodySection{{Part: m.part.path, Peek: true}},
	})
	var sound []byte
	var bad error
	for d := cmd.Next(); d != nil; d = cmd.Next() {
		for item := d.Next(); item != nil; item = d.Next() {
			if b, ok := item.(imapclient.FetchItemDataBodySection); ok && b.Literal != nil {
				l := newLiteral(b.Literal)
				if sound == nil {
					sound, bad = io.ReadAll(io.LimitReader(decoded(m.part.encoding, l), wav.MaxFile+1))
				}
				if _, err := io.Copy(io.Discard, l); err != nil {
					return nil, err
				}
			}
		}
	}
	if err := cmd.Close(); err != nil {
		return nil, err
	}
	if sound == nil {
		return nil, errGone
	}
	clip, err := wav.Parse(sound)
	if err != nil || bad != nil {
		return nil, faulty{Unplayable, errors.Join(bad, err)}
	}
	return clip, nil
}

func decoded(encoding string, r io.Reader) io.Reader {
	switch encoding {
	case "base64":
		return base64.NewDecoder(base64.StdEncoding, r)
	case "quoted-printable":
		return quotedprintable.NewReader(r)
	}
	return r
}

// mark sets or takes the flag that a message was heard.
func (s *session) mark(m Message, heard bool) error {
	op := imap.StoreFlagsDel
	if heard {
		op = imap.StoreFlagsAdd
	}
	return s.store(m, op, imap.FlagSeen)
}

func (s *session) store(m Message, op imap.StoreFlagsOp, f imap.Flag) error {
	if !s.same(m) {
		return errGone
	}
	s.may(listBudget)
	return refused(Gone, s.client.Store(imap.UIDSetNum(imap.UID(m.uid)), &imap.StoreFlags{Op: op, Silent: true, Flags: []imap.Flag{f}}, nil).Close())
}

// remove deletes a message. A server that cannot remove it alone (RFC 4315) keeps it marked: others may have marked more.
func (s *session) remove(m Message) error {
	if err := s.store(m, imap.StoreFlagsAdd, imap.FlagDeleted); err != nil {
		return err
	}
	if caps := s.client.Caps(); !caps.Has(imap.CapUIDPlus) && !caps.Has(imap.CapIMAP4rev2) {
		return nil
	}
	if err := s.client.UIDExpunge(imap.UIDSetNum(imap.UID(m.uid))).Close(); err != nil {
		return fmt.Errorf("mailbox: expunge: %w", err)
	}
	return nil
}
