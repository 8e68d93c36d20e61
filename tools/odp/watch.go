package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"opendeskphone/firmware/tpcp"
	"opendeskphone/tools/odp/pc"
)

type watchCmd struct{}

func (watchCmd) Help() string {
	return `Prints one line for each thing that happens, until interrupted. With --json each line is one event of the agent: {"view": ...} with all there is to know, or {"news": {"phone", "method", "params"}} with a notification of TPCP as it came.

  odp watch --json | jq -c 'select(.news.method == "call.offered")'`
}

// Run implements the command.
func (c *watchCmd) Run(sh *shell) error {
	if err := sh.start(); err != nil {
		return err
	}
	w := watcher{sh: sh, links: map[string]string{}}
	return sh.client.Follow(sh.ctx, w.seen)
}

// watcher turns events into lines.
type watcher struct {
	sh    *shell
	view  pc.View
	links map[string]string
	keys  []string // what they were told to show
}

func (w *watcher) seen(e pc.Event) error {
	if w.sh.cli.JSON {
		text, err := json.Marshal(e)
		if err == nil {
			_, err = fmt.Fprintln(w.sh.out, string(text))
		}
		return err
	}
	switch {
	case e.View != nil:
		w.view = *e.View
		w.phones()
	case e.News != nil:
		w.news(e.News)
	}
	return nil
}

func (w *watcher) line(format string, args ...any) {
	fmt.Fprintf(w.sh.out, "%s  %s\n", time.Now().Format("15:04:05"), fmt.Sprintf(format, args...))
}

// phones tells of links that have changed.
func (w *watcher) phones() {
	for _, p := range w.view.Phones {
		word := links[p.Link]
		if p.Link == pc.Online {
			word = "connected " + vias[p.Via]
		}
		if w.links[p.ID] != word {
			if k, err := w.sh.readKeys(); p.Link == pc.Online && err == nil {
				w.keys = k.lines()
			}
			w.links[p.ID] = word
			w.line("%s: %s", name(p), word)
		}
	}
}

func (w *watcher) news(n *pc.News) {
	switch n.Method {
	case tpcp.NotifyCallOffered, tpcp.NotifyCallChanged:
		var b tpcp.CallChanged
		if json.Unmarshal(n.Params, &b) == nil {
			w.line("%s", callLine(&w.view, b.Call))
		}
	case tpcp.NotifyCallEnded:
		var b tpcp.CallEnded
		if json.Unmarshal(n.Params, &b) == nil {
			w.line("call %s  ended: %s %s", b.CallID, b.Cause, b.Reason)
		}
	case tpcp.NotifyCallDTMF:
		var b tpcp.DTMFHeard
		if json.Unmarshal(n.Params, &b) == nil {
			w.line("call %s  they pressed %s", b.CallID, b.Digit)
		}
	case tpcp.NotifyLineChanged:
		var b tpcp.LineChanged
		if json.Unmarshal(n.Params, &b) == nil {
			w.line("line %s  %s  %s", b.LineID, b.AOR, b.State)
		}
	case tpcp.NotifyDeviceChanged:
		var b tpcp.DeviceChanged
		if json.Unmarshal(n.Params, &b) == nil {
			w.line("phone: handset %s hook, voice on %s, muted %t", b.Hook, b.Terminal, b.Mute)
		}
	case tpcp.NotifyAppearance, tpcp.NotifyPresence:
		w.shown()
	case tpcp.NotifyLockChanged:
		var b tpcp.LockChanged
		if json.Unmarshal(n.Params, &b) == nil {
			w.line("phone: locked %t %s", b.Locked, b.Why)
		}
	}
}

// shown tells which keys show something else. A phone that shows none at present, as one that is locked, is asked again when
// it tells the next time.
func (w *watcher) shown() {
	k, err := w.sh.readKeys()
	if err != nil {
		return
	}
	for _, l := range k.lines() {
		if !slices.Contains(w.keys, l) {
			w.line("%s", l)
		}
	}
	w.keys = k.lines()
}
