// Package provision keeps what the servers of the lines hand down to them once they are registered (RFC 6080): the relay
// through which voice reaches the outside, where reports on calls go, mailbox, conferences, rules for numbers.
//
//	NOTIFY (ua-profile) -- Told --> Run -- Read --> For --> whoever makes the lines whole
//	                                 \-- again: before the relay's credentials end, the server is asked anew
//
// What the settings say goes before it; that is for who asks For.
package provision

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"opendeskphone/firmware/phone"
	"opendeskphone/sip/ice"
	"opendeskphone/sip/stack"
)

// Limits of a document.
const (
	maxDocument   = 256 << 10 // bytes
	maxURIs       = 8         // of a relay
	maxText       = 512       // bytes of a name, a password, an address
	leastLifetime = time.Minute
	mostLifetime  = 30 * 24 * time.Hour
)

// Profile is what a server hands down to a line. What is empty it leaves to others.
type Profile struct {
	Relay     Relay
	Collector string           // SIP address that reports on calls go to
	Voicemail string           // SIP address of the mailbox
	Factory   string           // SIP address that makes conferences
	Plan      []*phone.Profile // location profiles
}

// Relay is a TURN server and what it knows the line by.
type Relay struct {
	Server   string // RFC 7065
	User     string
	Password ice.Secret
	Lifetime time.Duration // of the credentials, from when they came; 0: for ever
}

// document is what is handed down (docs/PROVISIONING.md). What else it says is for others.
type document struct {
	Media struct {
		Relay *struct {
			URIs     []string `json:"uris"`
			Username string   `json:"username"`
			Password string   `json:"password"`
			TTL      *int64   `json:"ttl"`
		} `json:"relay"`
	} `json:"media"`
	QoE struct {
		Collector string `json:"collector"`
	} `json:"qoe"`
	Voicemail struct {
		URI string `json:"uri"`
	} `json:"voicemail"`
	Conference struct {
		Factory string `json:"factory"`
	} `json:"conference"`
	DialPlan json.RawMessage `json:"dialplan"`
}

// Plans reads the location profiles of a document that has some.
type Plans func(doc []byte) ([]*phone.Profile, error)

// Read reads a document. Of one in which anything is wrong nothing is taken; the error names the key and the reason, and
// never a password.
func Read(doc []byte, plans Plans) (Profile, error) {
	if len(doc) > maxDocument {
		return Profile{}, fmt.Errorf("the document is longer than %d bytes", maxDocument)
	}
	var d document
	if err := json.Unmarshal(doc, &d); err != nil {
		return Profile{}, fmt.Errorf("the JSON is broken: %s", where(err))
	}
	p := Profile{Collector: d.QoE.Collector, Voicemail: d.Voicemail.URI, Factory: d.Conference.Factory}
	for _, a := range []struct{ key, uri string }{{"qoe.collector", p.Collector}, {"voicemail.uri", p.Voicemail}, {"conference.factory", p.Factory}} {
		if err := checkAddress(a.uri); err != nil {
			return Profile{}, fmt.Errorf("%s %w", a.key, err)
		}
	}
	if r := d.Media.Relay; r != nil {
		p.Relay.User, p.Relay.Password = r.Username, ice.Secret(r.Password)
		var err error
		if p.Relay.Server, err = server(r.URIs); err != nil {
			return Profile{}, fmt.Errorf("media.relay.uris %w", err)
		}
		if !printable(r.Username) || !printable(r.Password) {
			return Profile{}, fmt.Errorf("media.relay.username and password must be 1 to %d bytes without control characters", maxText)
		}
		if r.TTL != nil {
			if *r.TTL < int64(leastLifetime/time.Second) || *r.TTL > int64(mostLifetime/time.Second) {
				return Profile{}, fmt.Errorf("media.relay.ttl must be %.0f to %.0f seconds", leastLifetime.Seconds(), mostLifetime.Seconds())
			}
			p.Relay.Lifetime = time.Duration(*r.TTL) * time.Second
		}
	}
	if len(d.DialPlan) > 0 && !bytes.Equal(d.DialPlan, []byte("null")) {
		var err error
		if p.Plan, err = plans(doc); err != nil {
			return Profile{}, err
		}
	}
	return p, nil
}

// where says what is wrong with a JSON, but not what stands there: it may be a password.
func where(err error) string {
	var kind *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &kind) && kind.Field == "":
		return "it is no object"
	case errors.As(err, &kind):
		return fmt.Sprintf("%s is no %s", kind.Field, kind.Type)
	case errors.As(err, &syntax):
		return fmt.Sprintf("at byte %d", syntax.Offset)
	}
	return "it cannot be read"
}

// server is the first of a relay's addresses that can be used.
func server(uris []string) (string, error) {
	if len(uris) > maxURIs {
		return "", fmt.Errorf("has more than %d addresses", maxURIs)
	}
	for _, u := range uris {
		if u != "" && len(u) <= maxText && (ice.Config{TURN: u}).Check() == nil {
			return u, nil
		}
	}
	return "", errors.New("has no address like turns:host:port?transport=tcp (RFC 7065)")
}

func printable(s string) bool {
	return s != "" && len(s) <= maxText && strings.IndexFunc(s, unicode.IsControl) < 0
}

// checkAddress takes nothing, or the SIP address of somebody.
func checkAddress(s string) error {
	if s == "" {
		return nil
	}
	u, err := stack.ParseURI(s)
	if err != nil || len(s) > maxText || u.Scheme != "sip" && u.Scheme != "sips" || u.User == "" || u.Host == "" {
		return errors.New("is no address like sip:name@pbx.example")
	}
	return nil
}
