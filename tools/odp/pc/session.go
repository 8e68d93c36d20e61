package pc

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"sync"
	"time"

	"opendeskphone/firmware/tpcp"
	"opendeskphone/usbhid/pairing"
	"opendeskphone/usbhid/pairing/cable"
)

// ipTime is how long the network is tried before the leg is opened through the cable.
const ipTime = 800 * time.Millisecond

// attachTime is how long the control leg waits for a cable that has just been plugged in to prove us.
const attachTime = 2 * time.Second

// session is the way to one phone. Two loops run: one holds the cable and proves us through it, one keeps
// the control leg, over the network or through the cable, and begins anew when the first has news.
type session struct {
	a  *Agent
	id string

	mu      sync.Mutex
	plugged Plugged // zero: not plugged in
	news    chan struct{}
	attach  *attachment   // nil: the cable proves nothing now
	client  *tpcp.Client  // nil: no session stands
	up      chan struct{} // closed while client is not nil
	pairing *pairingRun
	byCable bool          // the leg goes through the cable
	taken   uint64        // notifications of client
	took    chan struct{} // closed at each
}

// attachment is a cable that we have proven ourselves through.
type attachment struct{ *cable.Attachment }

// places are where the phone is on the network, none without a cable.
func (a *attachment) places() (pairing.Places, <-chan struct{}) {
	if a == nil {
		return pairing.Places{}, nil
	}
	return a.Places()
}

// viaCable is how a leg goes that does not go over the network.
const viaCable = "cable"

// placesTime is how long to wait for the phone's word on where it is on the network.
const placesTime = 500 * time.Millisecond

func newSession(a *Agent, id string) *session {
	return &session{a: a, id: id, news: make(chan struct{}), up: make(chan struct{}), took: make(chan struct{})}
}

// plug says what is plugged in; the agent's mutex is held.
func (s *session) plug(p Plugged) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.plugged != p {
		s.plugged = p
		s.tell()
	}
}

// tell wakes both loops; s.mu is held.
func (s *session) tell() {
	close(s.news)
	s.news = make(chan struct{})
}

// now gives what the loops decide by, and what tells of news after it.
func (s *session) now() (Plugged, *attachment, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.plugged, s.attach, s.news
}

func (s *session) run(ctx context.Context) {
	var wg sync.WaitGroup
	wg.Go(func() { s.holdCable(ctx) })
	wg.Go(func() { s.keepLeg(ctx) })
	wg.Wait()
}

// link shows how far the way has come. What the cable is at does not count while a leg over the network stands.
func (s *session) link(l Link, problem, hint string) {
	s.a.update(s.id, func(p *Phone) {
		if p.Link == Online && (l == Attaching || l == Waiting) {
			return
		}
		if p.Link = l; l != Online {
			p.Via, p.Attached = "", false
		}
		p.Problem, p.Hint = problem, hint
	})
}

// keepLeg keeps a control leg while there is a way for one.
func (s *session) keepLeg(ctx context.Context) {
	var waited Plugged
	for ctx.Err() == nil {
		plugged, at, news := s.now()
		if plugged.Node != "" && at == nil && waited != plugged {
			waited = plugged
			pause(ctx, news, attachTime)
			continue
		}
		r, paired := s.a.self.find(s.id)
		if !paired || at == nil && len(r.Addresses) == 0 {
			if paired {
				s.lost(errNoWay)
			}
			wait(ctx, news)
			continue
		}
		s.legUntil(ctx, news, at, r)
	}
}

var errNoWay = errors.New("the cable is not plugged in, and the phone has not told its address")

// legUntil keeps the leg until what it stands on has changed: another attach, or none any more.
func (s *session) legUntil(ctx context.Context, news <-chan struct{}, at *attachment, r record) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		defer cancel()
		for {
			_, moved := at.places()
			select {
			case <-ctx.Done():
				return
			case <-moved: // is there a way over the network now?
				if s.throughCable() {
					return
				}
			case <-news:
			}
			var now *attachment
			if _, now, news = s.now(); now != at || !s.a.self.has(s.id) {
				return
			}
		}
	}()
	k := tpcp.Keeper{
		Connect: func(ctx context.Context) (*tpcp.Client, error) { return s.connect(ctx, at, r) },
		Open: func(*tpcp.Client) (tpcp.OpenParams, []byte) {
			p := tpcp.OpenParams{ControllerID: s.a.self.controller, App: "odp", AppVer: s.a.cfg.Version, Host: s.a.cfg.Host, User: s.a.cfg.User}
			if at == nil {
				return p, nil
			}
			return p, at.Secret[:]
		},
		Session: s.serve,
		Down:    func(err error, _ time.Duration) { s.lost(err) },
	}
	_ = k.Keep(ctx) // it ends with ctx
}

