package main

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"opendeskphone/tools/voicemail"
)

const tellings = 10 // that messages wait, and as often that none do

// measureVoicemail has a registrar tell the phone that messages wait, and looks at the lamp. The slowest counts.
func measureVoicemail(ctx context.Context, b *bench) (err error) {
	s, err := voicemail.NewStage(ctx, filepath.Join(b.dir, "voicemail"), false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	var worst time.Duration
	for range tellings {
		took, err := s.Told(ctx, true, "Messages-Waiting: yes\r\nVoice-Message: 1/0\r\n")
		if err != nil {
			return err
		}
		worst = max(worst, took)
		if _, err := s.Told(ctx, false, "Messages-Waiting: no\r\nVoice-Message: 0/1\r\n"); err != nil {
			return err
		}
	}
	b.ours("mwi_lamp_ms", "%.1f", float64(worst.Microseconds())/1000)
	return nil
}
