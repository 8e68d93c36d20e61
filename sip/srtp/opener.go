package srtp

import pion "github.com/pion/srtp/v2"

const (
	maxSources = 8  // authentic SSRCs remembered; the oldest is forgotten
	maxGuesses = 64 // packets of unknown SSRCs that may fail in one context before it is thrown away
)

// opener holds the contexts that open the packets of one key. The library's context makes an entry
// for an SSRC before it knows whether the packet is authentic, so a stranger who sends random SSRCs
// could fill the memory. Unknown SSRCs are therefore tried in a spare context, which is thrown away
// after a few failures; a context gets a place only through an authentic packet.
type opener struct {
	shape
	key     []byte
	sources []source
	spare   *pion.Context
	guesses int
}

type source struct {
	ssrc uint32
	c    *pion.Context
}

// find gives the context to try a packet of ssrc in.
func (o *opener) find(ssrc uint32) (*pion.Context, error) {
	for _, s := range o.sources {
		if s.ssrc == ssrc {
			return s.c, nil
		}
	}
	if o.spare == nil || o.guesses >= maxGuesses {
		c, err := o.context(o.key)
		if err != nil {
			return nil, err
		}
		o.spare, o.guesses = c, 0
	}
	return o.spare, nil
}

// failed notes that the context found refused its packet.
func (o *opener) failed(c *pion.Context) {
	if c == o.spare {
		o.guesses++
	}
}

// authentic notes that the context found opened its packet: a spare one becomes the source's own.
func (o *opener) authentic(ssrc uint32, c *pion.Context) {
	if c != o.spare {
		return
	}
	if len(o.sources) == maxSources {
		o.sources = append(o.sources[:0], o.sources[1:]...)
	}
	o.sources = append(o.sources, source{ssrc, c})
	o.spare = nil
}
