package conformance

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
)

// pcapMagic begins a file of pcapng.
var pcapMagic = []byte{0x0a, 0x0d, 0x0d, 0x0a}

// traces fetches the newest trace, if there is one, in each format, and asks for what is not there.
func (l *leg) traces() error {
	var out struct {
		Traces []struct {
			TraceID  string   `json:"traceId"`
			CallIDs  []string `json:"callIds"`
			BeganAt  string   `json:"beganAt"`
			Messages *int     `json:"messages"`
		} `json:"traces"`
		More *bool `json:"more"`
	}
	if err := l.ask("trace.list", params{"limit": 1}, &out); err != nil {
		return err
	}
	if err := need("traces or more", out.Traces != nil && out.More != nil); err != nil {
		return err
	}
	for _, t := range out.Traces {
		if err := first(need("traceId", t.TraceID != ""), need("callIds", t.CallIDs != nil), need("messages", t.Messages != nil), checkTime("beganAt", t.BeganAt)); err != nil {
			return err
		}
		file, err := l.trace(t.TraceID, "pcapng")
		if err == nil && !bytes.HasPrefix(file, pcapMagic) {
			err = errors.New("it is not pcapng")
		}
		if err != nil {
			return err
		}
		if _, err := l.trace(t.TraceID, "text"); err != nil {
			return err
		}
	}
	return first(l.refused("trace.get", params{"traceId": "no-such-trace"}, 1004), l.refused("trace.list", params{"limit": 1000}, -32602))
}

// trace fetches a file part by part.
func (l *leg) trace(id, format string) (file []byte, err error) {
	for {
		var part struct {
			Data string
			Size int
			More *bool
		}
		if err := l.ask("trace.get", params{"traceId": id, "format": format, "offset": len(file)}, &part); err != nil {
			return nil, err
		}
		data, err := base64.StdEncoding.DecodeString(part.Data)
		if err != nil || part.More == nil || *part.More && len(data) == 0 {
			return nil, fmt.Errorf("data is no base64, more is missing, or nothing came: %w", err)
		}
		if file = append(file, data...); *part.More {
			continue
		}
		return file, need("size", part.Size == len(file))
	}
}
