package provision

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"opendeskphone/firmware/phone"
)

const (
	aor   = "sip:100@pbx.example"
	whole = `{"media":{"relay":{"uris":["http://no","turns:edge.example:443?transport=tcp"],"username":"17:100","password":"hush-hush","ttl":600}},
		"qoe":{"collector":"sip:qoe@pbx.example"},"voicemail":{"uri":"sips:vm@pbx.example"},"conference":{"factory":"sip:meet@pbx.example"},
		"dialplan":{"profiles":[{"name":"Redmond","rules":[{"pattern":"^(\\d{4})$","translation":"+1425555$1"}]}]},"other":{"of":["nobody"]}}`
)

// plans is one profile, or what is wrong with it.
func plans(doc []byte) ([]*phone.Profile, error) {
	if strings.Contains(string(doc), "(?!") {
		return nil, errors.New("profile is wrong")
	}
	return []*phone.Profile{{Name: "Redmond"}}, nil
}

func TestDocumentIsRead(t *testing.T) {
	p, err := Read([]byte(whole), plans)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Plan) != 1 || p.Plan[0].Name != "Redmond" {
		t.Errorf("plan %+v", p.Plan)
	}
	p.Plan = nil
	want := Profile{Relay{"turns:edge.example:443?transport=tcp", "17:100", "hush-hush", 10 * time.Minute}, "sip:qoe@pbx.example", "sips:vm@pbx.example", "sip:meet@pbx.example", nil}
	if fmt.Sprintf("%+v", p) != fmt.Sprintf("%+v", want) || p.Relay.Password != want.Relay.Password {
		t.Errorf("%+v", p)
	}
	for _, nothing := range []string{"{}", `{"media":{"relay":null},"dialplan":null}`} {
		if p, err := Read([]byte(nothing), plans); err != nil || p.Relay != (Relay{}) || p.Plan != nil {
			t.Errorf("%s: %+v, %v", nothing, p, err)
		}
	}
}

// TestWrongDocumentsAreNamed: by key and reason, and without what may be a password.
func TestWrongDocumentsAreNamed(t *testing.T) {
	relay := func(s string) string { return `{"media":{"relay":{` + s + `}}}` }
	for doc, why := range map[string]string{
		`{"qoe":{"collector":"sip:qoe`:                   "the JSON is broken: at byte 28",
		`["hush-hush"]`:                                  "the JSON is broken: it is no object",
		`{"media":{"relay":{"password":["hush-hush"]}}}`: "the JSON is broken: media.relay.password is no string",
		`{"qoe":{"collector":"https://pbx.example"}}`:    "qoe.collector is no address like sip:name@pbx.example",
		`{"voicemail":{"uri":"*97"}}`:                    "voicemail.uri is no address like sip:name@pbx.example",
		`{"conference":{"factory":"sip:pbx.example"}}`:   "conference.factory is no address like sip:name@pbx.example",
		`{"dialplan":{"profiles":[{"name":"A","rules":[{"pattern":"(?!9)","translation":"+1"}]}]}}`: "profile is wrong",
		relay(`"username":"u","password":"hush-hush"`):                                              "media.relay.uris has no address like turns:host:port?transport=tcp (RFC 7065)",
		relay(`"uris":["turn:"],"username":"u","password":"hush-hush"`):                             "media.relay.uris has no address like turns:host:port?transport=tcp (RFC 7065)",
		relay(`"uris":["","","","","","","","",""],"username":"u","password":"p"`):                  "media.relay.uris has more than 8 addresses",
		relay(`"uris":["turn:a.example"],"password":"hush-hush"`):                                   "media.relay.username and password must be 1 to 512 bytes without control characters",
		relay(`"uris":["turn:a.example"],"username":"u","password":"hush-hush\n"`):                  "media.relay.username and password must be 1 to 512 bytes without control characters",
		relay(`"uris":["turn:a.example"],"username":"u","password":"hush-hush","ttl":59`):           "media.relay.ttl must be 60 to 2592000 seconds",
		relay(`"uris":["turn:a.example"],"username":"u","password":"hush-hush","ttl":2592001`):      "media.relay.ttl must be 60 to 2592000 seconds",
		strings.Repeat(" ", maxDocument+1):                                                          "the document is longer than 262144 bytes",
	} {
		switch _, err := Read([]byte(doc), plans); {
		case err == nil || !strings.HasPrefix(err.Error(), why):
			t.Errorf("%.80s: %v, not %s", doc, err, why)
		case strings.Contains(err.Error(), "hush"):
			t.Errorf("%.80s: %v", doc, err)
		}
	}
}

// told is what a keeper says of itself.
type told struct {
	mu      sync.Mutex
	changes int
	asked   []string
	problem string
}

func (w *told) take() (changes int, asked, problem string) {
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	changes, asked = w.changes, strings.Join(w.asked, " ")
	w.changes, w.asked = 0, nil
	return changes, asked, w.problem
}

