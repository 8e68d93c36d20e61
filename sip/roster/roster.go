// Package roster reads who is in a conference: documents of the conference event package (RFC 4575), whole ones and those
// that tell only what has changed. It keeps what they say together:
//
//	NOTIFY -> Apply -> Users     ErrMissed: ask the focus for a whole document
//
// Documents come from strangers: size, depth, and the number of users are bounded, and a document that breaks a bound
// or a rule changes nothing.
package roster

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// The event package and the type of its documents.
const (
	Event = "conference"
	Type  = "application/conference-info+xml"
)

// Bounds of a document, and of what is kept.
const (
	maxBody      = 64 << 10
	maxDepth     = 12
	maxElements  = 8192
	maxText      = 256 // bytes of one text; longer ones are cut
	MaxUsers     = 256 // users of a conference; more are refused
	maxEndpoints = 8   // of a user
	maxMedia     = 8   // of an endpoint
)

// The errors of Apply.
var (
	ErrMissed = errors.New("roster: a document is missing")              // the focus must tell all anew (RFC 4575 §4.6)
	ErrStale  = errors.New("roster: the document is older than another") // nothing to do
)

// Status is what an endpoint is doing (RFC 4575 §5.7.3).
type Status string

// The statuses.
const (
	Pending       Status = "pending"
	DialingOut    Status = "dialing-out"
	DialingIn     Status = "dialing-in"
	Alerting      Status = "alerting"
	OnHold        Status = "on-hold"
	Connected     Status = "connected"
	Muted         Status = "muted-via-focus"
	Disconnecting Status = "disconnecting"
	Disconnected  Status = "disconnected"
)

var statuses = []Status{Pending, DialingOut, DialingIn, Alerting, OnHold, Connected, Muted, Disconnecting, Disconnected}

// Roster is a conference as its focus has told it so far. The zero value knows nothing.
type Roster struct {
	Entity  string // URI of the conference
	Subject string
	Count   int // of users as the focus says; 0: it does not say
	Users   []User

	version uint32
	known   bool
}

// User is one who is in the conference, with one endpoint or several.
type User struct {
	Entity    string // URI; the user's name in the document
	Display   string
	Endpoints []Endpoint
}

// Endpoint is a device of a user.
type Endpoint struct {
	Entity string
	Status Status
	Media  []Media
}

// Media is a stream of an endpoint.
type Media struct {
	ID     string
	Kind   string // "audio"
	Status string // "sendrecv" as the endpoint sees it: sendonly, recvonly, inactive

	Blocked bool // the focus lets nobody hear it ([MS-CONFAV] §2.2.1.1.1.1)
}

// Apply takes a document. A partial one must be the next after the last; ErrMissed says that it is not.
func (r *Roster) Apply(body []byte) error {
	d, err := read(body)
	if err != nil {
		return err
	}
	whole := d.State == "full" || d.State == ""
	switch {
	case d.State == "deleted":
		*r = Roster{Entity: d.Entity, version: d.Version, known: true}
		return nil
	case !whole && d.State != "partial":
		return fmt.Errorf("roster: a document of state %q", clip(d.State))
	case r.known && d.Version <= r.version:
		return ErrStale
	case !whole && (!r.known || d.Version != r.version+1):
		return ErrMissed
	}
	next := Roster{Entity: d.Entity, version: d.Version, known: true}
	if !whole {
		next.Subject, next.Count, next.Users = r.Subject, r.Count, slices.Clone(r.Users)
	}
	if err := next.take(d); err != nil {
		return err
	}
	*r = next
	return nil
}

// document is the XML; a pointer tells what is there from what is not.
type document struct {
	XMLName     xml.Name `xml:"urn:ietf:params:xml:ns:conference-info conference-info"`
	Entity      string   `xml:"entity,attr"`
	State       string   `xml:"state,attr"`
	Version     uint32   `xml:"version,attr"`
	Description *struct {
		Subject string `xml:"subject"`
		Display string `xml:"display-text"`
	} `xml:"conference-description"`
	Conference *struct {
		Count uint32 `xml:"user-count"`
	} `xml:"conference-state"`
	Users *struct {
		State string    `xml:"state,attr"`
		Users []xmlUser `xml:"user"`
	} `xml:"users"`
}

type xmlUser struct {
	Entity    string        `xml:"entity,attr"`
	State     string        `xml:"state,attr"`
	Display   *string       `xml:"display-text"`
	Endpoints []xmlEndpoint `xml:"endpoint"`
}

type xmlEndpoint struct {
	Entity string     `xml:"entity,attr"`
	State  string     `xml:"state,attr"`
	Status *string    `xml:"status"`
	Media  []xmlMedia `xml:"media"`
}

type xmlMedia struct {
	ID     string  `xml:"id,attr"`
	State  string  `xml:"state,attr"`
	Kind   *string `xml:"type"`
	Status *string `xml:"status"`
	Filter *string `xml:"http://schemas.microsoft.com/rtc/2005/08/confinfoextensions media-ingress-filter"`
}

