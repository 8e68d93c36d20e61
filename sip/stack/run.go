package stack

import "time"

// runner carries out the timer actions of one machine; what concerns messages
// goes to act. It lives on the loop.
type runner struct {
	s        *Stack
	m        machine
	state    state
	reliable bool
	act      func(action)
	done     func() // the machine reached terminated

	retry, timeout, linger, quiet *Timer
	interval                      time.Duration
}

// fire feeds one event in and reports whether the machine had a row for it.
func (r *runner) fire(e event) bool {
	to, actions, ok := r.m.next(r.state, e)
	if !ok {
		return false
	}
	r.state = to
	for _, a := range actions {
		r.do(a)
	}
	if to == terminated {
		r.stop()
		r.done()
	}
	return true
}

// stop ends all timers.
func (r *runner) stop() {
	for _, t := range []*Timer{r.retry, r.timeout, r.linger, r.quiet} {
		t.Stop()
	}
}

func (r *runner) do(a action) {
	cfg := &r.s.cfg
	switch a {
	case startRetry:
		r.interval = cfg.T1
		r.armRetry()
	case again:
		r.interval *= 2
		r.armRetry()
	case againT2:
		r.interval = min(2*r.interval, cfg.T2)
		r.armRetry()
	case onlyT2:
		r.interval = cfg.T2
		r.armRetry()
	case stopRetry:
		r.retry.Stop()
	case startTimeout:
		r.timeout.Stop()
		r.timeout = r.s.After(64*cfg.T1, func() { r.fire(timeout) })
	case stopTimeout:
		r.timeout.Stop()
	case startQuiet:
		r.quiet = r.s.After(200*time.Millisecond, func() { r.fire(quiet) })
	case stopQuiet:
		r.quiet.Stop()
	case lingerD, lingerI, lingerJ, lingerK, lingerL, lingerM:
		r.linger = r.s.After(r.lingering(a), func() { r.fire(linger) })
	default:
		r.act(a)
	}
}

// armRetry starts timer A, E or G. On a reliable transport none of them runs.
// (RFC 3261 §17.2.1 runs G there too only for 2xx, which RFC 6026 moved to the
// user agent.)
func (r *runner) armRetry() {
	if !r.reliable {
		r.retry = r.s.After(r.interval, func() { r.fire(retry) })
	}
}

// lingering is how long the machine stays to absorb what is late.
func (r *runner) lingering(a action) time.Duration {
	cfg := &r.s.cfg
	switch {
	case a == lingerL || a == lingerM:
		return 64 * cfg.T1
	case r.reliable:
		return 0
	case a == lingerI || a == lingerK:
		return cfg.T4
	case a == lingerD:
		return max(64*cfg.T1, 32*time.Second)
	default: // lingerJ
		return 64 * cfg.T1
	}
}
