// Package api is how the program's commands and its page speak to the agent: JSON over HTTP. The same
// handler is served on a socket that only this user may open, and behind the page's guard.
//
//	GET    view                    all the agent knows (pc.View)
//	GET    events                  one JSON object a line, for ever: pc.Event; an empty line now and then
//	POST   call {to, phone?}       number, address, link or contact
//	POST   link {uri}              a clicked link; {asked} tells whether the user is asked first
//	POST   asks/ID {ok}            his word
//	POST   phones/ID/METHOD {...}  a TPCP request; ID "-" is the selected phone
//	DELETE phones/ID               unpair
//	POST   pair {phone}, pair/confirm {match}, pair/cancel
//	POST   signin {phone, account}, signout {phone, line}
//	GET    log?phone=ID&limit=N
//	GET    contacts?q=WORDS, POST contacts {contacts}, POST contacts/vcard {text}, DELETE contacts/ID
//	PATCH  prefs
//
// An error is {"error": pc.Refusal}.
package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"opendeskphone/tools/odp/pc"
	"opendeskphone/tools/odp/pc/contacts"
)

// Limits of what is taken.
const (
	maxBody  = 64 << 10
	maxCards = 32 << 20
	beat     = 15 * time.Second // an empty line on a silent event stream, so that a dead one is noticed
	maxLog   = 2000
)

// Handler serves the agent below /api/.
func Handler(agent *pc.Agent, book *contacts.Book, log *slog.Logger) http.Handler {
	s := &server{agent, book, log}
	mux := http.NewServeMux()
	for pattern, do := range map[string]func(*http.Request) (any, error){
		"GET /api/view":                  func(*http.Request) (any, error) { return agent.View(), nil },
		"POST /api/call":                 s.call,
		"POST /api/link":                 s.link,
		"POST /api/asks/{id}":            s.decide,
		"POST /api/phones/{id}/{method}": s.request,
		"DELETE /api/phones/{id}":        func(r *http.Request) (any, error) { return nil, agent.Unpair(r.Context(), r.PathValue("id")) },
		"POST /api/pair":                 s.pair,
		"POST /api/pair/confirm":         s.confirm,
		"POST /api/pair/cancel":          func(*http.Request) (any, error) { agent.CancelPairing(); return nil, nil },
		"POST /api/signin":               s.signIn,
		"POST /api/signout":              s.signOut,
		"GET /api/log":                   s.callLog,
		"GET /api/contacts": func(r *http.Request) (any, error) {
			return map[string]any{"contacts": book.Search(r.URL.Query().Get("q"))}, nil
		},
		"POST /api/contacts":        s.putContacts,
		"POST /api/contacts/vcard":  s.importCards,
		"DELETE /api/contacts/{id}": s.deleteContact,
		"PATCH /api/prefs":          s.prefs,
	} {
		mux.HandleFunc(pattern, s.answer(do))
	}
	mux.HandleFunc("GET /api/events", s.events)
	return mux
}

type server struct {
	agent *pc.Agent
	book  *contacts.Book
	log   *slog.Logger
}

// answer writes what do gives.
func (s *server) answer(do func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		out, err := do(r)
		if err != nil {
			s.refuse(w, r, err)
			return
		}
		if out == nil {
			out = struct{}{}
		}
		write(w, http.StatusOK, out)
	}
}

// wrong is a request that is not understood.
type wrong struct{ error }

func (s *server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	status, out := http.StatusInternalServerError, &pc.Refusal{Words: err.Error()}
	var bad wrong
	switch {
	case errors.As(err, &out):
		status = http.StatusConflict
	case errors.As(err, &bad):
		status, out.Kind = http.StatusBadRequest, pc.Usage
	case errors.Is(err, context.Canceled):
		status = http.StatusServiceUnavailable
	default:
		s.log.Error("api: request failed", "path", r.URL.Path, "err", err)
	}
	write(w, status, map[string]any{"error": out})
}

func write(w http.ResponseWriter, status int, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(text, '\n')) // the reader has gone: nothing to do about it
}

// read reads a request's body into v; an empty one leaves it.
func read(r *http.Request, limit int64, v any) error {
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		return wrong{errors.New("want application/json")}
	}
	d := json.NewDecoder(http.MaxBytesReader(nil, r.Body, limit))
	if err := d.Decode(v); err != nil {
		return wrong{fmt.Errorf("the request is not understood: %w", err)}
	}
	return nil
}