// connect opens a leg: over the network if the phone answers within ipTime, else through the cable.
func (s *session) connect(ctx context.Context, at *attachment, r record) (*tpcp.Client, error) {
	s.a.update(s.id, func(p *Phone) {
		if p.Link != Waiting {
			if p.Link != Denied && p.Link != Unpaired { // what the cable says is nearer to the cause
				p.Link, p.Problem, p.Hint = Connecting, "", ""
			}
		}
	})
	known := r.Addresses
	if at != nil {
		places, moved := at.places()
		if len(places.Addresses) == 0 { // the phone tells them right after it was proven to
			pause(ctx, moved, placesTime)
			places, _ = at.places()
		}
		known = addresses(places)
	}
	raw, via, err := s.path(ctx, at, known)
	if err != nil {
		return nil, err
	}
	cert, err := s.a.self.certificate()
	if err != nil {
		raw.Close()
		return nil, err
	}
	c, err := tpcp.Over(ctx, raw, tpcp.Identity{Certificate: cert, Phone: r.Pin()})
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.byCable = via == viaCable
	s.mu.Unlock()
	s.a.update(s.id, func(p *Phone) { p.Via = via })
	return c, nil
}

func (s *session) throughCable() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.byCable
}

func (s *session) path(ctx context.Context, at *attachment, addresses []string) (raw net.Conn, via string, err error) {
	patience := ipTime
	if at == nil {
		patience = 5 * time.Second // there is nothing else to try
	}
	if raw, err = dialAny(ctx, addresses, patience); err == nil {
		return raw, "ip", nil
	}
	if at == nil {
		return nil, "", err
	}
	raw, err = at.Dial(ctx)
	return raw, viaCable, err
}

// dialAny connects to the first address that answers.
func dialAny(ctx context.Context, addresses []string, patience time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	type result struct {
		conn net.Conn
		err  error
	}
	results := make(chan result, len(addresses))
	for _, a := range addresses {
		go func() {
			c, err := new(net.Dialer).DialContext(ctx, "tcp", a)
			results <- result{c, err}
		}()
	}
	err := errors.New("the phone has told no address")
	for i := range addresses {
		r := <-results
		if r.err == nil {
			go closeRest(results, len(addresses)-i-1, func(r result) net.Conn { return r.conn })
			return r.conn, nil
		}
		err = r.err
	}
	return nil, err
}

func closeRest[R any](results <-chan R, n int, conn func(R) net.Conn) {
	for range n {
		if c := conn(<-results); c != nil {
			c.Close()
		}
	}
}

// serve follows a session that stands.
func (s *session) serve(ctx context.Context, c *tpcp.Client, o tpcp.Opened) {
	h := c.Hello()
	s.a.update(s.id, func(p *Phone) {
		p.Link, p.Problem, p.Hint, p.Attached, p.Rights = Online, "", "", o.Attached, o.Rights
		p.Model, p.Firmware, p.SkewMs = h.Model, h.Firmware, time.Until(h.Time.Time).Milliseconds()
		if o.Snapshot != nil {
			p.take(*o.Snapshot)
		}
	})
	s.stand(c)
	defer s.fall()
	following, stop := context.WithCancel(ctx)
	var follow sync.WaitGroup
	defer follow.Wait()
	defer stop()
	follow.Go(func() { s.followScreen(following, c) })
	s.a.logChanged()
	s.a.phoneContacts(ctx, s.id, c)
	for n := range c.Notifications() {
		s.notified(ctx, c, n)
		s.take(func() { s.taken++ })
	}
}

// take notes that a notification was taken, or that none will be any more.
func (s *session) take(note func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	note()
	close(s.took)
	s.took = make(chan struct{})
}

// caughtUp waits until all is taken that was told before now, so that who has asked for something sees it done.
func (s *session) caughtUp(ctx context.Context, c *tpcp.Client) {
	for told := c.Told(); ; {
		s.mu.Lock()
		done, took := s.client != c || s.taken >= told, s.took
		s.mu.Unlock()
		if done {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-took:
		}
	}
}

func (s *session) stand(c *tpcp.Client) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.client, s.taken = c, 0
	close(s.up)
}

func (s *session) fall() {
	s.take(func() { s.client, s.up = nil, make(chan struct{}) })
}

