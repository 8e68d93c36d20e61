// Package routing reads and writes the rules of calls that come in as the XML document that Office Communications Server and Lync
// keep them in (namespace http://schemas.microsoft.com/02/2006/sip/routing): lists of targets, flags and a wait. What that document
// has no place for, such as do not disturb, is left as it is by Read and out by Write.
//
// A document that Write has made comes back from Read and Write byte by byte.
package routing

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"opendeskphone/firmware/phone"
)

// ContentType is the type of a document where it travels by HTTP or SIP.
const ContentType = "application/xml"

const maxDocument = 64 << 10 // bytes

// The namespaces: of the document, and another that its preamble is described under.
const (
	namespace = "http://schemas.microsoft.com/02/2006/sip/routing"
	preamble  = "http://schemas.microsoft.com/2006/09/sip/routing"
)

// flag is one word of the flags element and what it stands for.
type flag struct {
	word string
	on   func(r *phone.Rules) *bool
	v2   bool // means something in version 2 of the document alone
}

// flags in the order in which they are written; forward_immediate and enablecf need more than a bool.
var flags = []flag{
	{"block", func(r *phone.Rules) *bool { return &r.BlockAll }, false},
	{"work_hours", func(r *phone.Rules) *bool { return &r.WorkHours }, false},
	{"forward_immediate", func(r *phone.Rules) *bool { return &r.Always.On }, false},
	{"simultaneous_ring", func(r *phone.Rules) *bool { return &r.Simultaneous }, false},
	{"enablecf", func(r *phone.Rules) *bool { return &r.NoAnswer.On }, false},
	{"delegate_ring", func(r *phone.Rules) *bool { return &r.DelegateRing }, true},
	{"team_ring", func(r *phone.Rules) *bool { return &r.TeamRing }, true},
	{"skip_primary", func(r *phone.Rules) *bool { return &r.SkipPrimary }, true},
}

// lists in the order in which they are written, after forwardto.
var lists = []struct {
	name string
	of   func(r *phone.Rules) *[]string
	v2   bool
}{
	{"simultaneous_ring", func(r *phone.Rules) *[]string { return &r.RingWith }, false},
	{"team", func(r *phone.Rules) *[]string { return &r.Team }, true},
	{"delegates", func(r *phone.Rules) *[]string { return &r.Delegates }, true},
	{"first_delegate", func(r *phone.Rules) *[]string { return &r.First }, true},
	{"breakthrough", func(r *phone.Rules) *[]string { return &r.Breakthrough }, true},
}

// document is what was read, before it is understood.
type document struct {
	version string
	words   []string
	targets map[string][]string
	waits   map[string]int
}

// Read lays a document over rules. Flags, lists and waits that it does not know are passed over, as servers do; what is no such
// document is refused with the reason.
func Read(doc []byte, base phone.Rules) (phone.Rules, error) {
	d, err := parse(doc)
	if err != nil {
		return base, fmt.Errorf("routing: %w", err)
	}
	r := base
	for _, f := range flags {
		*f.on(&r) = slices.Contains(d.words, f.word) && (!f.v2 || d.version == "2")
	}
	for _, l := range lists {
		*l.of(&r) = d.targets[l.name]
	}
	to := ""
	if f := d.targets["forwardto"]; len(f) > 0 {
		to = f[0]
	}
	r.NoAnswer.To, r.Always.To = to, ""
	if r.NoAnswer.On && r.Always.On {
		r.Always.To = to
	}
	total, ok := d.waits["total"]
	if !ok {
		total = d.waits["user"] + d.waits["team2"] // the team joins after the one, and both ring for the other
	}
	switch {
	case total > int(phone.MaxRingFor/time.Second):
		return base, fmt.Errorf("routing: a call may ring for %v, not for %d s", phone.MaxRingFor, total)
	case total > 0:
		r.RingFor = time.Duration(total) * time.Second
	case ok:
		return base, errors.New("routing: a call rings for 1 s at the least")
	default:
		r.RingFor = phone.RingFor
	}
	return r, nil
}

// parse reads the elements.
func parse(doc []byte) (*document, error) {
	if len(doc) > maxDocument {
		return nil, fmt.Errorf("more than %d bytes", maxDocument)
	}
	d := &document{targets: map[string][]string{}, waits: map[string]int{}}
	x := xml.NewDecoder(bytes.NewReader(doc))
	var path []string
	list := ""
	for {
		token, err := x.Token()
		switch {
		case err == io.EOF && d.version != "" && len(path) == 0:
			return d, nil
		case err == io.EOF:
			return nil, errors.New("no routing element")
		case err != nil:
			return nil, err
		}
		switch e := token.(type) {
		case xml.Directive:
			return nil, errors.New("a document type is not taken")
		case xml.CharData:
			if strings.TrimSpace(string(e)) != "" {
				return nil, errors.New("text outside of attributes")
			}
		case xml.StartElement:
			path = append(path, e.Name.Local)
			if err := d.element(strings.Join(path, "/"), e, &list); err != nil { // none is known below a target
				return nil, err
			}
		case xml.EndElement:
			path = path[:len(path)-1]
		}
	}
}

