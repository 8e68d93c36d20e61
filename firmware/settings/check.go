package settings

import (
	"errors"
	"fmt"
	"iter"
	"net"
	"net/netip"
	"net/url"
	"path"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"opendeskphone/firmware/phone"
)

// fieldsOf walks the fields of a struct that are keys.
func fieldsOf(t reflect.Type) iter.Seq[reflect.StructField] {
	return func(yield func(reflect.StructField) bool) {
		for i := range t.NumField() {
			if !yield(t.Field(i)) {
				return
			}
		}
	}
}

// checkNumber checks a number by the tags range and one.
func checkNumber(f reflect.StructField, n int64) error {
	if choices := strings.Fields(f.Tag.Get("one")); len(choices) > 0 && !slices.Contains(choices, strconv.FormatInt(n, 10)) {
		return fmt.Errorf("must be %s, not %d", either(choices), n)
	}
	if lo, hi, ok := rangeOf(f); ok && (n < lo || n > hi) {
		return fmt.Errorf("must be %d to %d%s, not %d", lo, hi, spaced(f.Tag.Get("unit")), n)
	}
	return nil
}

func spaced(unit string) string {
	if unit == "" {
		return ""
	}
	return " " + unit
}

func rangeOf(f reflect.StructField) (lo, hi int64, ok bool) {
	_, err := fmt.Sscan(f.Tag.Get("range"), &lo, &hi)
	return lo, hi, err == nil
}

// checkText checks a text by the tags one and is. A password is never quoted in the error.
func checkText(f reflect.StructField, s string) error {
	switch {
	case len(s) > maxText:
		return fmt.Errorf("must be at most %d bytes long", maxText)
	case !utf8.ValidString(s) || strings.ContainsFunc(s, unprintable):
		return errors.New("must not hold control characters")
	}
	if choices := strings.Fields(f.Tag.Get("one")); len(choices) > 0 {
		if !slices.Contains(choices, s) {
			return fmt.Errorf("must be %s, not %q", either(choices), shorten(s))
		}
		return nil
	}
	is := f.Tag.Get("is")
	if is == "" || s == "" && f.Type.Kind() != reflect.Slice {
		return nil
	}
	form := forms[is]
	if err := form.check(s); err != nil {
		return fmt.Errorf("must be %s: %w", form.name, err)
	}
	return nil
}

// unprintable is what must not reach a screen or a SIP header: controls, and marks that turn the
// direction of text or are not seen.
func unprintable(r rune) bool {
	return unicode.IsControl(r) || r >= 0x200b && r <= 0x200f || r >= 0x2028 && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0xfeff
}

// either lists choices as people do: udp, tcp or tls.
func either(choices []string) string {
	if len(choices) == 1 {
		return choices[0]
	}
	last := len(choices) - 1
	return strings.Join(choices[:last], ", ") + " or " + choices[last]
}

// form is a way texts can be written; name follows "must be".
type form struct {
	name  string
	check func(string) error
}

// forms are the values of the tag is.
var forms = map[string]form{
	"sip":      {"an address like sip:100@pbx.example", checkAOR},
	"host":     {"a host or host:port", checkHost},
	"peer":     {"an IP address, a prefix or a host", checkPeer},
	"ip":       {"an IP address", func(s string) error { _, err := netip.ParseAddr(s); return plain(err) }},
	"prefix":   {"an address with prefix length, like 192.0.2.20/24", func(s string) error { _, err := netip.ParsePrefix(s); return plain(err) }},
	"hostname": {"letters, digits and hyphens, at most 63", checkLabel},
	"turn":     {"an address like turn:host or turns:host:port?transport=tcp", checkTURN},
	"path":     {"an absolute path", checkPath},
	"e164":     {"a number like +493055501420", checkE164},
	"digits":   {"1 to 15 of the digits 0 to 9", func(s string) error { return checkDigits(s, 15) }},
	"code":     {"1 to 8 of the digits 0 to 9", func(s string) error { return checkDigits(s, 8) }},
	"digitmap": {"a digit map", func(s string) error { return phone.DigitMap(s).Validate() }},
	"usbname":  {"1 to 30 printable ASCII characters", checkUSBName},
	"rewrite":  {"a rule like ^(\\d{4})$ => +1425555$1", func(s string) error { _, err := parseRewrite(s); return err }},
	"access":   {"at most 4 of 0 to 9, * and #", checkAccess},
	"https":    {"an address like https://pbx.example/config", checkHTTPS},
	"route":    {"a way like +4930=gateway.example", checkRoute},
	"page":     {"number=address:port, with a multicast address and an even port", checkPage},
	"key":      {"a number or address, or number=name", checkKey},
	"feature":  {"a code like *8", checkFeature},
	"zone":     {"a time zone like Europe/Berlin", checkZone},
	"vlan":     {"auto, none or 1 to 4094", checkVLAN},
	"target":   {"a number or an address, at most 128 bytes", checkTarget},
	"span":     {"days and hours like mon-fri 09:00-17:00", func(s string) error { _, err := phone.ParseSpan(s); return err }},
}

