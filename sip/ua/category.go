package ua

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"opendeskphone/sip/stack"
)

// What a category is told in ([MS-PRES] §2.2).
const (
	categoryType  = "application/msrtc-category-publish+xml"
	richPresence  = "http://schemas.microsoft.com/2006/09/sip/rich-presence"
	maxFaultBytes = 4 << 10
)

// PublishCategory has the server of an account, which speaks the OCS dialect, keep a document of a category in place of the
// one before. It stays when the phone is gone; nil only ends that it is told anew. Nothing is sent while the line is not
// registered.
func (u *UA) PublishCategory(id AccountID, category string, doc []byte) {
	u.publish(postKey{id, category}, categoryState{}, doc)
}

// categoryState is the manner of [MS-PRES] §3.2: SERVICE, and a version that the server counts. What is told is instance 0
// in container 0, as the server's own clients tell what concerns all who call.
type categoryState struct{}

func (categoryState) request(p *post, a *account, to stack.Target) *stack.Request {
	req := a.outside(SERVICE, *a.p.aor.Clone(), to, p.key, p.seq)
	req.AppendHeader(a.dialogContact(to))
	kind := stack.ContentTypeHeader(categoryType)
	req.AppendHeader(&kind)
	var b bytes.Buffer
	fmt.Fprintf(&b, `<publish xmlns="%s"><publications uri="`, richPresence)
	_ = xml.EscapeText(&b, []byte(a.p.aor.String())) // a buffer takes all
	version := p.tag
	if version == "" {
		version = "0"
	}
	fmt.Fprintf(&b, `"><publication categoryName=%q instance="0" container="0" version=%q expireType="static">`, p.event, version)
	b.Write(p.body)
	b.WriteString(`</publication></publications></publish>`)
	req.SetBody(b.Bytes())
	return req
}

// kept: the version is one more than that it was told upon.
func (categoryState) kept(p *post, _ *stack.Response) (tag string, span time.Duration) {
	n, _ := strconv.ParseUint(p.tag, 10, 32) // of none it is 0
	return strconv.FormatUint(n+1, 10), 0
}

func (categoryState) lasts() bool { return true }

func (categoryState) crossed(_ *post, res *stack.Response) (tag string, ok bool) {
	if res.StatusCode != 409 {
		return "", false
	}
	version, err := currentVersion(res.Body())
	return strconv.FormatUint(uint64(version), 10), err == nil
}

// currentVersion reads from a fault which version the server has.
func currentVersion(fault []byte) (uint32, error) {
	if len(fault) > maxFaultBytes {
		return 0, fmt.Errorf("ua: a fault of more than %d bytes", maxFaultBytes)
	}
	x := xml.NewDecoder(bytes.NewReader(fault))
	for {
		token, err := x.Token()
		if err == io.EOF {
			err = errors.New("ua: a fault without a version")
		}
		if err != nil {
			return 0, err
		}
		switch e := token.(type) {
		case xml.Directive:
			return 0, errors.New("ua: a fault with a document type")
		case xml.StartElement:
			for _, at := range e.Attr {
				if e.Name.Local == "operation" && at.Name.Local == "curVersion" {
					n, err := strconv.ParseUint(at.Value, 10, 32)
					return uint32(n), err
				}
			}
		}
	}
}
