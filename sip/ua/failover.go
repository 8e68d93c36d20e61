package ua

import (
	"time"

	"opendeskphone/sip/stack"
)

// patienceReliable is patience over TCP and TLS, where nothing has to be repeated.
const patienceReliable = 2 * time.Second

// patienceFor is how long a server may say nothing at all while there is another. RFC 3263 §4.3 would
// have a caller wait for the whole transaction, 32 s.
func patienceFor(t stack.Transport) time.Duration {
	if t == stack.UDP {
		return patience
	}
	return patienceReliable
}

// hurry has an INVITE go to the next server if this one is silent and there is one.
func (c *call) hurry(k *ask) {
	d := &c.dial
	d.patience.Stop()
	if d.tried+1 >= len(d.targets) {
		return
	}
	d.patience = c.u.stack.After(patienceFor(k.to.Transport), func() {
		if c.phase != dialing || d.run != k || k.heard {
			return
		}
		k.stop()
		c.u.stack.Cancel(k.tx) // should it wake up, it must not ring there too
		c.respond(k, nil, stack.ErrTimeout)
	})
}
