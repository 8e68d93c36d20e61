// Package cccp speaks the conference control protocol of Office Communications Server and Lync ([MS-CONFBAS], [MS-CONFAV]):
// what is asked of the focus of a conference by INFO in the call to it, as far as no RFC has a way to ask, and what it says.
//
//	Mute.XML -> INFO -> focus -> Read -> Answer
//
// Answers come from strangers: size and depth are bounded.
package cccp

import (
	"encoding/xml"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Type is that of the documents.
const Type = "application/cccp+xml"

// Mute asks the focus to let nobody hear a member of its conference, or to let all hear him again ([MS-CONFAV] §3.2.5.4).
type Mute struct {
	ID         uint32 // of the request, for the answer
	Conference string // URI of the focus
	From       string // URI of who asks
	User       string // entity of the member in the roster, and of his endpoint and its audio
	Endpoint   string
	Media      string
	On         bool
}

type request struct {
	XMLName xml.Name `xml:"urn:ietf:params:xml:ns:cccp request"`
	Version string   `xml:"C3PVersion,attr"`
	To      string   `xml:"to,attr"`
	From    string   `xml:"from,attr"`
	ID      string   `xml:"requestId,attr"`
	Modify  struct {
		MCU  string `xml:"http://schemas.microsoft.com/rtc/2005/08/cccpextensions mcuUri,attr"`
		Keys struct {
			Conference string `xml:"confEntity,attr"`
			User       string `xml:"userEntity,attr"`
			Endpoint   string `xml:"endpointEntity,attr"`
			Media      string `xml:"mediaId,attr"`
		} `xml:"mediaKeys"`
		Media struct {
			ID     string `xml:"id,attr"`
			Kind   string `xml:"type"`
			Status string `xml:"status"`
			Filter string `xml:"http://schemas.microsoft.com/rtc/2005/08/confinfoextensions media-ingress-filter"`
		} `xml:"urn:ietf:params:xml:ns:conference-info media"`
	} `xml:"modifyEndpointMedia"`
}

// IsFocus tells whether a URI is one of these servers' for a focus.
func IsFocus(uri string) bool { return strings.Contains(uri, "app:conf:focus:") }

// XML writes the request.
func (m *Mute) XML() []byte {
	var r request
	r.Version, r.To, r.From, r.ID = "1", m.Conference, m.From, strconv.FormatUint(uint64(m.ID), 10)
	e := &r.Modify
	e.MCU = strings.Replace(m.Conference, "app:conf:focus:", "app:conf:audio-video:", 1) // who mixes, beside the focus
	e.Keys.Conference, e.Keys.User, e.Keys.Endpoint, e.Keys.Media = m.Conference, m.User, m.Endpoint, m.Media
	e.Media.ID, e.Media.Kind, e.Media.Status, e.Media.Filter = m.Media, "audio", "sendrecv", "unblock"
	if m.On {
		e.Media.Status, e.Media.Filter = "recvonly", "block"
	}
	out, err := xml.Marshal(&r)
	if err != nil {
		panic(err) // strings can always be written
	}
	return append([]byte(xml.Header), out...)
}

// Outcome is what has become of a request.
type Outcome uint8

// The outcomes.
const (
	Done Outcome = iota
	Pending
	Refused
)

// Answer is what the focus says to a request.
type Answer struct {
	ID      uint32
	Outcome Outcome
	Reason  string // of a refusal, perhaps empty
}

// Bounds of a document.
const (
	maxBody   = 16 << 10
	maxReason = 128
)

// Read reads an answer.
func Read(body []byte) (Answer, error) {
	if len(body) > maxBody {
		return Answer{}, fmt.Errorf("cccp: %d bytes, at most %d", len(body), maxBody)
	}
	if strings.Contains(string(body), "<!") {
		return Answer{}, errors.New("cccp: a document type is not taken")
	}
	var r struct {
		XMLName xml.Name `xml:"urn:ietf:params:xml:ns:cccp response"`
		ID      uint32   `xml:"requestId,attr"`
		Code    string   `xml:"code,attr"`
		Reason  string   `xml:"reason,attr"`
		Modify  struct {
			Reason string `xml:"reason,attr"`
		} `xml:"modifyEndpointMedia"`
	}
	if err := xml.Unmarshal(body, &r); err != nil {
		return Answer{}, fmt.Errorf("cccp: %w", err)
	}
	a := Answer{ID: r.ID, Reason: r.Modify.Reason}
	if a.Reason == "" {
		a.Reason = r.Reason
	}
	if len(a.Reason) > maxReason {
		a.Reason = strings.ToValidUTF8(a.Reason[:maxReason], "")
	}
	switch r.Code {
	case "success":
		a.Reason = ""
	case "pending":
		a.Outcome = Pending
	case "failure":
		a.Outcome = Refused
	default:
		return Answer{}, fmt.Errorf("cccp: an answer of code %.20q", r.Code)
	}
	return a, nil
}
