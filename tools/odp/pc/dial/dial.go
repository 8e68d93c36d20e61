// Package dial reads what somebody wants to call: a number as typed, or a tel:, sip:, sips: or callto:
// link from a web page. A link is a stranger's text. What could do more than begin one call to the
// shown party (service codes, header fields, passwords, odd parameters) is refused with a reason.
package dial

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
)

// Target is a party to call.
type Target struct {
	To    string // for call.make: a tel: or sip: URI, or digits that the phone understands by its own plan
	Shown string // for people
}

// maxText is the longest link or number that is looked at, in bytes.
const maxText = 256

var (
	errEmpty   = errors.New("nothing to call")
	errLong    = fmt.Errorf("longer than %d characters", maxText)
	errService = errors.New("a link may not dial service codes (* or #)")
	errHeaders = errors.New("a link may not set header fields")
)

// Link reads a link. Only the four schemes of calls are understood.
func Link(text string) (Target, error) {
	t, err := link(strings.TrimSpace(text))
	if err != nil {
		return Target{}, fmt.Errorf("not a link to call: %w", err)
	}
	return t, nil
}

func link(text string) (Target, error) {
	if err := plain(text); err != nil {
		return Target{}, err
	}
	scheme, rest, ok := strings.Cut(text, ":")
	if !ok {
		return Target{}, errors.New("no scheme; tel:, sip:, sips: and callto: are understood")
	}
	switch scheme = strings.ToLower(scheme); scheme {
	case "tel":
		return tel(rest)
	case "callto":
		return callto(rest)
	case "sip", "sips":
		return sip(scheme, rest)
	}
	return Target{}, fmt.Errorf("the scheme %q; tel:, sip:, sips: and callto: are understood", scheme)
}

// Typed reads what the user typed himself: a link, or digits, service codes included.
func Typed(text string) (Target, error) {
	text = strings.TrimSpace(text)
	if err := plain(text); err != nil {
		return Target{}, fmt.Errorf("%q cannot be called: %w", text, err)
	}
	if number.MatchString(text) {
		n := separators.Replace(text)
		if strings.Trim(n, "+") == "" {
			return Target{}, fmt.Errorf("%q cannot be called: %w", text, errEmpty)
		}
		return Target{To: n, Shown: text}, nil
	}
	if strings.Contains(text, ":") {
		return Link(text)
	}
	if strings.Contains(text, "@") {
		return Link("sip:" + text)
	}
	return Target{}, fmt.Errorf("%q is no number, address or contact", text)
}

// plain refuses what is empty, endless or not plain text.
func plain(s string) error {
	switch {
	case s == "":
		return errEmpty
	case len(s) > maxText:
		return errLong
	}
	for _, r := range s {
		if r < ' ' || r > '~' {
			return errors.New("characters that belong into no link")
		}
	}
	return nil
}

// Visual separators, RFC 3966 §5.1.1, and the blank that people write.
var separators = strings.NewReplacer("-", "", ".", "", "(", "", ")", "", " ", "", "/", "")

