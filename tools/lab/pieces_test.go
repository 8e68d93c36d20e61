package lab

import (
	"slices"
	"testing"
	"time"
)

func TestPiecesAreFoundInCutSoundAndNotInOther(t *testing.T) {
	ours, err := Speech("en-us", 48000, 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := Speech("en-gb", 48000, 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	ours, theirs = ours.Cut(0, 6*time.Second), theirs.Cut(0, 6*time.Second)
	cut := Clip{Rate: 48000}
	for at := time.Duration(0); at < 6*time.Second; at += 700 * time.Millisecond { // 70 of 700 ms are lost
		cut.Samples = slices.Concat(cut.Samples, ours.Cut(at, at+630*time.Millisecond).Samples)
	}
	whole, some, none := Pieces(ours, ours), Pieces(ours, cut), Pieces(theirs, cut)
	t.Logf("whole %.2f, cut %.2f, other %.2f", whole, some, none)
	if whole != 1 || some < 0.6 || none > 0.3 {
		t.Errorf("whole %.2f, cut %.2f, other %.2f", whole, some, none)
	}
}
