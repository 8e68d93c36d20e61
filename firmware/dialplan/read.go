// Package dialplan brings location profiles to the phone: it reads them from the documents in which they are kept,
// fetches them from a server, and says which one is in force. What becomes of a number by their rules is
// firmware/phone's.
package dialplan

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"opendeskphone/firmware/phone"
)

// Limits of a document.
const (
	maxDocument = 256 << 10 // bytes
	maxProfiles = 32
	maxDepth    = 64 // elements within each other
)

// namespace is that of the XML (MS-SIPRE, appendix B).
const namespace = "http://schemas.microsoft.com/2007/03/LocationProfileDescription"

// Read reads the profiles of a document: a LocationProfileDescription in XML, or JSON as in docs/NUMBERS.md. Of a
// document in which anything is wrong nothing is taken; the error names profile, rule and reason.
func Read(doc []byte) ([]*phone.Profile, error) {
	if len(doc) > maxDocument {
		return nil, fmt.Errorf("the document is longer than %d bytes", maxDocument)
	}
	doc = bytes.TrimPrefix(doc, []byte("\xef\xbb\xbf"))
	switch trimmed := bytes.TrimSpace(doc); {
	case bytes.HasPrefix(trimmed, []byte("<")):
		return readXML(doc)
	case bytes.HasPrefix(trimmed, []byte("{")):
		return readJSON(doc)
	}
	return nil, errors.New("the document is neither XML nor JSON")
}

// rule is a rule as documents have it. What it does not say of devices is true of them.
type rule struct {
	Pattern     string `xml:"Pattern" json:"pattern"`
	Translation string `xml:"Translation" json:"translation"`
	Internal    bool   `xml:"InternalEnterpriseExtension" json:"internal"`
	Device      *bool  `xml:"ApplicableForDeviceDialing" json:"device"`
}

// description is a profile as documents have it.
type description struct {
	XMLName  xml.Name `xml:"LocationProfileDescription" json:"-"`
	Name     string   `xml:"Name" json:"name"`
	Rules    []rule   `xml:"Rule" json:"rules"`
	Access   string   `xml:"ExternalAccessPrefix" json:"access_prefix"`
	Optimize bool     `xml:"OptimizeDeviceDialing" json:"optimize_dialing"`
}

func (d *description) profile() (*phone.Profile, error) {
	p := &phone.Profile{Name: strings.TrimSpace(d.Name), Access: strings.TrimSpace(d.Access), Optimize: d.Optimize}
	wrong := func(err error) error { return fmt.Errorf("profile %q: %w", p.Name, err) }
	if len(d.Rules) > phone.MaxRewrites {
		return nil, wrong(fmt.Errorf("at most %d rules, not %d", phone.MaxRewrites, len(d.Rules)))
	}
	for i, r := range d.Rules {
		text := strings.TrimSpace(r.Pattern)
		pattern, err := phone.ParsePattern(text)
		if err != nil {
			return nil, wrong(fmt.Errorf("rule %d, %.60s: %w", i+1, text, err))
		}
		p.Rules = append(p.Rules, phone.Rewrite{Pattern: pattern, Translation: strings.TrimSpace(r.Translation), Internal: r.Internal, Device: r.Device == nil || *r.Device})
	}
	if err := p.Validate(); err != nil {
		return nil, wrong(err)
	}
	return p, nil
}

// readXML reads one profile. A document type, and with it entities of its own, is not taken.
func readXML(doc []byte) ([]*phone.Profile, error) {
	check := xml.NewDecoder(bytes.NewReader(doc))
	for depth := 0; ; {
		t, err := check.RawToken()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("the XML is broken: %w", err)
		}
		switch t.(type) {
		case xml.Directive:
			return nil, errors.New("the XML has a document type, which is not taken")
		case xml.StartElement:
			if depth++; depth > maxDepth {
				return nil, errors.New("the XML is too deep")
			}
		case xml.EndElement:
			depth--
		}
	}
	var d description
	if err := xml.Unmarshal(doc, &d); err != nil {
		return nil, fmt.Errorf("this is no LocationProfileDescription: %w", err)
	}
	if d.XMLName.Space != namespace {
		return nil, fmt.Errorf("the namespace must be %s, not %.80q", namespace, d.XMLName.Space)
	}
	p, err := d.profile()
	if err != nil {
		return nil, err
	}
	return []*phone.Profile{p}, nil
}

// readJSON reads the dial plan of a configuration; what else such a document says is for others.
func readJSON(doc []byte) ([]*phone.Profile, error) {
	var d struct {
		DialPlan *struct {
			Profiles []description `json:"profiles"`
		} `json:"dialplan"`
	}
	if err := json.Unmarshal(doc, &d); err != nil {
		return nil, fmt.Errorf("the JSON is broken: %w", err)
	}
	if d.DialPlan == nil {
		return nil, errors.New("the document has no dialplan")
	}
	if len(d.DialPlan.Profiles) > maxProfiles {
		return nil, fmt.Errorf("at most %d profiles, not %d", maxProfiles, len(d.DialPlan.Profiles))
	}
	var out []*phone.Profile
	for i := range d.DialPlan.Profiles {
		p, err := d.DialPlan.Profiles[i].profile()
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}
