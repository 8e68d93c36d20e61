package dialplan

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"opendeskphone/firmware/durable"
	"opendeskphone/firmware/phone"
)

// Config says where profiles come from.
type Config struct {
	Files []string
	URL   string        // empty: no server
	Poll  time.Duration // how often the server is asked
}

// Keeper has the profiles of files, those handed down to lines, and those of a server. What it fetched outlives a restart; a
// document in which something is wrong changes nothing, and is told of.
type Keeper struct {
	path    string // of what was fetched
	fetch   Fetch
	changed func()               // other profiles are there
	tell    func(problem string) // what is wrong with a document now; empty: nothing
	log     *slog.Logger
	again   chan struct{} // capacity 1: look now

	mu      sync.Mutex
	config  Config
	files   map[string][]*phone.Profile
	handed  []*phone.Profile // down by the servers of lines
	fetched []*phone.Profile
	tag     string            // of the document that the server sent last, right or wrong
	wrong   map[string]string // file or server -> what is wrong with its document
}

// New makes a keeper whose fetched profiles lie at path. changed and tell are called from Run alone.
func New(path string, c Config, fetch Fetch, changed func(), tell func(string), log *slog.Logger) *Keeper {
	k := &Keeper{path: path, fetch: fetch, changed: changed, tell: tell, log: log, again: make(chan struct{}, 1), files: map[string][]*phone.Profile{}, wrong: map[string]string{}}
	k.take(c)
	return k
}

// Configure takes other files or another server.
func (k *Keeper) Configure(c Config) {
	k.take(c)
	k.ask()
}

// ask has the server asked now: it may have something new.
func (k *Keeper) ask() {
	select {
	case k.again <- struct{}{}:
	default:
	}
}

// take reads what lies on disk. Of a file that is wrong or gone, what was read last stays.
func (k *Keeper) take(c Config) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if c.URL != k.config.URL {
		k.fetched, k.tag = k.restore(c.URL)
	}
	k.config = c
	mine := func(from string) bool { return from == c.URL || slices.Contains(c.Files, from) }
	maps.DeleteFunc(k.wrong, func(from, _ string) bool { return !mine(from) })
	maps.DeleteFunc(k.files, func(file string, _ []*phone.Profile) bool { return !mine(file) })
	for _, file := range c.Files {
		all, err := readFile(file)
		if k.judge(file, err) {
			k.files[file] = all
		}
	}
}

// judge notes what is wrong with a document, or that nothing is.
func (k *Keeper) judge(from string, err error) bool {
	if err == nil {
		delete(k.wrong, from)
		return true
	}
	k.wrong[from] = err.Error()
	k.log.Error("a dial plan is refused", "from", from, "err", err)
	return false
}

func readFile(path string) ([]*phone.Profile, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, errors.New("the file cannot be read")
	case !info.Mode().IsRegular() || info.Size() > maxDocument:
		return nil, fmt.Errorf("this is no file of at most %d bytes", maxDocument)
	}
	doc, err := os.ReadFile(path)
	if err != nil {
		return nil, errors.New("the file cannot be read")
	}
	return Read(doc)
}

// kept is what was fetched, as it lies on disk.
type kept struct {
	URL, Tag string
	Document []byte
}

// restore gives what was fetched from a server before.
func (k *Keeper) restore(url string) ([]*phone.Profile, string) {
	var was kept
	text, err := os.ReadFile(k.path)
	if err != nil || json.Unmarshal(text, &was) != nil || was.URL != url {
		return nil, ""
	}
	all, err := Read(was.Document)
	if err != nil {
		k.log.Error("the kept dial plan is refused", "err", err)
		return nil, ""
	}
	return all, was.Tag
}

// All gives the profiles in the order in which they are chosen from.
func (k *Keeper) All() []*phone.Profile {
	k.mu.Lock()
	defer k.mu.Unlock()
	var out []*phone.Profile
	for _, file := range k.config.Files {
		out = append(out, k.files[file]...)
	}
	return append(append(out, k.handed...), k.fetched...)
}

// Hand takes the profiles that the servers of lines hand down, in place of those before. Whoever calls it puts them into force.
func (k *Keeper) Hand(all []*phone.Profile) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.handed = all
}

// Choose puts the profile that is wanted into a configuration that has none of its own.
func (k *Keeper) Choose(c *phone.Config) {
	if c.Profile != nil {
		return
	}
	for _, p := range k.All() {
		if c.Location == "" || p.Name == c.Location {
			c.Profile = p
			return
		}
	}
}

// problem says what is wrong with the documents.
func (k *Keeper) problem() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	var all []string
	for _, from := range slices.Sorted(maps.Keys(k.wrong)) {
		all = append(all, from+": "+k.wrong[from])
	}
	return strings.Join(all, "; ")
}

// Run asks the server until ctx ends.
func (k *Keeper) Run(ctx context.Context) error {
	k.tell(k.problem())
	failures := 0
	for {
		timer := time.NewTimer(k.round(ctx, &failures))
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		case <-k.again:
			timer.Stop()
			failures = 0
			k.changed()
			k.tell(k.problem())
		}
	}
}

// Pauses between questions to the server.
const (
	firstPause  = 30 * time.Second // after a failure; each further one doubles it, as far as the usual pause
	longestWait = 24 * time.Hour   // that a server may ask for
	fetchTime   = 20 * time.Second
)

// round asks the server once and gives the pause until the next time.
func (k *Keeper) round(ctx context.Context, failures *int) time.Duration {
	k.mu.Lock()
	c, tag := k.config, k.tag
	k.mu.Unlock()
	if c.URL == "" {
		return longestWait
	}
	limit, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	a, err := k.fetch(limit, c.URL, tag)
	pause := c.Poll
	if *failures++; err == nil {
		*failures = 0
		k.got(c.URL, a)
	} else {
		k.log.Warn("the dial plan was not fetched", "url", c.URL, "err", err)
		pause = min(pause, firstPause<<min(*failures-1, 12))
	}
	// All phones of a house start at once after a power cut, and must not ask at once for ever.
	pause += time.Duration(rand.Int64N(int64(pause)/5 + 1))
	return max(pause, min(a.After, longestWait))
}

// got takes what the server sent.
func (k *Keeper) got(url string, a Answer) {
	if a.Same {
		return
	}
	all, err := Read(a.Document)
	k.mu.Lock()
	if k.config.URL != url { // the settings have changed meanwhile
		k.mu.Unlock()
		return
	}
	k.tag = a.Tag
	good := k.judge(url, err)
	if good {
		k.fetched = all
	}
	k.mu.Unlock()
	if good {
		k.keep(kept{url, a.Tag, a.Document})
		k.log.Info("dial plan fetched", "url", url, "profiles", len(all))
		k.changed()
	}
	k.tell(k.problem())
}

func (k *Keeper) keep(what kept) {
	text, err := json.Marshal(what)
	if err == nil {
		err = durable.Write(k.path, text)
	}
	if err != nil {
		k.log.Warn("the dial plan is in force, but not kept", "err", err)
	}
}