func (s *server) call(r *http.Request) (any, error) {
	var in struct{ To, Phone string }
	if err := read(r, maxBody, &in); err != nil {
		return nil, err
	}
	return s.agent.Call(r.Context(), in.Phone, in.To)
}

func (s *server) link(r *http.Request) (any, error) {
	var in struct{ URI string }
	if err := read(r, maxBody, &in); err != nil {
		return nil, err
	}
	asked, err := s.agent.Link(r.Context(), in.URI)
	return map[string]bool{"asked": asked}, err
}

func (s *server) decide(r *http.Request) (any, error) {
	var in struct{ OK bool }
	if err := read(r, maxBody, &in); err != nil {
		return nil, err
	}
	return nil, s.agent.Decide(r.Context(), r.PathValue("id"), in.OK)
}

// methods are TPCP's that may be asked for from here: a session, credentials and the host's lock are the
// agent's own business.
var methods = regexp.MustCompile(`^(call|line|appearance|device|mwi|voicemail|presence|log|diag|trace|number|rules)\.[a-zA-Z.]{1,40}$`)

func (s *server) request(r *http.Request) (any, error) {
	method := r.PathValue("method")
	if !methods.MatchString(method) {
		return nil, wrong{fmt.Errorf("no request %q may be made from here", method)}
	}
	params := map[string]any{}
	if err := read(r, maxBody, &params); err != nil {
		return nil, err
	}
	return s.agent.Request(r.Context(), phone(r.PathValue("id")), method, params)
}

func phone(id string) string {
	if id == "-" {
		return ""
	}
	return id
}

func (s *server) pair(r *http.Request) (any, error) {
	var in struct{ Phone string }
	if err := read(r, maxBody, &in); err != nil {
		return nil, err
	}
	return nil, s.agent.Pair(in.Phone)
}

func (s *server) confirm(r *http.Request) (any, error) {
	var in struct{ Match bool }
	if err := read(r, maxBody, &in); err != nil {
		return nil, err
	}
	return nil, s.agent.ConfirmPairing(in.Match)
}

func (s *server) callLog(r *http.Request) (any, error) {
	limit := 100
	if t := r.URL.Query().Get("limit"); t != "" {
		n, err := strconv.Atoi(t)
		if err != nil || n < 1 || n > maxLog {
			return nil, wrong{fmt.Errorf("limit must be 1 to %d", maxLog)}
		}
		limit = n
	}
	log, err := s.agent.Log(r.Context(), phone(r.URL.Query().Get("phone")), r.URL.Query().Get("conversation"), limit)
	return map[string]any{"log": log}, err
}

func (s *server) prefs(r *http.Request) (any, error) {
	var in struct {
		Phone             *string
		Notify, LinksDial *bool
	}
	if err := read(r, maxBody, &in); err != nil {
		return nil, err
	}
	return nil, s.agent.SetPrefs(func(p *pc.Prefs) {
		set(&p.Phone, in.Phone)
		set(&p.Notify, in.Notify)
		set(&p.LinksDial, in.LinksDial)
	})
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

// events streams what happens until the reader goes.
func (s *server) events(w http.ResponseWriter, r *http.Request) {
	ctx, stop := context.WithCancel(r.Context())
	defer stop()
	w.Header().Set("Content-Type", "application/x-ndjson")
	out := http.NewResponseController(w)
	lines := make(chan []byte)
	go func() {
		defer close(lines)
		_ = s.agent.Follow(ctx, func(e pc.Event) error { // it ends with ctx
			text, err := json.Marshal(e)
			if err != nil {
				return err
			}
			select {
			case lines <- text:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	}()
	tick := time.NewTicker(beat)
	defer tick.Stop()
	for {
		var line []byte
		select {
		case text, more := <-lines:
			if !more {
				return
			}
			line = text
		case <-tick.C:
		}
		if out.SetWriteDeadline(time.Now().Add(beat)) != nil {
			s.log.Debug("api: the connection knows no deadline")
		}
		if _, err := w.Write(append(line, '\n')); err != nil {
			return
		}
		if err := out.Flush(); err != nil {
			return
		}
	}
}
