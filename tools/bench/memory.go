package main

import (
	"context"
	"path/filepath"
	"time"

	"opendeskphone/tools/lab"
	"opendeskphone/tools/lab/desk"
)

// measureBaresipMemory reads baresip's resident memory, ready and in an Opus call. It is a native
// program without a screen: the anchor of a phone's memory, not its equal.
func measureBaresipMemory(ctx context.Context, b *bench) error {
	lan, err := lab.NewLAN(filepath.Join(b.dir, "memory"))
	if err != nil {
		return err
	}
	defer lan.Close()
	says, err := lab.Speech("en-gb", 48000, 20*time.Second)
	if err != nil {
		return err
	}
	var pair [2]*lab.Baresip
	for i, user := range []string{"301", "302"} {
		host, err := lan.Host(user, anchorHost+i)
		if err != nil {
			return err
		}
		pair[i], err = lab.StartBaresip(ctx, host, lab.BaresipConfig{User: user, Addr: lab.LANAddr(anchorHost + i).Addr(),
			Codecs: []string{"opus"}, Automatic: i == 1, Speech: says})
		if err != nil {
			return err
		}
	}
	pid := pair[0].Process().PID()
	idle, err := desk.RSS(pid)
	if err != nil {
		return err
	}
	b.anchor("rss_registered_mb", "%.1f", float64(idle)/1e6)
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	if err := pair[0].Dial(ctx, pair[1].URI()); err != nil {
		return err
	}
	if err := pair[0].WaitTalking(ctx, 0); err != nil {
		return err
	}
	if err := pause(ctx, 5*time.Second); err != nil {
		return err
	}
	talking, err := desk.RSS(pid)
	if err != nil {
		return err
	}
	b.anchor("rss_in_call_mb", "%.1f", float64(talking)/1e6)
	return nil
}
