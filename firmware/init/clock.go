package main

import (
	"context"
	"log/slog"
	"os"
	"time"

	"github.com/beevik/ntp"
	"golang.org/x/sys/unix"
)

// Times of the clock's care.
const (
	ntpFirst   = time.Second     // wait after the first failed question, doubled up to ntpSlow
	ntpSlow    = 5 * time.Minute // while the time is not known
	ntpPeriod  = time.Hour       // once it is known
	ntpTimeout = 3 * time.Second
	maxSlew    = 200 * time.Millisecond // a larger error is stepped over, a smaller one is slowly made good
)

// startClock makes sure the clock is not before a time that is certainly past. A phone without a
// battery clock starts in 1970, where every certificate is not yet valid.
func startClock(floor time.Time) {
	if time.Now().Before(floor) {
		setClock(floor)
	}
}

// readStamp gives the time a file was last written, the zero time if there is none.
func readStamp(file string) time.Time {
	st, err := os.Lstat(file)
	if err != nil {
		return time.Time{}
	}
	return st.ModTime()
}

func setClock(t time.Time) {
	ts := unix.NsecToTimespec(t.UnixNano())
	_ = unix.ClockSettime(unix.CLOCK_REALTIME, &ts) // init has the right; a clock of its own will the hardware allow
}

// clock keeps the time: it asks time servers and remembers the time over a restart.
type clock struct {
	floor   time.Time
	con     *console
	log     *slog.Logger
	servers chan []string
	query   func(server string) (offset time.Duration, err error)
	correct func(offset time.Duration) error
}

func newClock(floor time.Time, con *console, log *slog.Logger) *clock {
	return &clock{floor: floor, con: con, log: log, servers: make(chan []string, 1), query: queryNTP, correct: correctClock}
}

// SetServers names the time servers to ask from now on; they are asked at once.
func (c *clock) SetServers(servers []string) {
	select {
	case <-c.servers: // an older list nobody has read yet
	default:
	}
	c.servers <- servers
}

// Run asks the servers until ctx ends.
func (c *clock) Run(ctx context.Context) {
	var servers []string
	known := false
	pause := ntpFirst
	for {
		var wait <-chan time.Time
		if len(servers) > 0 {
			wait = time.After(pause)
		}
		select {
		case <-ctx.Done():
			c.remember()
			return
		case servers = <-c.servers:
			pause = ntpFirst
		case <-wait:
		}
		if c.ask(servers, !known) {
			known, pause = true, ntpPeriod
			c.remember()
		} else {
			pause = min(2*pause, ntpSlow)
		}
	}
}

// ask sets the clock by the first server that answers.
func (c *clock) ask(servers []string, first bool) bool {
	for _, s := range servers {
		offset, err := c.query(s)
		if err == nil && time.Now().Add(offset).Before(c.floor) {
			c.log.Warn("time server lives before this firmware was built", "server", s)
			continue
		}
		if err == nil {
			err = c.correct(offset)
		}
		if err != nil {
			c.log.Info("no time from server", "server", s, "err", err)
			continue
		}
		c.log.Info("time set", "server", s, "offset", offset)
		if first {
			c.con.milestone("time known")
		}
		return true
	}
	return false
}

func (c *clock) remember() {
	_ = os.WriteFile(clockFile, nil, 0o600) // only its time stamp counts; a full disk keeps the old one
	now := time.Now()
	_ = os.Chtimes(clockFile, now, now)
}

func queryNTP(server string) (time.Duration, error) {
	r, err := ntp.QueryWithOptions(server, ntp.QueryOptions{Timeout: ntpTimeout})
	if err != nil {
		return 0, err
	}
	return r.ClockOffset, r.Validate()
}

func correctClock(offset time.Duration) error {
	if offset.Abs() > maxSlew {
		ts := unix.NsecToTimespec(time.Now().Add(offset).UnixNano())
		return unix.ClockSettime(unix.CLOCK_REALTIME, &ts)
	}
	_, err := unix.Adjtimex(&unix.Timex{Modes: adjOffsetSingleshot, Offset: slewMicros(offset)})
	return err
}

// adjOffsetSingleshot slews the clock once by microseconds (adjtimex(2)).
const adjOffsetSingleshot = 0x8001
