package qemu

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"opendeskphone/boards"
	"opendeskphone/hal"
)

func TestKeysReachTheBoard(t *testing.T) {
	for k, q := range qcodes {
		if got := boards.QEMUArm.Keys[q.code]; got != k {
			t.Errorf("%v is pressed as %s, code %d, which the board takes for %v", k, q.name, q.code, got)
		}
	}
	for _, k := range boards.QEMUArm.Keys {
		if _, ok := qcodes[k]; !ok {
			t.Errorf("the board's key %v cannot be pressed", k)
		}
	}
}

func TestSerialFindsWholeLines(t *testing.T) {
	s := newSerial(nil)
	io.WriteString(s, "one\r\nodp: phoned: regis")
	line, more := s.find("regis")
	if line != "" {
		t.Errorf("found %q in half a line", line)
	}
	io.WriteString(s, "tered 5.93\r\n")
	select {
	case <-more:
	default:
		t.Error("nobody was woken")
	}
	if line, _ := s.find("regis"); line != "odp: phoned: registered 5.93" {
		t.Errorf("found %q", line)
	}
	if got := s.String(); got != "one\nodp: phoned: registered 5.93\n" {
		t.Errorf("kept %q", got)
	}
}

func TestLampLines(t *testing.T) {
	for line, want := range map[string]Lamp{"ring 1": {hal.LampRing, true}, "mute 0\r": {hal.LampMute, false}} {
		if got, ok := parseLamp(line); !ok || got != want {
			t.Errorf("%q is %v, %v", line, got, ok)
		}
	}
	for _, line := range []string{"", "ring", "ring 2", "none 1", "ring 1 1"} {
		if got, ok := parseLamp(line); ok {
			t.Errorf("%q is %v", line, got)
		}
	}
}

func TestQMP(t *testing.T) {
	here, there := net.Pipe()
	served := make(chan error, 1)
	go func() { served <- answer(there) }()
	q, err := newQMP(here)
	if err != nil {
		t.Fatal(err)
	}
	if err := q.do("quit", nil); err != nil {
		t.Error("an event was taken for the answer:", err)
	}
	if err := q.do("nonsense", map[string]any{"a": 1}); err == nil || !strings.Contains(err.Error(), "not found") {
		t.Error("the fault was lost:", err)
	}
	q.Close()
	if err := <-served; !errors.Is(err, io.EOF) {
		t.Error(err)
	}
}

// answer is QEMU's side of TestQMP.
func answer(c net.Conn) error {
	io.WriteString(c, `{"QMP": {"version": {}, "capabilities": []}}`+"\n")
	dec := json.NewDecoder(c)
	for {
		var cmd struct{ Execute string }
		if err := dec.Decode(&cmd); err != nil {
			return err
		}
		switch cmd.Execute {
		case "quit":
			io.WriteString(c, `{"event": "SHUTDOWN"}`+"\n"+`{"return": {}}`+"\n")
		case "nonsense":
			io.WriteString(c, `{"error": {"class": "CommandNotFound", "desc": "not found"}}`+"\n")
		default:
			io.WriteString(c, `{"return": {}}`+"\n")
		}
	}
}

func TestMicrophoneTakesItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		p := &pacer{w: &out}
		sound := make([]byte, 2*Rate+7) // a second
		for i := range sound {
			sound[i] = byte(i)
		}
		began := time.Now()
		if n, err := p.Write(sound); n != len(sound) || err != nil {
			t.Fatal(n, err)
		}
		if took := time.Since(began); took < 990*time.Millisecond || took > 1010*time.Millisecond {
			t.Errorf("a second took %v", took)
		}
		if !bytes.Equal(out.Bytes(), sound) {
			t.Error("samples changed on the way")
		}
	})
}

func TestRecordingIsAWAVFileAtAnyTime(t *testing.T) {
	var live bytes.Buffer
	r, err := newRecording(filepath.Join(t.TempDir(), "wav"), &live)
	if err != nil {
		t.Fatal(err)
	}
	here, there := net.Pipe()
	done := make(chan struct{})
	go func() { defer close(done); r.run(there) }()
	var sound []byte
	for _, piece := range []string{"some ", "samples"} {
		sound = append(sound, piece...)
		io.WriteString(here, piece)
	}
	here.Close()
	<-done
	got, err := os.ReadFile(r.path)
	if err != nil || !bytes.Equal(got, append(header(uint32(len(sound))), sound...)) {
		t.Errorf("file %q (%v)", got, err)
	}
	if live.String() != string(sound) {
		t.Errorf("heard %q", live.String())
	}
}