// element takes one element of the document.
func (d *document) element(path string, e xml.StartElement, list *string) error {
	if e.Name.Space != namespace && (path == "routing" || e.Name.Space != preamble) {
		return fmt.Errorf("element %s is not of %s", short(e.Name.Local), namespace)
	}
	name := attr(e, "name")
	switch path {
	case "routing":
		if d.version != "" {
			return errors.New("two documents in one")
		}
		if d.version = attr(e, "version"); d.version != "1" && d.version != "2" {
			return fmt.Errorf("version %s is neither 1 nor 2", short(d.version))
		}
	case "routing/preamble":
	case "routing/preamble/list":
		*list = name
	case "routing/preamble/list/target":
		return d.target(*list, attr(e, "uri"))
	case "routing/preamble/flags":
		if name == "clientflags" {
			d.words = strings.Fields(attr(e, "value"))
		}
	case "routing/preamble/wait":
		n, err := strconv.ParseUint(attr(e, "seconds"), 10, 16)
		if err != nil {
			return fmt.Errorf("wait %s is no number of seconds", short(name))
		}
		d.waits[name] = int(n)
	default:
		return fmt.Errorf("element %s is not known", short(path))
	}
	return nil
}

// target adds a target to a list that is known. One without an address is an application of the server's: voicemail.
func (d *document) target(list, uri string) error {
	if list != "forwardto" && !slices.ContainsFunc(lists, func(l struct {
		name string
		of   func(r *phone.Rules) *[]string
		v2   bool
	}) bool {
		return l.name == list
	}) || uri == "" {
		return nil
	}
	if len(d.targets[list]) >= phone.MaxRuleList {
		return fmt.Errorf("list %s has more than %d targets", list, phone.MaxRuleList)
	}
	c := phone.DefaultConfig()
	uri = strings.TrimSpace(uri)
	if n, err := c.Number(uri); err != nil || n.Rule != phone.AddressRule {
		return fmt.Errorf("target %s in list %s is no address", short(uri), list)
	}
	d.targets[list] = append(d.targets[list], uri)
	return nil
}

func attr(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name && a.Name.Space == "" {
			return a.Value
		}
	}
	return ""
}

// short keeps what a stranger wrote within a message.
func short(s string) string { return strconv.Quote(s[:min(len(s), 60)]) }

// Write gives the rules of a phone as a document. Numbers become addresses in the domain of its first line.
func Write(c *phone.Config) []byte {
	aor := ""
	if len(c.Lines) > 0 {
		aor = c.Lines[0].AOR
	}
	return fmt.Appendf(nil, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n%s\n", Element(c, aor))
}

// Element gives the rules as Write does, for a document that they are a part of. Numbers become addresses in the domain of an
// address of record.
func Element(c *phone.Config, aor string) []byte {
	r := c.Rules
	forward := r.NoAnswer.To
	if r.Always.On {
		r.NoAnswer.On = r.Always.To != ""
		if r.NoAnswer.On {
			forward = r.Always.To
		}
	}
	r.NoAnswer.On = r.NoAnswer.On && forward != ""
	version, words := "1", []string{}
	for _, f := range flags {
		if *f.on(&r) {
			words = append(words, f.word)
			version = newer(version, f.v2)
		}
	}
	var body bytes.Buffer
	if forward != "" {
		writeList(&body, c, aor, "forwardto", []string{forward})
	}
	for _, l := range lists {
		if members := *l.of(&r); len(members) > 0 {
			writeList(&body, c, aor, l.name, members)
			version = newer(version, l.v2)
		}
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "<routing xmlns=%q name=\"rtcdefault\" version=%q minSupportedClientVersion=\"2.0.0.0\">\n  <preamble>\n", namespace, version)
	b.Write(body.Bytes())
	fmt.Fprintf(&b, "    <flags name=\"clientflags\" value=%q/>\n    <wait name=\"total\" seconds=\"%d\"/>\n  </preamble>\n</routing>", strings.Join(words, " "), r.RingFor/time.Second)
	return b.Bytes()
}

func newer(version string, v2 bool) string {
	if v2 {
		return "2"
	}
	return version
}

func writeList(b *bytes.Buffer, c *phone.Config, aor, name string, targets []string) {
	fmt.Fprintf(b, "    <list name=%q>\n", name)
	for _, to := range targets {
		b.WriteString("      <target uri=\"")
		_ = xml.EscapeText(b, []byte(address(c, aor, to))) // a buffer takes all
		b.WriteString("\"/>\n")
	}
	b.WriteString("    </list>\n")
}

// address makes a target an address: a number is one of its domain, with user=phone (RFC 3261 §19.1.6).
func address(c *phone.Config, aor, to string) string {
	n, err := c.Number(to)
	switch {
	case strings.Contains(to, ":"):
		return to
	case strings.Contains(to, "@"):
		return "sip:" + to
	}
	_, domain, ok := strings.Cut(aor, "@")
	if !ok {
		domain = "localhost"
	}
	user, param := n.Target, ";user=phone"
	switch {
	case err != nil || n.Rule == phone.AddressRule:
		user, param = to, ""
	case n.E164 != "":
		user = n.E164
	}
	return "sip:" + strings.ReplaceAll(user, "#", "%23") + "@" + domain + param
}
