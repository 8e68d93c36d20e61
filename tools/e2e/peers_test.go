package e2e

import (
	"sync"
	"testing"
	"time"

	"opendeskphone/tools/lab"
)

// cast describes the peer of one call.
type cast struct {
	make     string // baresip or linphonec
	user     string // its number
	host     int    // its place on the LAN
	instance string // tells two phones of one user apart
	codecs   []string
	srtp     bool
	answers  bool     // by itself
	says     lab.Clip // theirVoice if empty
}

// The speech of both ends: longer than any call, and never the same twice.
const speechLength = 90 * time.Second

var voices = [2]func() (lab.Clip, error){
	sync.OnceValues(func() (lab.Clip, error) { return lab.Speech("en-us", 48000, speechLength) }),
	sync.OnceValues(func() (lab.Clip, error) { return lab.Speech("en-gb", 48000, speechLength) }),
}

// ourVoice is what is spoken into the phone.
func ourVoice(t *testing.T) lab.Clip {
	t.Helper()
	c, err := voices[0]()
	must(t, err)
	return c
}

// theirVoice is what the peers say.
func theirVoice(t *testing.T) lab.Clip {
	t.Helper()
	c, err := voices[1]()
	must(t, err)
	return c
}

// enter brings a peer on and waits for its registration.
func (s *scene) enter(t *testing.T, c cast) lab.Peer {
	t.Helper()
	host, err := s.lan.Host(c.user+c.instance+"-"+lab.UniqueName("h"), c.host)
	must(t, err)
	says := c.says
	if len(says.Samples) == 0 {
		says = theirVoice(t)
	}
	addr := lab.LANAddr(c.host).Addr()
	var p lab.Peer
	switch c.make {
	case "baresip":
		p, err = lab.StartBaresip(soon(t), host, lab.BaresipConfig{User: c.user, Instance: c.instance, Addr: addr, Domain: domain,
			Registrar: registrarAt, Codecs: c.codecs, SRTP: c.srtp, Speech: says, Automatic: c.answers})
	case "linphonec":
		p, err = lab.StartLinphonec(soon(t), host, lab.LinphonecConfig{User: c.user, Addr: addr, Domain: domain,
			Registrar: registrarAt, Codecs: c.codecs, SRTP: c.srtp, Speech: says})
	default:
		t.Fatalf("no peer is made by %q", c.make)
	}
	must(t, err)
	t.Cleanup(func() {
		p.Stop()
		must(t, s.lan.Remove(host))
	})
	must(t, p.WaitRegistered(soon(t)))
	return p
}
