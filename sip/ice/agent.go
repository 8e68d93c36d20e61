package ice

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/ice/v4"

	"opendeskphone/sip/offer"
)

// agent is pion's agent for one component and one pair of credentials.
type agent struct {
	*ice.Agent
	link      *Link
	component int

	mu     sync.Mutex
	found  []string // candidates so far
	told   int      // of which the path knows
	later  int      // candidates of theirs that came by INFO
	relays int
	more   func() // there is a candidate more, or it was the last

	done   chan struct{} // gathering is over
	conn   *ice.Conn     // once started
	theirs offer.ICE     // started towards these
	over   chan struct{}
	lapsed atomic.Bool
}

// newAgent makes an agent and lets it gather; more is called from its goroutine at each candidate and at the end.
func newAgent(l *Link, component int, c Config, ufrag, pwd string, more func()) (*agent, error) {
	options, err := c.options(ufrag, pwd, l)
	if err != nil {
		return nil, err
	}
	a := &agent{link: l, component: component, more: more, done: make(chan struct{}), over: make(chan struct{})}
	if a.Agent, err = ice.NewAgentWithOptions(options...); err != nil {
		return nil, fmt.Errorf("ice: make agent: %w", err)
	}
	if err = errors.Join(a.OnCandidate(a.candidate), a.OnSelectedCandidatePairChange(a.selected)); err == nil {
		err = a.GatherCandidates()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("ice: gather: %w", err), a.Agent.Close())
	}
	return a, nil
}

func (a *agent) candidate(c ice.Candidate) {
	if c == nil {
		close(a.done)
	} else {
		a.mu.Lock()
		line, _, _ := strings.Cut(c.Marshal(), " ufrag ") // an extension that only browsers know
		a.found = append(a.found, ofComponent(line, a.component))
		if c.Type() == ice.CandidateTypeRelay {
			a.relays++
		}
		a.mu.Unlock()
	}
	a.more()
}

// ofComponent gives a candidate its component; pion knows but one, and numbers it 1. Its priority is lower by as much
// (RFC 8445 §5.1.2.1).
func ofComponent(candidate string, component int) string {
	f := strings.Fields(candidate)
	if len(f) < 4 {
		return candidate
	}
	priority, err := strconv.ParseUint(f[3], 10, 32)
	if err != nil || component == 1 {
		return candidate
	}
	f[1], f[3] = strconv.Itoa(component), strconv.FormatUint(priority-uint64(component-1), 10)
	return strings.Join(f, " ")
}

// candidates are those found so far, and whether they are all.
func (a *agent) candidates() (found []string, all bool) {
	all = a.gathered()
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]string(nil), a.found...), all
}

func (a *agent) gathered() bool {
	select {
	case <-a.done:
		return true
	default:
		return false
	}
}

// wait waits until all candidates are found or ctx ends.
func (a *agent) wait(ctx context.Context) {
	select {
	case <-a.done:
	case <-ctx.Done():
	}
}

// start begins the checks, and gives the link to the agent.
func (a *agent) start(theirs offer.ICE, controlling bool) error {
	if theirs.Lite {
		if err := a.SetRemoteICELite(true); err != nil {
			return fmt.Errorf("ice: %w", err)
		}
	}
	begin := a.StartAccept
	if controlling {
		begin = a.StartDial
	}
	conn, err := begin(theirs.Ufrag, theirs.Pwd)
	if err != nil {
		return fmt.Errorf("ice: start: %w", err)
	}
	a.conn, a.theirs = conn, theirs
	a.add(theirs.Candidates)
	a.link.pumps.Go(a.read)
	a.link.pumps.Go(a.watch)
	return nil
}

// add takes candidates of theirs; what makes no sense is left out.
func (a *agent) add(candidates []string) {
	for _, v := range candidates {
		if offer.Component(v) != a.component {
			continue
		}
		c, err := ice.UnmarshalCandidate(v)
		if err != nil || !c.NetworkType().IsUDP() {
			continue
		}
		if err := a.AddRemoteCandidate(c); err != nil {
			a.link.log.Debug("ice: candidate not taken", "err", err)
		}
	}
}

// read brings what arrives by the agent into the link's inbox.
func (a *agent) read() {
	for {
		p := packets.Get().(*packet)
		n, err := a.conn.Read(p.b[:])
		if err != nil {
			return
		}
		p.n = n
		if p.stun() { // the agent lets go by what only looks like it
			packets.Put(p)
			continue
		}
		if at := a.link.remote.Load(); at != nil {
			p.from = *at
		}
		a.link.pass(a.link.inbox, p)
	}
}

// watch looks once a second whether the far side still consents: whether it answers checks. Its media is no consent, for
// anybody can send that (RFC 7675 §5.1).
func (a *agent) watch() {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	var answers uint64
	last := time.Now()
	for {
		select {
		case <-a.over:
			return
		case now := <-tick.C:
			s, ok := a.GetSelectedCandidatePairStats()
			if !ok {
				last = now // no pair yet, so nothing is sent either
				continue
			}
			if s.ResponsesReceived != answers {
				answers, last = s.ResponsesReceived, now
			}
			if lapsed := now.Sub(last) > consent; a.lapsed.Swap(lapsed) != lapsed {
				a.link.log.Warn("consent to send", "given", !lapsed)
			}
		}
	}
}

func (a *agent) selected(local, remote ice.Candidate) {
	a.link.log.Info("ice", "component", a.component, "local", local.Type().String(), "remote", remote.Type().String())
}

func (a *agent) close() {
	select {
	case <-a.over:
	default:
		close(a.over)
	}
	if err := a.Agent.Close(); err != nil {
		a.link.log.Debug("ice: close", "err", err)
	}
}
