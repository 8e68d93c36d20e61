// Package mwi reads what a server says of a mailbox: the body application/simple-message-summary of the event package
// message-summary (RFC 3842).
package mwi

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// The event package and the type of its bodies.
const (
	Event = "message-summary"
	Type  = "application/simple-message-summary"
)

// Limits of a body; one beyond them is refused.
const (
	maxBody    = 8 << 10
	maxLines   = 64
	maxAccount = 255
)

// Summary is the state of a mailbox.
type Summary struct {
	Waiting bool   // there is something new
	Account string // URI of the mailbox, unread; empty: not said
	Counted bool   // how many voice messages there are was said
	Voice   Counts
}

// Counts are voice messages; the urgent ones are among the others.
type Counts struct{ New, Old, UrgentNew, UrgentOld uint32 }

// Parse reads a body (RFC 3842 §5.2). Counts of other things than voice are passed over, and so are the headers of single
// messages, which follow an empty line.
func Parse(body []byte) (Summary, error) {
	var s Summary
	if len(body) > maxBody {
		return s, fmt.Errorf("mwi: %d bytes, at most %d", len(body), maxBody)
	}
	status, n := false, 0
	for line := range strings.Lines(string(body)) {
		line = strings.TrimRight(line, "\r\n")
		if line == "" {
			break
		}
		if n++; n > maxLines {
			return s, fmt.Errorf("mwi: more than %d lines", maxLines)
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			return s, errors.New("mwi: a line without a colon")
		}
		value = strings.TrimSpace(value)
		var err error
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "messages-waiting":
			status = true
			s.Waiting, err = waiting(value)
		case "message-account":
			s.Account, err = account(value)
		case "voice-message":
			s.Counted = true
			s.Voice, err = counts(value)
		}
		if err != nil {
			return s, err
		}
	}
	if !status {
		return s, errors.New("mwi: it is not said whether messages wait")
	}
	return s, nil
}

func waiting(v string) (bool, error) {
	switch strings.ToLower(v) {
	case "yes":
		return true, nil
	case "no":
		return false, nil
	}
	return false, errors.New("mwi: Messages-Waiting must be yes or no")
}

func account(v string) (string, error) {
	if len(v) > maxAccount || strings.ContainsFunc(v, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return "", fmt.Errorf("mwi: Message-Account must be at most %d visible characters", maxAccount)
	}
	return v, nil
}

// counts reads "2/8 (0/2)", the brackets of which may be missing.
func counts(v string) (c Counts, err error) {
	all, urgent, more := strings.Cut(v, "(")
	if c.New, c.Old, err = pair(all); err != nil || !more {
		return c, err
	}
	urgent, ok := strings.CutSuffix(strings.TrimSpace(urgent), ")")
	if !ok {
		return c, errors.New("mwi: a bracket is not closed")
	}
	c.UrgentNew, c.UrgentOld, err = pair(urgent)
	return c, err
}

// pair reads two numbers below 2^32 with a slash between.
func pair(v string) (a, b uint32, err error) {
	left, right, ok := strings.Cut(v, "/")
	x, errLeft := strconv.ParseUint(strings.TrimSpace(left), 10, 32)
	y, errRight := strconv.ParseUint(strings.TrimSpace(right), 10, 32)
	if !ok || errLeft != nil || errRight != nil {
		return 0, 0, errors.New("mwi: counts must be numbers like 2/8")
	}
	return uint32(x), uint32(y), nil
}