func with(t *testing.T, fn func(k *Keeper, w *told, log *strings.Builder)) {
	synctest.Test(t, func(t *testing.T) {
		w, log := &told{}, &strings.Builder{}
		locked := func(fn func()) { w.mu.Lock(); defer w.mu.Unlock(); fn() }
		k := New(plans, func() { locked(func() { w.changes++ }) }, func(aor string) { locked(func() { w.asked = append(w.asked, aor) }) },
			func(s string) { locked(func() { w.problem = s }) }, slog.New(slog.NewTextHandler(log, nil)))
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); _ = k.Run(ctx) }()
		k.Configure([]string{aor})
		w.take()
		fn(k, w, log)
		cancel()
		<-done
	})
}

func relayDoc(password string) []byte {
	return []byte(strings.Replace(whole, "hush-hush", password, 1))
}

// TestCredentialsAreRenewed: the server is asked for others at half of their life, and once more; what it hands down then holds
// for as long again, and what has ended is used no more.
func TestCredentialsAreRenewed(t *testing.T) {
	with(t, func(k *Keeper, w *told, log *strings.Builder) {
		expect := func(changes int, asked string, relay bool) {
			t.Helper()
			n, a, p := w.take()
			if has := k.For(aor).Relay.Server != ""; n != changes || a != asked || p != "" || has != relay {
				t.Fatalf("%v: %d changes, asked %q, problem %q, relay %v", time.Now(), n, a, p, has)
			}
		}
		k.Told(aor, relayDoc("first"))
		expect(1, "", true)
		k.Told(aor, relayDoc("first")) // as it was
		expect(0, "", true)
		time.Sleep(299 * time.Second)
		expect(0, "", true)
		time.Sleep(2 * time.Second)
		expect(0, aor, true)
		k.Told(aor, relayDoc("second"))
		expect(1, "", true)
		time.Sleep(299 * time.Second)
		expect(0, "", true)
		time.Sleep(299 * time.Second) // the server is away
		if n, asked, _ := w.take(); n != 0 || strings.Count(asked, aor) < 2 || strings.Count(asked, aor) > 6 {
			t.Fatalf("%d changes, asked %q", n, asked)
		}
		time.Sleep(3 * time.Second)
		expect(1, "", false)
		if p := k.For(aor); p.Collector == "" || len(p.Plan) != 1 {
			t.Errorf("what does not end has ended: %+v", p)
		}
		time.Sleep(48 * time.Hour)
		expect(0, "", false)
		k.Told(aor, relayDoc("third"))
		expect(1, "", true)
		k.Told(aor, []byte{}) // it hands nothing down any more
		expect(1, "", false)
		time.Sleep(48 * time.Hour)
		expect(0, "", false)
		for _, password := range []string{"first", "second", "third"} {
			if strings.Contains(log.String(), password) {
				t.Errorf("the password %s is in the log", password)
			}
		}
	})
}

// TestWrongDocumentChangesNothing, is told of, and is no more once a right one has come; lines that take nothing get nothing.
func TestWrongDocumentChangesNothing(t *testing.T) {
	with(t, func(k *Keeper, w *told, _ *strings.Builder) {
		k.Told(aor, []byte(whole))
		w.take()
		k.Told(aor, []byte(`{"voicemail":{"uri":"*97"}}`))
		n, _, problem := w.take()
		if n != 0 || problem != aor+": voicemail.uri is no address like sip:name@pbx.example" || k.For(aor).Voicemail != "sips:vm@pbx.example" {
			t.Errorf("%d changes, %q, %+v", n, problem, k.For(aor))
		}
		k.Told(aor, []byte(whole))
		if n, _, problem := w.take(); n != 0 || problem != "" {
			t.Errorf("%d changes, %q", n, problem)
		}
		k.Told("sip:200@pbx.example", []byte(whole))
		if n, _, _ := w.take(); n != 0 || k.For("sip:200@pbx.example").Collector != "" {
			t.Error("a line that takes nothing was handed something")
		}
		k.Configure(nil)
		if n, _, _ := w.take(); n != 1 || k.For(aor).Collector != "" {
			t.Errorf("%d changes; a line that takes nothing any more keeps %+v", n, k.For(aor))
		}
	})
}

// FuzzRead: whatever is handed down, it is read or refused with a reason, and what is read is whole.
func FuzzRead(f *testing.F) {
	f.Add([]byte(whole))
	f.Add([]byte(`{"media":{"relay":{"uris":["turn:[::1]:3478?transport=udp"],"username":"a","password":"b"}}}`))
	f.Add([]byte(`{"dialplan":{"profiles":[]}}`))
	f.Fuzz(func(t *testing.T, doc []byte) {
		p, err := Read(doc, plans)
		switch {
		case err != nil && err.Error() == "":
			t.Error("no reason")
		case err == nil && p.Relay.Server != "" && (p.Relay.User == "" || p.Relay.Password == "" || p.Relay.Lifetime != 0 && p.Relay.Lifetime < leastLifetime):
			t.Errorf("%+v", p.Relay)
		}
	})
}