// checkVLAN wants a VLAN that there can be (IEEE 802.1Q table 9-2).
func checkVLAN(s string) error {
	if s == AutoVLAN || s == NoVLAN {
		return nil
	}
	if n, err := strconv.ParseUint(s, 10, 16); err != nil || n == 0 || n > 4094 || s[0] == '0' {
		return fmt.Errorf("%q is not", shorten(s))
	}
	return nil
}

// checkTarget takes what can be dialled.
func checkTarget(s string) error {
	c := phone.DefaultConfig()
	if n, err := c.Number(s); err != nil || n.Rule == phone.EmergencyRule {
		return errors.New("is nothing that calls can be sent to")
	}
	return nil
}

// checkE164 wants + and 2 to 15 digits (ITU-T E.164 §6).
func checkE164(s string) error {
	digits, ok := strings.CutPrefix(s, "+")
	if err := checkDigits(digits, 15); !ok || err != nil || len(digits) < 2 {
		return errors.New("must be + and 2 to 15 digits")
	}
	return nil
}

func checkAccess(s string) error {
	if len(s) > 4 || strings.Trim(s, "0123456789*#") != "" {
		return fmt.Errorf("%q is not", shorten(s))
	}
	return nil
}

// checkHTTPS wants the address of a document, and no password in it.
func checkHTTPS(s string) error {
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return errors.New("it is no address")
	case u.Scheme != "https":
		return errors.New("it does not begin with https:")
	case u.User != nil || u.Fragment != "":
		return errors.New("it must have neither user nor fragment")
	}
	return checkHost(u.Host)
}

// plain takes the Go words off an error of netip.
func plain(err error) error {
	if err == nil {
		return nil
	}
	msg := err.Error()
	return errors.New(msg[strings.LastIndex(msg, ": ")+len(": "):])
}

func checkAOR(s string) error {
	user, domain := splitAOR(s)
	if user == "" || domain == "" {
		return errors.New("user or domain is missing")
	}
	if i := strings.IndexFunc(user, func(r rune) bool { return !isUserRune(r) }); i >= 0 {
		return fmt.Errorf("%q cannot stand in the user part", user[i:i+1])
	}
	return checkHost(domain)
}

// splitAOR cuts sip:user@domain.
func splitAOR(s string) (user, domain string) {
	rest, ok := strings.CutPrefix(s, "sip:")
	if !ok {
		if rest, ok = strings.CutPrefix(s, "sips:"); !ok {
			return "", ""
		}
	}
	user, domain, _ = strings.Cut(rest, "@")
	return user, domain
}

// isUserRune: unreserved, escaped or user-unreserved, RFC 3261 §25.1.
func isUserRune(r rune) bool {
	return r < 128 && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("-_.!~*'()%&=+$,;?/", r))
}

func checkHost(s string) error {
	host := s
	if inner, ok := strings.CutPrefix(s, "["); ok && strings.HasSuffix(s, "]") {
		host = strings.TrimSuffix(inner, "]")
	}
	if h, port, err := net.SplitHostPort(s); err == nil {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return errors.New("the port must be 1 to 65535")
		}
		host = h
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return nil
	}
	if len(host) > 253 {
		return errors.New("the name is longer than 253 characters")
	}
	for label := range strings.SplitSeq(strings.TrimSuffix(host, "."), ".") {
		if err := checkLabel(label); err != nil {
			return err
		}
	}
	return nil
}

// checkLabel checks one label of a host name (RFC 1123 §2.1).
func checkLabel(s string) error {
	bad := func(r rune) bool { return r >= 128 || r != '-' && !unicode.IsLetter(r) && !unicode.IsDigit(r) }
	switch {
	case s == "":
		return errors.New("a part of the name is empty")
	case len(s) > 63:
		return errors.New("a part of the name is longer than 63 characters")
	case s[0] == '-' || s[len(s)-1] == '-':
		return errors.New("a part of the name begins or ends with a hyphen")
	case strings.ContainsFunc(s, bad):
		return fmt.Errorf("%q is not a name", shorten(s))
	}
	return nil
}

// checkPage: the port above an even one is RTCP's (RFC 3550 §11), and nobody is disturbed there.
func checkPage(s string) error {
	number, at, _ := strings.Cut(s, "=")
	if err := checkDigits(number, 15); err != nil {
		return err
	}
	a, err := netip.ParseAddrPort(at)
	switch {
	case err != nil:
		return plain(err)
	case !a.Addr().IsMulticast():
		return fmt.Errorf("%v is no multicast address", a.Addr())
	case a.Port() < 1024 || a.Port()%2 != 0:
		return fmt.Errorf("port %d is below 1024 or odd", a.Port())
	}
	return nil
}

