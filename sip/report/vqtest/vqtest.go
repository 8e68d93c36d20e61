// Package vqtest judges reports in tests: whether they are by the grammar of RFC 6035, and what they say.
package vqtest

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// grammar is the grammar of RFC 6035 §4.6.1 as one expression, a rule a variable, by the names of the RFC. Two things in it
// are as the RFC's examples (§4.7) have them, and not its rules: the groups stand before the addresses, and no empty line
// follows them. Of the optional lines between RemoteAddr and LocalMetrics (MAC addresses) none is ours.
var grammar = func() *regexp.Regexp {
	const (
		crlf    = `\r\n`
		wsp     = `[ \t]`
		hcolon  = `[ \t]*:[ \t]*`
		equal   = `[ \t]*=[ \t]*`
		digit   = `[0-9]`
		word    = `[A-Za-z0-9\-.!%*_+` + "`" + `'~()<>:\\"/\[\]?{}]+`
		token   = `[A-Za-z0-9\-.!%*_+` + "`" + `'~]+`
		plus    = `[A-Za-z0-9\-.!%*_+` + "`" + `'~()<>:\\"/\[\]?{}= ]+`
		percent = digit + `{1,3}(?:\.` + digit + `{1,2})?`
		five    = digit + `{1,5}`
		callID  = word + `(?:@` + word + `)?`
		uri     = `(?:sips?|tel):[!-;=?-~]+`
		quoted  = `"(?:[^"\\\x00-\x1f\x7f]|\\[\x00-\x09\x0b\x0c\x0e-\x7f])*"`
		name    = `(?:(?:` + quoted + `|(?:` + token + wsp + `*)*)` + wsp + `*<` + uri + `>|` + uri + `)`
		ipv4    = `(?:` + digit + `{1,3}\.){3}` + digit + `{1,3}`
		ipv6    = `[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*`
		addr    = `IP` + equal + `(?:` + ipv4 + `|` + ipv6 + `)` + wsp + `PORT` + equal + digit + `+` + wsp + `SSRC` + equal + `0x[0-9A-Fa-f]{1,8}`
		date    = digit + `{4}-` + digit + `{2}-` + digit + `{2}T` + digit + `{2}:` + digit + `{2}:` + digit + `{2}(?:\.` + digit + `+)?Z`
		tag     = `(?:to-tag` + equal + token + `|from-tag` + equal + token + `|` + word + `)`
		score   = digit + `(?:\.` + digit + `{1,3})?`
	)
	// list is a line of optional items in their order, single spaces between; of the extensions behind them none is ours.
	list := func(head string, items ...string) string {
		out := `(?:` + head + hcolon + `(?:`
		var any []string
		for i, item := range items { // begins with the i-th, and any of those behind it follow
			rest := item
			for _, next := range items[i+1:] {
				rest += `(?:` + wsp + next + `)?`
			}
			any = append(any, rest)
		}
		return out + strings.Join(any, `|`) + `)` + crlf + `)?`
	}
	item := func(name, value string) string { return name + equal + value }
	metrics := `Timestamps` + hcolon + `START` + equal + date + wsp + `STOP` + equal + date + crlf +
		list(`SessionDesc`, item(`PT`, digit+`{1,3}`), item(`PD`, `(?:`+word+`|"`+plus+`")`), item(`SR`, digit+`{1,6}`), item(`PPS`, five), item(`FD`, digit+`{1,4}`),
			item(`FO`, five), item(`FPP`, digit+`{1,2}`), item(`FMTP`, `"`+plus+`"`), item(`PLC`, `[0-3]`), item(`SSUP`, `(?:on|off)`)) +
		list(`JitterBuffer`, item(`JBA`, `[0-3]`), item(`JBR`, digit+`{1,2}`), item(`JBN`, five), item(`JBM`, five), item(`JBX`, five)) +
		list(`PacketLoss`, item(`NLR`, percent), item(`JDR`, percent)) +
		list(`BurstGapLoss`, item(`BLD`, percent), item(`BD`, digit+`{1,7}`), item(`GLD`, percent), item(`GD`, digit+`{1,7}`), item(`GMIN`, digit+`{1,3}`)) +
		list(`Delay`, item(`RTD`, five), item(`ESD`, five), item(`OWD`, five), item(`SOWD`, five), item(`IAJ`, five), item(`MAJ`, five)) +
		list(`Signal`, item(`SL`, `-?`+digit+`{1,2}`), item(`NL`, `-?`+digit+`{1,2}`), item(`RERL`, digit+`{1,3}`)) +
		list(`QualityEst`, item(`RLQ`, digit+`{1,3}`), item(`RLQEstAlg`, word), item(`RCQ`, digit+`{1,3}`), item(`RCQEstAlg`, word), item(`EXTRI`, digit+`{1,3}`),
			item(`EXTRO`, digit+`{1,3}`), item(`MOSLQ`, score), item(`MOSLQEstAlg`, word), item(`MOSCQ`, score), item(`MOSCQEstAlg`, word), item(`QoEEstAlg`, word)) +
		`(?:Setup` + plus + crlf + `)*` // Extension = word-plus
	kind := `(?:VQSessionReport(?:` + hcolon + `CallTerm)?|VQIntervalReport|VQAlertReport` + hcolon +
		`Type` + equal + `(?:RLQ|RCQ|EXTR|MOSLQ|MOSCQ|BD|NLR|JDR|RTD|ESD|IAJ|RERL|SL|NL|` + plus + `)` + wsp + `Severity` + equal + `(?:Warning|Critical|Clear)` + wsp + `Dir` + equal + `(?:local|remote))` + crlf
	info := `CallID` + hcolon + callID + crlf + `LocalID` + hcolon + name + crlf + `RemoteID` + hcolon + name + crlf + `OrigID` + hcolon + name + crlf +
		`LocalGroup` + hcolon + plus + crlf + `RemoteGroup` + hcolon + plus + crlf + `LocalAddr` + hcolon + addr + crlf + `RemoteAddr` + hcolon + addr + crlf
	return regexp.MustCompile(`^` + kind + info + `LocalMetrics` + hcolon + crlf + metrics + `(?:RemoteMetrics` + hcolon + crlf + metrics + `)?` +
		`(?:DialogID` + hcolon + callID + `(?:;` + tag + `)*` + crlf + `)?$`)
}()

// Valid tells that a text is no report by the grammar.
func Valid(text []byte) error {
	if grammar.Match(text) {
		return nil
	}
	return fmt.Errorf("not by the grammar of RFC 6035:\n%q", text)
}

// Values reads what a report says: "CallID", "VQAlertReport", and of the sides "local NLR", "remote MOSLQ".
func Values(text []byte) map[string]string {
	out := map[string]string{}
	side := ""
	for line := range strings.SplitSeq(string(text), "\r\n") {
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		switch name {
		case "LocalMetrics":
			side = "local "
		case "RemoteMetrics":
			side = "remote "
		case "DialogID":
			side = ""
		}
		if name != "" {
			out[side+name] = value
		}
		for _, item := range strings.Fields(value) {
			if k, v, ok := strings.Cut(item, "="); ok && side != "" {
				out[side+k] = v
			}
		}
	}
	return out
}

// Number reads one of Values as a number, -1 if it is none.
func Number(values map[string]string, name string) float64 {
	x, err := strconv.ParseFloat(values[name], 64)
	if err != nil {
		return -1
	}
	return x
}
