package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"opendeskphone/tools/outage"
)

// Times of an outage that are waited for; ten minutes are the business of a test in virtual time.
var linkLosses = []time.Duration{5 * time.Second, time.Minute}

const outages = 3 // of each kind, of which the worst counts

// outageTimes are the worst of what was measured.
type outageTimes struct{ link, address, back time.Duration }

// measureOutages takes servers, link and address away from the phone, over UDP and TCP; baresip beside it is
// given no server, and has no answer to the rest.
func measureOutages(ctx context.Context, b *bench) error {
	var worst outageTimes
	for _, transport := range []string{"udp", "tcp"} {
		over, anchor, err := worst.measure(ctx, filepath.Join(b.dir, "outage-"+transport), transport)
		if err != nil {
			return fmt.Errorf("%s: %w", transport, err)
		}
		id := "failover_" + transport + "_s"
		b.ours(id, "%.2f", over.Seconds())
		b.anchor(id, "%s", anchor)
	}
	b.ours("link_up_to_registered_s", "%.2f", worst.link.Seconds())
	b.ours("ip_change_audio_back_s", "%.2f", worst.address.Seconds())
	b.ours("failback_s", "%.1f", worst.back.Seconds())
	return nil
}

func (w *outageTimes) measure(ctx context.Context, dir, transport string) (over time.Duration, anchor string, err error) {
	s, err := outage.NewStage(ctx, dir, transport)
	if err != nil {
		return 0, "", err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	for _, away := range linkLosses {
		took, err := s.LinkLoss(ctx, away)
		if err != nil {
			return 0, "", err
		}
		w.link = max(w.link, took)
	}
	for i := range outages {
		there, back, err := s.FailOver(ctx)
		if err != nil {
			return 0, "", err
		}
		over, w.back = max(over, there), max(w.back, back)
		took, err := s.Readdress(ctx, 120+i)
		if err != nil {
			return 0, "", err
		}
		w.address = max(w.address, took)
	}
	anchor = fmt.Sprintf("none in %.0f", outage.Patience.Seconds())
	if took, err := s.Anchor(ctx, transport); err == nil {
		anchor = fmt.Sprintf("%.2f", took.Seconds())
	} else if !errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil {
		return 0, "", err
	}
	return over, anchor, nil
}
