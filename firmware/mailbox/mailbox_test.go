package mailbox

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"
	"log"
	"log/slog"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"

	"opendeskphone/firmware/phone"
)

// sound is a WAV file of one second of G.711.
func sound() []byte {
	b := []byte("RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x07\x00\x01\x00\x40\x1f\x00\x00\x40\x1f\x00\x00\x01\x00\x08\x00data\x40\x1f\x00\x00")
	return append(b, bytes.Repeat([]byte{0xff}, 8000)...)
}

// letter is a mail as Asterisk sends it.
func letter(headers string, file []byte) string {
	return headers + "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nA message.\r\n" +
		"--b\r\nContent-Type: audio/x-wav; name=\"msg0000.wav\"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.StdEncoding.EncodeToString(file) + "\r\n--b--\r\n"
}

// office is a mail server with one account, and an adapter that reads it.
type office struct {
	*Adapter
	t    *testing.T
	user *imapmemserver.User
	cfg  Config
	mu   sync.Mutex
	told []phone.Event
	news chan struct{}
	log  bytes.Buffer
	shut sync.RWMutex // while it is held the server hears nothing
}

// doors are those of the server.
type doors struct {
	net.Listener
	shut *sync.RWMutex
}

func (d doors) Accept() (net.Conn, error) {
	c, err := d.Listener.Accept()
	return door{c, d.shut}, err
}

type door struct {
	net.Conn
	shut *sync.RWMutex
}

func (d door) Read(b []byte) (int, error) {
	n, err := d.Conn.Read(b)
	d.shut.RLock()
	defer d.shut.RUnlock()
	return n, err
}

func newOffice(t *testing.T) *office {
	o := &office{t: t, user: imapmemserver.NewUser("100", "secret"), news: make(chan struct{}, 1)}
	if err := o.user.Create("INBOX", nil); err != nil {
		t.Fatal(err)
	}
	mem := imapmemserver.New()
	mem.AddUser(o.user)
	cert, roots := certificate(t)
	srv := imapserver.New(&imapserver.Options{NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
		return mem.NewSession(), nil, nil
	}, Caps: imap.CapSet{imap.CapIMAP4rev1: {}, imap.CapUIDPlus: {}}, Logger: log.New(io.Discard, "", 0)})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go srv.Serve(tls.NewListener(doors{l, &o.shut}, &tls.Config{Certificates: []tls.Certificate{cert}}))
	o.cfg = Config{Server: l.Addr().String(), User: "100", Password: "secret", Folder: "INBOX", Roots: roots}
	o.Adapter = New(func(e phone.Event) { o.mu.Lock(); o.told = append(o.told, e); o.mu.Unlock() }, func() {
		select {
		case o.news <- struct{}{}:
		default:
		}
	}, slog.New(slog.NewTextHandler(&o.log, nil)))
	o.undo = time.Hour
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = o.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done; srv.Close() })
	return o
}

func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots
}

func (o *office) put(mail string, at time.Time, flags ...imap.Flag) {
	o.t.Helper()
	if _, err := o.user.Append("INBOX", letterReader{strings.NewReader(mail)}, &imap.AppendOptions{Flags: flags, Time: at}); err != nil {
		o.t.Fatal(err)
	}
}

type letterReader struct{ *strings.Reader }

// until waits until the box is as wanted.
func (o *office) until(what string, ok func(Box) bool) Box {
	o.t.Helper()
	late := time.After(20 * time.Second)
	for {
		if b := o.Box(0); ok(b) {
			return b
		}
		select {
		case <-o.news:
		case <-late:
			o.t.Fatalf("%s: %+v", what, o.Box(0))
		}
	}
}

// counted is what the phone was told last.
func (o *office) counted() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	m, _ := o.told[len(o.told)-1].(phone.MailListed)
	return fmt.Sprint(m.New, m.Old, m.UrgentNew)
}

