package settings

import (
	"errors"
	"strings"
)

// Gateways are ways past the lines' servers.
type Gateways struct {
	Routes    []string `toml:"routes" is:"route" eg:"+4930=gateway.example" doc:"Which gateway is called for which numbers, as beginning=host or beginning=host:port, at most 32. A beginning is + and digits for numbers in E.164, + alone for all of these, or digits for internal and emergency numbers. Of the beginnings that fit the longest counts; where the gateway does not serve, the next one that fits is tried."`
	Transport string   `toml:"transport" one:"tcp tls udp" doc:"How calls travel to all of them."`
	Number    string   `toml:"number" is:"e164" eg:"+493055501420" doc:"As which number the phone calls there. Empty: the first of the line's numbers."`
	Always    bool     `toml:"always" doc:"Call these numbers by their gateways always. Else only where the line's server cannot be reached, or does not serve."`
}

// Route is the way of numbers that begin alike.
type Route struct{ Beginning, Host string }

// Ways are the routes taken apart.
func (g *Gateways) Ways() []Route {
	var out []Route
	for _, r := range g.Routes {
		beginning, host, _ := strings.Cut(r, "=")
		out = append(out, Route{beginning, host})
	}
	return out
}

// beginnings are those of the numbers that are called by gateways.
func (g *Gateways) beginnings() []string {
	var out []string
	for _, r := range g.Ways() {
		out = append(out, r.Beginning)
	}
	return out
}

// checkRoute: a beginning is one of E.164 or of digits.
func checkRoute(s string) error {
	beginning, host, ok := strings.Cut(s, "=")
	digits, e164 := strings.CutPrefix(beginning, "+")
	switch {
	case !ok:
		return errors.New("= is missing")
	case digits == "" && !e164, len(digits) > 15, strings.Trim(digits, "0123456789") != "":
		return errors.New("before = there must be + or digits, or both")
	}
	return checkHost(host)
}
