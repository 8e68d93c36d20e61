package tpcp

import "slices"

// The formats of trace.get.
const (
	TracePCAP = "pcapng"
	TraceText = "text"
)

type (
	// TracesParams are those of trace.list.
	TracesParams struct {
		Limit int `json:"limit,omitempty"` // 1 to 100, default 50
		Skip  int `json:"skip,omitempty"`
	}
	// TracesResult is that of trace.list, the one that began last first.
	TracesResult struct {
		Traces []Trace `json:"traces"`
		More   bool    `json:"more"`
	}
	// Trace is what was kept of a call, or of the sign-in of an account.
	Trace struct {
		TraceID  string   `json:"traceId"`
		CallIDs  []string `json:"callIds"`       // none: it did not ring here, or is a sign-in
		AOR      string   `json:"aor,omitempty"` // of a sign-in
		Dir      string   `json:"dir,omitempty"` // of a call: in, out
		URI      string   `json:"uri,omitempty"` // of a call: the other side
		BeganAt  Time     `json:"beganAt"`
		Messages int      `json:"messages"`
		Omitted  int      `json:"omitted"` // messages left out for their number
		Last     string   `json:"last"`    // the last message: "BYE", "486 Busy Here"
	}
	// TraceParams are those of trace.get.
	TraceParams struct {
		TraceID string `json:"traceId"`
		Format  string `json:"format,omitempty"` // pcapng (default), text
		Offset  int    `json:"offset,omitempty"`
	}
	// TraceResult is a part of the file. More: go on at offset and what came.
	TraceResult struct {
		Data []byte `json:"data"` // base64
		Size int    `json:"size"` // of the file
		More bool   `json:"more"`
	}
)

// tracePart is how many bytes of a file fit a frame, in base64.
const tracePart = 45000

func traceList(r *request, p TracesParams) (any, error) {
	part, more, err := page(r.server.services.Traces.Traces(), p.Skip, p.Limit)
	return TracesResult{part, more}, err
}

func traceGet(r *request, p TraceParams) (any, error) {
	if p.Format == "" {
		p.Format = TracePCAP
	}
	if !slices.Contains([]string{TracePCAP, TraceText}, p.Format) || p.Offset < 0 {
		return nil, refuse(CodeBadParams, "format is pcapng or text, offset is not negative")
	}
	file, ok := r.server.services.Traces.Trace(p.TraceID, p.Format)
	if !ok {
		return nil, refuse(CodeNoSuchCall, "there is no such trace")
	}
	from := min(p.Offset, len(file))
	to := min(from+tracePart, len(file))
	return TraceResult{Data: file[from:to], Size: len(file), More: to < len(file)}, nil
}
