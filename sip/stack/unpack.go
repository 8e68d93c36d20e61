package stack

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// mostUnpacked is the longest body that a compressed one may hold.
const mostUnpacked = 64 << 10

var errPacked = errors.New("compressed body is too long")

// packed tells whether a NOTIFY's body is compressed in the one way we read, and in no other: Linphone tells so who is in its
// conferences, unasked.
func packed(req *Request) bool {
	e := Values(req, "Content-Encoding")
	return req.Method == NOTIFY && len(e) == 1 && strings.EqualFold(e[0], "deflate")
}

// unpack takes the compression off (RFC 3261 §20.12; deflate is RFC 1950).
func unpack(req *Request) error {
	r, err := zlib.NewReader(bytes.NewReader(req.Body()))
	if err != nil {
		return fmt.Errorf("compressed body: %w", err)
	}
	body, err := io.ReadAll(io.LimitReader(r, mostUnpacked+1))
	switch {
	case err != nil:
		return fmt.Errorf("compressed body: %w", err)
	case len(body) > mostUnpacked:
		return errPacked
	}
	for slices.ContainsFunc(req.Headers(), func(h Header) bool { return strings.EqualFold(h.Name(), "Content-Encoding") }) {
		req.RemoveHeader("Content-Encoding")
	}
	req.SetBody(body)
	return nil
}