var (
	number  = regexp.MustCompile(`^\+?[0-9*#() ./-]+$`)
	global  = regexp.MustCompile(`^\+[0-9]{1,15}$`) // E.164
	local   = regexp.MustCompile(`^[0-9]{1,32}$`)
	context = regexp.MustCompile(`^(\+[0-9]{1,15}|[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?)$`)
	user    = regexp.MustCompile(`^[A-Za-z0-9_.!~*'()&=+$,-][A-Za-z0-9_.!~*'()&=+$,/-]{0,63}$`) // RFC 3261 user, unreserved and user-unreserved; a "/" in front would read as the "//" of a page
	host    = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]{0,250}[A-Za-z0-9])?$`)
)

// tel reads RFC 3966. Of the parameters only phone-context is of use to a call; ext and isub would be lost, so
// they are refused rather than the wrong party called.
func tel(rest string) (Target, error) {
	text, err := unescape(rest)
	if err != nil {
		return Target{}, err
	}
	digits, params, _ := strings.Cut(text, ";")
	shown := strings.TrimSpace(digits)
	digits = separators.Replace(digits)
	for p := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(p, "=")
		switch {
		case p == "":
		case strings.EqualFold(name, "phone-context") && context.MatchString(value):
			if strings.HasPrefix(value, "+") && !strings.HasPrefix(digits, "+") {
				digits = value + digits
				shown = digits
			}
		default:
			return Target{}, fmt.Errorf("the parameter %q", name)
		}
	}
	return telephone(digits, shown)
}

// telephone makes the target of a number without separators.
func telephone(digits, shown string) (Target, error) {
	switch {
	case strings.ContainsAny(digits, "*#"):
		return Target{}, errService
	case global.MatchString(digits):
		return Target{To: "tel:" + digits, Shown: shown}, nil
	case local.MatchString(digits):
		return Target{To: digits, Shown: shown}, nil
	}
	return Target{}, fmt.Errorf("%q is no telephone number", digits)
}

// callto is what older programs write: a number, or an address as sip: has it. There is no standard.
func callto(rest string) (Target, error) {
	text, err := unescape(strings.TrimPrefix(rest, "//"))
	if err != nil {
		return Target{}, err
	}
	if strings.Contains(text, "@") {
		return sip("sip", text)
	}
	return telephone(separators.Replace(text), strings.TrimSpace(text))
}

func unescape(s string) (string, error) {
	text, err := url.PathUnescape(s)
	if err != nil {
		return "", errors.New("a wrong % sequence")
	}
	return text, plain(text)
}

// sip reads RFC 3261 §19.1.1, without password, header fields and rare parameters.
func sip(scheme, rest string) (Target, error) {
	if strings.Contains(rest, "?") {
		return Target{}, errHeaders
	}
	rest = strings.TrimPrefix(rest, "//")
	who, where, ok := strings.Cut(rest, "@")
	if !ok {
		return Target{}, errors.New("an address has the form user@host")
	}
	who, err := unescape(who)
	switch {
	case err != nil:
		return Target{}, err
	case strings.Contains(who, ":"):
		return Target{}, errors.New("an address with a password")
	case !user.MatchString(who):
		return Target{}, fmt.Errorf("the user part %q", who)
	case strings.ContainsAny(who, "*#"):
		return Target{}, errService
	}
	at, params, _ := strings.Cut(where, ";")
	if err := hostPort(at); err != nil {
		return Target{}, err
	}
	uri := scheme + ":" + who + "@" + strings.ToLower(at)
	for p := range strings.SplitSeq(params, ";") {
		switch strings.ToLower(p) {
		case "":
		case "transport=udp", "transport=tcp", "transport=tls", "user=phone":
			uri += ";" + strings.ToLower(p)
		default:
			return Target{}, fmt.Errorf("the parameter %q", p)
		}
	}
	return Target{To: uri, Shown: who + "@" + strings.ToLower(at)}, nil
}

// hostPort checks a host name or an address with or without a port. An address with a zone means something
// on the machine of the link's author alone, and a zone may hold anything.
func hostPort(at string) error {
	if ap, err := netip.ParseAddrPort(at); err == nil && ap.Port() != 0 && ap.Addr().Zone() == "" {
		return nil
	}
	if name, port, ok := strings.Cut(at, ":"); ok && !strings.HasPrefix(at, "[") {
		if !regexp.MustCompile(`^[1-9][0-9]{0,4}$`).MatchString(port) {
			return fmt.Errorf("the port %q", port)
		}
		at = name
	}
	if bare, ok := strings.CutPrefix(at, "["); ok {
		bare, ok = strings.CutSuffix(bare, "]")
		if a, err := netip.ParseAddr(bare); err != nil || !ok || !a.Is6() || a.Zone() != "" {
			return fmt.Errorf("the host %q", at)
		}
		return nil
	}
	if !host.MatchString(at) {
		return fmt.Errorf("the host %q", at)
	}
	return nil
}

// Readable gives a URI as people read it: the number of a tel: URI or of a sip: one with digits, else
// user@host. What is no such URI comes back as it is.
func Readable(uri string) string {
	scheme, rest, ok := strings.Cut(uri, ":")
	if scheme = strings.ToLower(scheme); !ok || scheme != "tel" && scheme != "sip" && scheme != "sips" {
		return uri
	}
	rest, _, _ = strings.Cut(rest, ";")
	who, _, _ := strings.Cut(rest, "@")
	if name, err := url.PathUnescape(who); err == nil && number.MatchString(name) {
		return name
	}
	return rest
}
