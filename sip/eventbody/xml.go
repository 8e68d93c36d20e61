// Package eventbody reads and writes what watchers are told of people and their calls: dialog-info (RFC 4235), presence
// (PIDF, RFC 3863, with the activities of RFC 4480) and lists of such documents (RFC 4662). Every reader is bounded in
// size, depth and count, refuses what is no such document, and takes no DTD and no entities of its own.
package eventbody

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Limits of a document.
const (
	maxSize     = 64 << 10 // bytes
	maxDepth    = 32
	maxElements = 4096
	maxText     = 1024 // bytes of one text or attribute that is kept; longer ones are cut off
)

// Errors of reading.
var (
	ErrSize = errors.New("eventbody: document too large")
	ErrDTD  = errors.New("eventbody: a DTD has no business here")
)

// node is an element with what is of use in it.
type node struct {
	name xml.Name
	attr map[string]string // by local name
	text string
	kids []*node
}

// parse reads a document whose root has a name.
func parse(body []byte, root xml.Name) (*node, error) {
	if len(body) > maxSize {
		return nil, ErrSize
	}
	d := xml.NewDecoder(bytes.NewReader(body))
	var top *node
	var open []*node
	for count := 0; ; {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("eventbody: %w", err)
		}
		switch t := tok.(type) {
		case xml.Directive:
			return nil, ErrDTD
		case xml.StartElement:
			if count++; count > maxElements || len(open) >= maxDepth {
				return nil, ErrSize
			}
			n := newNode(t)
			if len(open) > 0 {
				p := open[len(open)-1]
				p.kids = append(p.kids, n)
			} else if top == nil {
				top = n
			}
			open = append(open, n)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			if len(open) > 0 {
				n := open[len(open)-1]
				n.text = short(n.text + string(t[:min(len(t), maxText)]))
			}
		}
	}
	if top == nil || top.name != root {
		return nil, fmt.Errorf("eventbody: no %s document", root.Local)
	}
	return top, nil
}

func newNode(t xml.StartElement) *node {
	n := &node{name: t.Name, attr: map[string]string{}}
	for _, a := range t.Attr {
		n.attr[a.Name.Local] = short(a.Value)
	}
	return n
}

// short cuts a text off at its limit, and the blanks around it.
func short(s string) string {
	if len(s) > maxText {
		s = strings.ToValidUTF8(s[:maxText], "")
	}
	return s
}

// all are the children of a local name.
func (n *node) all(name string) []*node {
	var out []*node
	for _, k := range n.kids {
		if k.name.Local == name {
			out = append(out, k)
		}
	}
	return out
}

// at is the first descendant on a path of local names; an empty node if there is none.
func (n *node) at(path ...string) *node {
	for _, name := range path {
		found := n.all(name)
		if len(found) == 0 {
			return &node{}
		}
		n = found[0]
	}
	return n
}

// words is the text of an element without the blanks around it.
func (n *node) words() string { return strings.TrimSpace(n.text) }

// escaped writes a text into XML.
func escaped(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a Builder takes everything
	return b.String()
}