func TestTheMessagesOfAMailbox(t *testing.T) {
	o := newOffice(t)
	monday := time.Date(2025, 11, 17, 9, 0, 0, 0, time.UTC)
	o.put(letter("From: \"Asterisk PBX\" <vm@pbx.example>\r\nX-Asterisk-CallerID: +44 20 7946 0018\r\nX-Asterisk-CallerIDName: Dr. Chidi Okafor\r\nX-Asterisk-VM-Duration: 42\r\nX-Asterisk-VM-Flag: Urgent\r\n", sound()), monday.Add(time.Hour))
	o.put(letter("From: =?utf-8?q?J=C3=BCrgen?= <+493055501182@vm.example>\r\n", sound()), monday, imap.FlagSeen)
	o.put("From: <boss@example>\r\nSubject: no voice\r\n\r\nHello.\r\n", monday)
	o.put(letter("From: <x@example>\r\n", []byte("MP3")), monday.Add(-time.Hour))
	o.Configure(map[phone.LineID]Config{0: o.cfg})
	b := o.until("listed", func(b Box) bool { return b.Listed && !b.Reading })
	if len(b.Messages) != 3 || b.Fault != NoFault {
		t.Fatalf("%+v", b)
	}
	first, second, third := b.Messages[0], b.Messages[1], b.Messages[2]
	if first.From.Name != "Dr. Chidi Okafor" || first.From.Number != "+442079460018" || !first.New || !first.Urgent || first.Lasts != 42*time.Second || !first.Received.Equal(monday.Add(time.Hour)) {
		t.Errorf("%+v", first)
	}
	if second.From.Name != "Jürgen" || second.From.Number != "+493055501182" || second.New || second.Urgent || second.Lasts != 0 {
		t.Errorf("%+v", second)
	}
	if got := o.counted(); got != "2 1 1" {
		t.Errorf("counted %s", got)
	}

	clip, mine, err := o.Fetch(t.Context(), first.ID)
	if err != nil || !mine || clip.Lasts() != time.Second {
		t.Fatalf("%v, %v", clip, err)
	}
	o.until("heard", func(b Box) bool { return !b.Messages[0].New && b.Messages[0].Lasts == time.Second })
	o.Refresh(0)
	o.until("the server knows", func(b Box) bool { return !b.Reading && !b.Messages[0].New })
	if got := o.counted(); got != "1 2 0" {
		t.Errorf("counted %s", got)
	}
	if _, _, err := o.Fetch(t.Context(), third.ID); err == nil {
		t.Error("what is no WAV is played")
	}
	if b := o.until("unplayable", func(b Box) bool { return b.Fault == Unplayable }); !b.Messages[2].New {
		t.Error("what was not heard counts as heard")
	}
	o.Mark(first.ID, false)
	o.Delete(second.ID)
	if b := o.Box(0); len(b.Messages) != 2 {
		t.Errorf("%+v", b.Messages)
	}
	o.Undelete(second.ID)
	o.undo = 0
	o.Delete(third.ID)
	o.until("deleted", func(b Box) bool { return len(b.Messages) == 2 })
	st, err := o.user.Status("INBOX", &imap.StatusOptions{NumMessages: true, NumUnseen: true})
	for late := time.Now().Add(20 * time.Second); err == nil && *st.NumMessages != 3 && time.Now().Before(late); {
		<-o.news
		st, err = o.user.Status("INBOX", &imap.StatusOptions{NumMessages: true, NumUnseen: true})
	}
	if err != nil || *st.NumMessages != 3 || *st.NumUnseen != 2 {
		t.Errorf("the server has %d messages, %d new: %v", *st.NumMessages, *st.NumUnseen, err)
	}
	for _, id := range []string{"a.wav", "voicemail:", "voicemail:0:0:99", "voicemail:7:1:1"} {
		_, mine, err := o.Fetch(t.Context(), id)
		if mine != (id != "a.wav") || mine && err == nil {
			t.Errorf("%s: %v, %v", id, mine, err)
		}
		o.Mark(id, true)
		o.Delete(id)
		o.Undelete(id)
	}
	if log := o.log.String(); strings.Contains(log, "secret") || strings.Contains(log, "Okafor") {
		t.Error(log)
	}
	o.Configure(nil)
	o.until("gone", func(b Box) bool { return !b.Listed && !o.Has(0) })
}

func TestWhatAServerCanHold(t *testing.T) {
	o := newOffice(t)
	for range maxMessages + 20 {
		o.put(letter("From: <100@x>\r\n", []byte{1}), time.Now())
	}
	for name, c := range map[string]struct {
		change func(*Config)
		want   Fault
	}{
		"password":  {func(c *Config) { c.Password = "wrong" }, WrongPassword},
		"folder":    {func(c *Config) { c.Folder = "none" }, NoFolder},
		"stranger":  {func(c *Config) { c.Roots = x509.NewCertPool() }, Untrusted},
		"no server": {func(c *Config) { c.Server = "127.0.0.1:1" }, Unreachable},
		"good":      {func(*Config) {}, NoFault},
	} {
		cfg := o.cfg
		c.change(&cfg)
		o.Configure(nil)
		o.until("gone", func(Box) bool { return !o.Has(0) })
		o.Configure(map[phone.LineID]Config{0: cfg})
		b := o.until(name, func(b Box) bool { return o.Has(0) && !b.Reading && (b.Listed || b.Fault != NoFault) })
		if b.Fault != c.want || c.want == NoFault && len(b.Messages) != maxMessages {
			t.Errorf("%s: fault %d, %d messages", name, b.Fault, len(b.Messages))
		}
	}
	if log := o.log.String(); strings.Contains(log, "wrong") {
		t.Error("the password is in the log: " + log)
	}
}

// TestReadWaitsForTheServer: what came a moment ago is in the list, and a server that is gone is told beside what was known.
func TestReadWaitsForTheServer(t *testing.T) {
	o := newOffice(t)
	if b := o.Read(t.Context(), 0); b.Listed || b.Fault != NoFault {
		t.Errorf("a line without: %+v", b)
	}
	o.Configure(map[phone.LineID]Config{0: o.cfg})
	o.until("no message", func(b Box) bool { return b.Listed && !b.Reading })
	for n := 1; n <= 3; n++ {
		o.put(letter("", sound()), time.Now())
		if b := o.Read(t.Context(), 0); len(b.Messages) != n || b.Fault != NoFault || !o.Lists(b.Messages[0].ID) {
			t.Fatalf("%d: %+v", n, b)
		}
	}
	id := o.Box(0).Messages[0].ID
	if o.Delete(id); o.Lists(id) || o.Lists("voicemail:0:0:0") || o.Lists("x") {
		t.Error("a message is listed that is not there")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	o.shut.Lock()
	defer o.shut.Unlock()
	if b := o.Read(ctx, 0); len(b.Messages) != 2 || b.Fault != Unreachable {
		t.Errorf("nobody has answered: %+v", b)
	}
}