// lost says why there is no leg.
func (s *session) lost(err error) {
	l, problem, hint := Waiting, "", ""
	var bye *tpcp.ByeError
	switch {
	case errors.Is(err, tpcp.ErrPin):
		l, problem, hint = Refused, "What answers in the phone's place is not the phone that was paired.", "If the phone was reset, unpair it here and pair anew."
	case errors.Is(err, errNoWay):
		problem, hint = "The phone is not plugged in.", "Connect its cable."
	case errors.As(err, &bye):
		problem, hint = byes[bye.Reason], ""
	case tpcp.CodeOf(err) != 0:
		problem = words(err)
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		problem, hint = "The phone does not answer on the network.", "Connect its cable, or wait."
	default:
		problem, hint = "The phone is not reachable.", "Connect its cable, or wait."
		s.a.cfg.Log.Debug("no leg", "phone", s.id, "err", err)
	}
	if at, _, _ := s.now(); at.Node == "" && errors.Is(err, errNoWay) {
		l = Absent
	}
	s.a.update(s.id, func(p *Phone) {
		if p.Link == Denied || p.Link == Unpaired { // what the cable says is nearer to the cause
			return
		}
		p.Link, p.Problem, p.Hint, p.Via, p.Attached = l, problem, hint, "", false
	})
}

var byes = map[string]string{
	"replaced": "Another agent of this computer has taken over the phone.", "unpaired": "The phone has forgotten this computer.",
	"shutdown": "The phone is restarting.", "protocol": "The phone and this program do not understand each other.", "timeout": "The phone heard nothing of us for too long.",
}

// request asks the phone; while the leg is lost it waits a moment for it to come back. A request that was
// under way then is made again: its idem keeps the phone from doing it twice. One that comes too soon after
// others waits until the phone wants it.
func (s *session) request(ctx context.Context, method string, params, result any) error {
	began := time.Now()
	for try := 0; ; try++ {
		c, err := s.await(ctx)
		if err != nil {
			return err
		}
		err = c.Call(ctx, method, params, result)
		s.caughtUp(ctx, c)
		code := tpcp.CodeOf(err)
		switch {
		case code == tpcp.CodeRateLimited && time.Since(began) < patience:
			pause(ctx, nil, inTurn(err))
			try--
		case err == nil || code != 0 || ctx.Err() != nil || try == 2:
			return err
		default:
			s.fallen(ctx, c)
		}
	}
}

// patience is how long a request that the phone takes for one too many is made again.
const patience = 10 * time.Second

// inTurn is when the phone wants a request that was one too many.
func inTurn(err error) time.Duration {
	const soonest, latest = 10 * time.Millisecond, time.Second
	var e *tpcp.Error
	if !errors.As(err, &e) || e.Data == nil {
		return latest
	}
	return min(max(time.Duration(e.Data.RetryMs)*time.Millisecond, soonest), latest)
}

// comeBack is how long a request waits for a leg.
const comeBack = 3 * time.Second

func (s *session) await(ctx context.Context) (*tpcp.Client, error) {
	ctx, cancel := context.WithTimeout(ctx, comeBack)
	defer cancel()
	for {
		s.mu.Lock()
		c, up := s.client, s.up
		s.mu.Unlock()
		if c != nil {
			return c, nil
		}
		select {
		case <-up:
		case <-ctx.Done():
			return nil, s.a.why(s.id)
		}
	}
}

// fallen waits until a leg that broke is known to be broken.
func (s *session) fallen(ctx context.Context, c *tpcp.Client) {
	for ctx.Err() == nil {
		s.mu.Lock()
		gone := s.client != c
		s.mu.Unlock()
		if gone {
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func wait(ctx context.Context, news <-chan struct{}) {
	select {
	case <-ctx.Done():
	case <-news:
	}
}

// take makes a snapshot the phone's state.
func (p *Phone) take(s tpcp.Snapshot) {
	p.Calls, p.Lines, p.Device, p.Lock = slices.Clone(s.Calls), s.Lines, &s.Device, &s.Lock
}

// put replaces or adds a call.
func (p *Phone) put(c tpcp.Call) {
	p.Calls = slices.Clone(p.Calls) // a View may have it
	for i := range p.Calls {
		if p.Calls[i].CallID == c.CallID {
			p.Calls[i] = c
			return
		}
	}
	p.Calls = append(p.Calls, c)
}

func (p *Phone) call(id string) *tpcp.Call {
	for i := range p.Calls {
		if p.Calls[i].CallID == id {
			return &p.Calls[i]
		}
	}
	return nil
}

func (p *Phone) drop(id string) {
	p.Calls = slices.DeleteFunc(slices.Clone(p.Calls), func(c tpcp.Call) bool { return c.CallID == id })
}

func (s *session) String() string { return fmt.Sprintf("phone %s", s.id) }