// read reads a document within the bounds.
func read(body []byte) (*document, error) {
	if len(body) > maxBody {
		return nil, fmt.Errorf("roster: %d bytes, at most %d", len(body), maxBody)
	}
	if err := bounded(body); err != nil {
		return nil, err
	}
	var d document
	if err := xml.Unmarshal(body, &d); err != nil {
		return nil, fmt.Errorf("roster: %w", err)
	}
	return &d, nil
}

// bounded checks depth and number of the elements, and that there is no DTD.
func bounded(body []byte) error {
	depth, n := 0, 0
	for x := xml.NewDecoder(bytes.NewReader(body)); ; {
		t, err := x.RawToken()
		switch t.(type) {
		case xml.StartElement:
			depth, n = depth+1, n+1
		case xml.EndElement:
			depth--
		case xml.Directive:
			return errors.New("roster: a document type is not taken")
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("roster: %w", err)
		case depth > maxDepth || n > maxElements:
			return fmt.Errorf("roster: more than %d elements, or deeper than %d", maxElements, maxDepth)
		}
	}
}

// take lays a document over what is known.
func (r *Roster) take(d *document) error {
	if d.Description != nil {
		if r.Subject = clip(d.Description.Subject); r.Subject == "" {
			r.Subject = clip(d.Description.Display)
		}
	}
	if d.Conference != nil {
		r.Count = int(min(d.Conference.Count, 1<<16))
	}
	if d.Users == nil {
		return nil
	}
	if d.Users.State == "full" || d.Users.State == "" {
		r.Users = nil
	}
	for _, u := range d.Users.Users {
		at := slices.IndexFunc(r.Users, func(o User) bool { return o.Entity == u.Entity })
		if !lay(&r.Users, at, u.State, func(o User) User { return u.over(o) }, MaxUsers) || u.Entity == "" || len(u.Entity) > maxText {
			return fmt.Errorf("roster: user %q: no name, or more than %d users", clip(u.Entity), MaxUsers)
		}
	}
	return nil
}

// lay lays an element of a state over the one at an index (-1: it is new), and tells whether there is room for it.
func lay[T any](list *[]T, at int, state string, over func(T) T, most int) bool {
	var old T
	switch {
	case state == "deleted":
		if at >= 0 {
			*list = slices.Delete(slices.Clone(*list), at, at+1)
		}
	case at < 0 && len(*list) >= most:
		return false
	case at < 0:
		*list = append(slices.Clip(*list), over(old))
	default:
		if state == "partial" {
			old = (*list)[at]
		}
		*list = slices.Clone(*list)
		(*list)[at] = over(old)
	}
	return true
}

// over gives the user as he is now, from what was known of him; extra endpoints are passed over.
func (u xmlUser) over(o User) User {
	o.Entity = u.Entity
	set(&o.Display, u.Display)
	for _, e := range u.Endpoints {
		at := slices.IndexFunc(o.Endpoints, func(p Endpoint) bool { return p.Entity == e.Entity })
		lay(&o.Endpoints, at, e.State, e.over, maxEndpoints)
	}
	return o
}

func (e xmlEndpoint) over(o Endpoint) Endpoint {
	o.Entity = clip(e.Entity)
	if e.Status != nil {
		if s := Status(strings.TrimSpace(*e.Status)); slices.Contains(statuses, s) {
			o.Status = s
		}
	}
	for _, m := range e.Media {
		at := slices.IndexFunc(o.Media, func(p Media) bool { return p.ID == clip(m.ID) })
		lay(&o.Media, at, m.State, m.over, maxMedia)
	}
	return o
}

func (m xmlMedia) over(o Media) Media {
	o.ID = clip(m.ID)
	set(&o.Kind, m.Kind)
	set(&o.Status, m.Status)
	if m.Filter != nil {
		o.Blocked = strings.TrimSpace(*m.Filter) == "block"
	}
	return o
}

func set(to, from *string) {
	if from != nil {
		*to = clip(*from)
	}
}

// clip gives a text without the space around it, and not too long.
func clip(s string) string {
	s = strings.TrimSpace(s)
	if len(s) > maxText {
		s = strings.ToValidUTF8(s[:maxText], "")
	}
	return s
}

// Status is what the user is doing: that of the endpoint that is furthest in; Connected where none says.
func (u *User) Status() Status {
	best := -1
	for _, e := range u.Endpoints {
		best = max(best, slices.Index(inward, e.Status))
	}
	if best < 0 {
		return Connected
	}
	return inward[best]
}

// inward are the statuses from the furthest out to the furthest in.
var inward = []Status{Disconnected, Disconnecting, Pending, DialingOut, DialingIn, Alerting, OnHold, Muted, Connected}

// Muted tells whether nobody hears the user: the focus mutes him, or he sends no audio, at all of his endpoints that are in.
func (u *User) Muted() bool {
	silent := false
	for _, e := range u.Endpoints {
		switch {
		case e.Status == Muted:
			silent = true
		case e.Status == Connected || e.Status == "":
			if e.speaks() {
				return false
			}
			silent = true
		}
	}
	return silent
}

// speaks tells whether an endpoint sends audio, as far as it is known: RFC 4575 §5.8.5 has it from the view of the endpoint.
func (e *Endpoint) speaks() bool {
	for _, m := range e.Media {
		if m.Kind == "audio" && (m.Blocked || m.Status == "recvonly" || m.Status == "inactive") {
			return false
		}
	}
	return true
}