// checkTURN checks a TURN server's address (RFC 7065 §3.1).
func checkTURN(s string) error {
	scheme, rest, _ := strings.Cut(s, ":")
	if scheme != "turn" && scheme != "turns" {
		return errors.New("it begins with neither turn: nor turns:")
	}
	host, by, said := strings.Cut(rest, "?")
	switch {
	case said && by != "transport=udp" && by != "transport=tcp":
		return errors.New("after ? comes transport=udp or transport=tcp")
	case scheme == "turns" && by == "transport=udp":
		return errors.New("TLS needs transport=tcp")
	}
	return checkHost(host)
}

func checkPeer(s string) error {
	if _, err := netip.ParsePrefix(s); err == nil {
		return nil
	}
	return checkHost(s)
}

func checkPath(s string) error {
	if !path.IsAbs(s) || path.Clean(s) != s {
		return errors.New("it must begin with / and hold no .. or //")
	}
	return nil
}

func checkDigits(s string, most int) error {
	if s == "" || len(s) > most || strings.Trim(s, "0123456789") != "" {
		return fmt.Errorf("%q is not", shorten(s))
	}
	return nil
}

// checkUSBName: hosts cut longer names of sound cards.
func checkUSBName(s string) error {
	if len(s) > 30 || s != strings.TrimSpace(s) || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' }) {
		return fmt.Errorf("%q is not", shorten(s))
	}
	return nil
}

func checkZone(s string) error {
	bad := func(r rune) bool {
		return r >= 128 || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("/_+-", r)
	}
	if strings.ContainsFunc(s, bad) || strings.HasPrefix(s, "/") {
		return fmt.Errorf("%q is not", shorten(s))
	}
	return nil
}

// together checks what no key can be asked alone.
func (r *reader) together(f *File) {
	seen := map[string]int{}
	for i, l := range f.Lines {
		key := "line." + strconv.Itoa(i)
		if l.AOR == "" {
			r.report(key+".aor", "is missing: a line needs its address, like sip:100@pbx.example")
		} else if first, ok := seen[l.AOR]; ok {
			r.report(key+".aor", "is the same as that of line.%d", first)
		} else {
			seen[l.AOR] = i
		}
		if strings.HasPrefix(l.AOR, "sips:") && l.Transport != "tls" {
			r.report(key+".transport", "must be tls, since the address is a sips: one")
		}
		if l.NAT == "stun" && l.STUN == "" {
			r.report(key+".stun_server", "is missing: nat is stun")
		}
		if l.TURN != "" && l.NAT != "ice" {
			r.report(key+".turn_server", "is for nat = ice only")
		}
		if l.Provisioned && (l.Transport != "tls" || !l.Register) {
			r.report(key+".provisioned", "needs register = true and transport = tls")
		}
		if (l.Certificate == "") != (l.CertificateKey == "") {
			r.report(key+".certificate", "and certificate_key must both be set, or neither")
		}
	}
	r.ranges(f)
	for i := range f.Profiles {
		key := "profile." + strconv.Itoa(i)
		if _, err := f.Profiles[i].profile(); err != nil {
			r.report(key, "%v", err)
		}
		for _, other := range f.Profiles[:i] {
			if other.Name == f.Profiles[i].Name {
				r.report(key+".name", "is that of another profile")
			}
		}
	}
	c := f.Config()
	if err := c.Validate(); err != nil && len(r.problems) == 0 {
		r.report("phone", "%v", err)
	}
}

func (r *reader) ranges(f *File) {
	if f.Media.PortMax < f.Media.PortMin+2*phone.MaxCalls-1 {
		r.report("media.port_max", "must be at least port_min + %d, so that %d calls find room", 2*phone.MaxCalls-1, phone.MaxCalls)
	}
	if len(f.Media.Codecs) == 0 {
		r.report("media.codecs", "must name at least one codec")
	}
	if f.Media.JitterMax < f.Media.JitterMin {
		r.report("media.jitter_max", "must not be less than jitter_min")
	}
	if !f.SIP.UDP && !f.SIP.TCP {
		r.report("sip.udp", "must be true if tcp is false: the phone would hear nobody")
	}
	if i := f.Report.Interval; i > 0 && i < 10 {
		r.report("report.interval", "must be 0 or at least 10")
	}
	if (f.USB.Vendor == 0) != (f.USB.Product == 0) {
		r.report("usb.product", "and vendor must both be set, or neither")
	}
	if !f.Network.DHCP && f.Network.Address == "" {
		r.report("network.address", "is missing: without dhcp the phone needs an address")
	}
}

// suggest finds the known key that an unknown one was meant to be.
func suggest(key string, known []string) string {
	best, least := "", 1+len(key)/3
	for _, k := range known {
		if d := distance(key, k); d <= least {
			best, least = k, d-1
		}
	}
	if best == "" {
		return ""
	}
	return ", did you mean " + best + "?"
}

// distance counts the letters to insert, delete or replace to make b of a (Levenshtein).
func distance(a, b string) int {
	if len(a) > 40 {
		return len(a)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := row[0]
		row[0] = i + 1
		for j := range len(b) {
			d := corner
			if a[i] != b[j] {
				d = 1 + min(corner, row[j], row[j+1])
			}
			corner, row[j+1] = row[j+1], d
		}
	}
	return row[len(b)]
}
