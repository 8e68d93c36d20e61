package dialplan

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"opendeskphone/firmware/phone"
)

// office is a phone with a keeper, and the server it asks.
type office struct {
	t   *testing.T
	dir string

	mu      sync.Mutex
	answers []func(tag string) (Answer, error) // the last stays
	asked   []time.Time
	tags    []string
	problem string
	changes int
	*Keeper
}

const config = "https://pbx.example/config"

func (o *office) fetch(_ context.Context, url, tag string) (Answer, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asked, o.tags = append(o.asked, time.Now()), append(o.tags, tag)
	next := o.answers[0]
	if len(o.answers) > 1 {
		o.answers = o.answers[1:]
	}
	return next(tag)
}

// start starts the phone anew.
func (o *office) start(c Config) (stop func()) {
	o.asked, o.tags, o.problem, o.changes = nil, nil, "", 0
	o.Keeper = New(filepath.Join(o.dir, "dialplan"), c, o.fetch, func() { o.note(func() { o.changes++ }) }, func(s string) { o.note(func() { o.problem = s }) }, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = o.Run(ctx) }()
	synctest.Wait()
	return func() { cancel(); <-done }
}

func (o *office) note(what func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	what()
}

// wait lets time pass and gives what was told and asked by then.
func (o *office) wait(d time.Duration) (problem string, changes int, asked []time.Time, tags []string) {
	time.Sleep(d)
	synctest.Wait()
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.problem, o.changes, slices.Clone(o.asked), slices.Clone(o.tags)
}

func (o *office) inForce(location string) string {
	c := phone.DefaultConfig()
	c.Location = location
	if o.Choose(&c); c.Profile == nil {
		return ""
	}
	return c.Profile.Name
}

func sends(doc, tag string) func(string) (Answer, error) {
	return func(had string) (Answer, error) {
		if had == tag {
			return Answer{Same: true}, nil
		}
		return Answer{Document: []byte(doc), Tag: tag}, nil
	}
}

// A rule that is wrong is named, and the last good rules stay, over a restart too.
func TestLastGoodRulesStay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bad := strings.Replace(redmondXML, `^(\d{4})$`, `^(?=1)(\d{4})$`, 1)
		o := &office{t: t, dir: t.TempDir(), answers: []func(string) (Answer, error){sends(redmondXML, `"1"`), sends(bad, `"2"`)}}
		stop := o.start(Config{URL: config, Poll: time.Hour})
		if problem, changes, _, _ := o.wait(0); o.inForce("") != "redmond.example" || changes != 1 || problem != "" {
			t.Errorf("in force: %q, %d changes, %q", o.inForce(""), changes, problem)
		}
		problem, changes, _, _ := o.wait(2 * time.Hour)
		if want := config + `: profile "redmond.example": rule 1, ^(?=1)(\d{4})$: look-around`; o.inForce("") != "redmond.example" || changes != 1 || !strings.HasPrefix(problem, want) {
			t.Errorf("in force: %q, %d changes, %q", o.inForce(""), changes, problem)
		}
		stop()

		fails := func(string) (Answer, error) { return Answer{}, errors.New("no network") }
		o.answers = []func(string) (Answer, error){fails, sends(twoJSON, `"3"`), fails}
		stop = o.start(Config{URL: config, Poll: time.Hour})
		defer stop()
		if _, _, _, tags := o.wait(0); o.inForce("") != "redmond.example" || !slices.Equal(tags, []string{`"1"`}) {
			t.Errorf("after a restart: %q, asked with %q", o.inForce(""), tags)
		}
		if problem, _, _, _ := o.wait(time.Minute); o.inForce("") != "Berlin" || o.inForce("Köln") != "Köln" || o.inForce("Redmond") != "" || problem != "" {
			t.Errorf("%q %q", o.inForce(""), problem)
		}
		o.Configure(Config{URL: "https://other.example/", Poll: time.Hour})
		if o.inForce("") != "" {
			t.Errorf("rules of a server that is none of ours any more: %q", o.inForce(""))
		}
	})
}

// A server that fails is asked ever more rarely, one that says when is asked then, and no two phones at the same time.
func TestServerIsLeftInPeace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fails := func(after time.Duration) func(string) (Answer, error) {
			return func(string) (Answer, error) { return Answer{After: after}, errors.New("503") }
		}
		o := &office{t: t, dir: t.TempDir(), answers: []func(string) (Answer, error){fails(0), fails(0), fails(0), fails(3 * time.Hour), sends(twoJSON, "1")}}
		stop := o.start(Config{URL: config, Poll: time.Hour})
		defer stop()
		_, _, asked, _ := o.wait(6 * time.Hour)
		if len(asked) < 7 {
			t.Fatal(asked)
		}
		for i, want := range []time.Duration{30 * time.Second, time.Minute, 2 * time.Minute, 3 * time.Hour, time.Hour, time.Hour} {
			if got := asked[i+1].Sub(asked[i]); got < want || got > want*12/10 {
				t.Errorf("pause %d: %v, want %v or up to a fifth more", i, got, want)
			}
		}
		o.ask()
		if _, _, now, _ := o.wait(0); len(now) != len(asked)+1 {
			t.Error("the change was not fetched at once")
		}
	})
}

func TestFilesAreRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &office{t: t, dir: t.TempDir(), answers: []func(string) (Answer, error){sends(twoJSON, "1")}}
		a, b := filepath.Join(o.dir, "a.xml"), filepath.Join(o.dir, "b.xml")
		write := func(path, doc string) {
			if err := os.WriteFile(path, []byte(doc), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		write(a, redmondXML)
		c := Config{Files: []string{a, b}, URL: config, Poll: time.Hour}
		stop := o.start(c)
		defer stop()
		if problem, _, _, _ := o.wait(0); o.inForce("") != "redmond.example" || o.inForce("Berlin") != "Berlin" || problem != b+": the file cannot be read" {
			t.Errorf("%q %q", o.inForce(""), problem)
		}
		write(a, "<broken")
		write(b, strings.Replace(redmondXML, "redmond.example", "dublin.example", 1))
		o.Configure(c)
		if problem, _, _, _ := o.wait(0); o.inForce("") != "redmond.example" || o.inForce("dublin.example") == "" || !strings.HasPrefix(problem, a+": the XML is broken") {
			t.Errorf("%q %q", o.inForce(""), problem)
		}
		o.Configure(Config{Files: []string{b}})
		if problem, _, _, _ := o.wait(0); o.inForce("") != "dublin.example" || problem != "" {
			t.Errorf("%q %q", o.inForce(""), problem)
		}
	})
}

// By HTTPS from a server whose certificate the phone's authorities vouch for, and from no other.
func TestFetchedByHTTPS(t *testing.T) {
	answer := func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/moved":
			http.Redirect(w, r, "/config", http.StatusFound)
		case r.URL.Path == "/busy":
			w.Header().Set("Retry-After", "120")
			w.WriteHeader(http.StatusServiceUnavailable)
		case r.URL.Path == "/endless":
			for r.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 1<<16)); err != nil {
					return
				}
			}
		case r.Header.Get("If-None-Match") == `"7"`:
			w.WriteHeader(http.StatusNotModified)
		default:
			w.Header().Set("ETag", `"7"`)
			fmt.Fprint(w, redmondXML)
		}
	}
	server := httptest.NewTLSServer(http.HandlerFunc(answer))
	defer server.Close()
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo)
	pool := x509.NewCertPool()
	pool.AddCert(server.Certificate())
	fetch := HTTPS("OpenDeskPhone/1", func() (*x509.CertPool, error) { return pool, nil })
	a, err := fetch(t.Context(), server.URL+"/config", "")
	if err != nil || a.Tag != `"7"` || string(a.Document) != redmondXML {
		t.Errorf("%+v %v", a, err)
	}
	if a, err = fetch(t.Context(), server.URL+"/config", `"7"`); err != nil || !a.Same {
		t.Errorf("%+v %v", a, err)
	}
	if a, err = fetch(t.Context(), server.URL+"/busy", ""); err == nil || a.After != 2*time.Minute {
		t.Errorf("%+v %v", a, err)
	}
	if _, err = fetch(t.Context(), server.URL+"/moved", ""); err == nil || !strings.Contains(err.Error(), "302") {
		t.Error(err)
	}
	if a, err = fetch(t.Context(), server.URL+"/endless", ""); err != nil || len(a.Document) != maxDocument+1 {
		t.Errorf("%d bytes, %v", len(a.Document), err)
	}
	strangers := HTTPS("OpenDeskPhone/1", func() (*x509.CertPool, error) { return x509.NewCertPool(), nil })
	var unknown x509.UnknownAuthorityError
	if _, err = strangers(t.Context(), server.URL+"/config", ""); !errors.As(err, &unknown) {
		t.Error(err)
	}
}

func TestRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for s, want := range map[string]time.Duration{
			"": 0, "60": time.Minute, "-5": 0, "999999999": longestWait, "x": 0,
			time.Now().Add(time.Hour).UTC().Format(http.TimeFormat): time.Hour, time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat): 0,
		} {
			if got := retryAfter(s); got != want {
				t.Errorf("%q: %v", s, got)
			}
		}
	})
}
