package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"opendeskphone/firmware/diag"
	"opendeskphone/firmware/phone"
)

// flown is the record of a call that comes in and is answered.
func flown(t *testing.T) diag.Flight {
	t.Helper()
	c := phone.DefaultConfig()
	c.Lines = []phone.LineConfig{{AOR: "sip:100@pbx.example"}}
	s := phone.New(c)
	r := diag.NewRecorder()
	now := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	for _, in := range []phone.Input{
		phone.LineChanged{State: phone.LineRegistered}, phone.Invited{Ref: 1, Remote: phone.Peer{Name: "\x1b[2J", Number: "200"}},
		phone.Hold{Call: 1}, phone.Answer{Call: 1}, phone.Confirmed{Call: 1},
	} {
		before := s
		r.Record(&before, now, "test", in)
		s, _, _, _ = phone.Step(s, now, "test", in)
		now = now.Add(time.Second)
	}
	f := r.Flight()
	f.Version, f.Reason, f.At = "0.1", "panic: a story", now
	return f
}

func replay(t *testing.T, f diag.Flight, args ...string) (int, string) {
	t.Helper()
	var file, out bytes.Buffer
	if err := f.Write(&file); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "crash.rec")
	if err := os.WriteFile(path, file.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	status := run(append(args, path), nil, &out, &out)
	return status, out.String()
}

func TestReplayTellsTheStory(t *testing.T) {
	status, out := replay(t, flown(t))
	for _, want := range []string{
		"record of version 0.1, 2026-06-01 12:00:05.000 +0000\npanic: a story\n",
		"     2  12:00:01.000  test     Invited{Ref:1 Line:0 Remote:{Name:\uFFFD[2J Number:200 URI: Hidden:false} Conversation: Replaces:0",
		"change   2: call 1 None -> Ringing, cause none",
		"effect   SendRinging{Ref:1 Call:1}",
		"effect   StartTimer{ID:{Kind:2 Call:1} After:2m0s}",
		"before   [2] call 1 Ringing, speaker",
		"refused  not possible in this state",
		"5 steps, at the end [4] call 1 Talking, speaker\nthe replay went as the record says\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if status != same {
		t.Errorf("status %d", status)
	}
}

func TestReplayPrintsWhatIsAskedFor(t *testing.T) {
	_, out := replay(t, flown(t), "--from", "4", "--to=4", "-s")
	if strings.Contains(out, "Hold") || strings.Contains(out, "Confirmed") || !strings.Contains(out, "Answer") || !strings.Contains(out, `state    {"Seq":3,`) {
		t.Errorf("printed\n%s", out)
	}
	if _, out := replay(t, flown(t), "-q"); strings.Contains(out, "Answer") || !strings.Contains(out, "5 steps") {
		t.Errorf("printed\n%s", out)
	}
}

func TestReplayFindsTheDifference(t *testing.T) {
	f := flown(t)
	f.Stretches[0].Entries[1].In = phone.SeeMissed{}
	if status, out := replay(t, f); status != different || !strings.Contains(out, "DIFFERENT: diag: before step 3: the state is number 1, the record says 2") {
		t.Errorf("status %d\n%s", status, out)
	}
}

func TestReplayShowsThePanic(t *testing.T) {
	f := flown(t)
	f.Stretches[0].Start.Path = phone.PathCount // such a state has no volume
	f.Stretches[0].Entries = f.Stretches[0].Entries[:1]
	var out bytes.Buffer
	if status := (&arguments{From: 1}).replay(&f, &out); status != same || !strings.Contains(out.String(), "PANIC    runtime error: index out of range") || !strings.Contains(out.String(), "here as there") {
		t.Errorf("status %d\n%s", status, &out)
	}
}

func TestWrongUse(t *testing.T) {
	for _, args := range [][]string{{}, {"--nonsense"}, {filepath.Join(t.TempDir(), "none")}, {"-"}, {"--from=x", "-"}} {
		var out bytes.Buffer
		if status := run(args, strings.NewReader("not a record"), &out, &out); status != unreadable || !strings.HasPrefix(out.String(), "replay: ") {
			t.Errorf("%v: status %d, %s", args, status, &out)
		}
	}
	var out bytes.Buffer
	if status := run([]string{"--help"}, nil, &out, &out); status != 0 || !strings.Contains(out.String(), "EXIT STATUS") {
		t.Errorf("help: status %d\n%s", status, &out)
	}
}
