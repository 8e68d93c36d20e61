package eventbody

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"strconv"
	"strings"
)

// The media types of a list (RFC 4662 §5).
const (
	ListType = "multipart/related"
	RLMIType = "application/rlmi+xml"
)

// Instance is the subscription to one resource of a list, as the list's server has it.
type Instance struct {
	ID    string
	State string // "active", "pending" or "terminated"
	Type  string // media type of Body without parameters
	Body  []byte // nil: nothing new
}

// Resource is an entry of a list.
type Resource struct {
	URI       string
	Name      string // as written, not cleaned; may be empty
	Instances []Instance
}

// List is a document about the resources of a list.
type List struct {
	URI       string
	Version   uint32
	Full      bool // of all resources there are; else of those that have changed
	Resources []Resource
}

// maxResources bounds the entries of one list.
const maxResources = 256

// ParseList reads a body of multipart/related; kind is its Content-Type with the parameters.
func ParseList(kind string, body []byte) (List, error) {
	media, params, err := mime.ParseMediaType(kind)
	if err != nil || media != ListType || params["boundary"] == "" {
		return List{}, errors.New("eventbody: no multipart/related")
	}
	if len(body) > maxSize {
		return List{}, ErrSize
	}
	var root []byte
	parts := map[string]Instance{} // by Content-ID
	for r := multipart.NewReader(bytes.NewReader(body), params["boundary"]); ; {
		p, err := r.NextRawPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil || len(parts) >= maxResources {
			return List{}, errors.Join(ErrSize, err)
		}
		data, err := io.ReadAll(p)
		if err != nil {
			return List{}, fmt.Errorf("eventbody: %w", err)
		}
		t, _, _ := mime.ParseMediaType(p.Header.Get("Content-Type"))
		id := bare(p.Header.Get("Content-ID"))
		if start := params["start"]; t == RLMIType && root == nil && (start == "" || bare(start) == id) {
			root = data
			continue
		}
		parts[id] = Instance{Type: t, Body: data}
	}
	return parseRLMI(root, parts)
}

// bare is a Content-ID without its brackets.
func bare(id string) string { return strings.Trim(strings.TrimSpace(id), "<>") }

// parseRLMI reads the list itself and finds the part of each instance.
func parseRLMI(root []byte, parts map[string]Instance) (List, error) {
	top, err := parse(root, xml.Name{Space: "urn:ietf:params:xml:ns:rlmi", Local: "list"})
	if err != nil {
		return List{}, err
	}
	version, err := strconv.ParseUint(top.attr["version"], 10, 32)
	full, err2 := strconv.ParseBool(top.attr["fullState"])
	if err != nil || err2 != nil {
		return List{}, fmt.Errorf("eventbody: list of version %q, full state %q", top.attr["version"], top.attr["fullState"])
	}
	l := List{URI: top.attr["uri"], Version: uint32(version), Full: full}
	for _, n := range top.all("resource") {
		if len(l.Resources) == maxResources {
			return List{}, ErrSize
		}
		r := Resource{URI: n.attr["uri"], Name: n.at("name").words()}
		for _, i := range n.all("instance") {
			in := parts[bare(i.attr["cid"])]
			if i.attr["cid"] == "" {
				in = Instance{}
			}
			in.ID, in.State = i.attr["id"], i.attr["state"]
			r.Instances = append(r.Instances, in)
		}
		l.Resources = append(l.Resources, r)
	}
	return l, nil
}
