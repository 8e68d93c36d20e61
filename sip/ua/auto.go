package ua

import (
	"strings"
	"time"

	"opendeskphone/sip/stack"
)

// automatic reads whether a caller asks the phone to answer by itself, and after how long: by Answer-Mode (RFC 5373), or by
// what exchanges use, Call-Info with answer-after and Alert-Info with a word for it.
func automatic(req *stack.Request) (auto bool, after time.Duration) {
	for _, name := range []string{"Answer-Mode", "Priv-Answer-Mode"} {
		mode, _, _ := strings.Cut(header(req, name), ";")
		auto = auto || strings.EqualFold(strings.TrimSpace(mode), "Auto")
	}
	for _, h := range req.GetHeaders("Call-Info") {
		for _, v := range splitQuoted(h.Value(), ',') {
			if s, ok := param(v, "answer-after"); ok {
				auto, after = true, time.Duration(min(atoi(unquote(s)), maxAnswerAfter))*time.Second
			}
		}
	}
	for _, h := range req.GetHeaders("Alert-Info") {
		word := strings.Map(func(r rune) rune {
			if r == ' ' || r == '-' || r == '_' {
				return -1
			}
			return r
		}, strings.ToLower(h.Value()))
		for _, w := range []string{"autoanswer", "ringanswer", "intercom"} {
			auto = auto || strings.Contains(word, w)
		}
	}
	return auto, after
}

const maxAnswerAfter = 60 // s
