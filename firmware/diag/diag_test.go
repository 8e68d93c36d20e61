package diag

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"opendeskphone/firmware/phone"
)

// session lives so many random inputs on a loop that is recorded, and gives the state at its end.
func session(t *testing.T, r *Recorder, inputs int, seed uint64) phone.State {
	t.Helper()
	c := phone.DefaultConfig()
	c.Lines = []phone.LineConfig{{AOR: "sip:100@pbx.example"}, {AOR: "sip:200@pbx.example"}}
	l := phone.NewLoop(c, func(phone.Effect) {}, r, slog.New(slog.DiscardHandler))
	done := make(chan error, 1)
	go func() { done <- l.Run(t.Context()) }()
	random := rand.New(rand.NewPCG(seed, 0))
	for range inputs {
		time.Sleep(time.Duration(random.IntN(3_000_000)) * time.Microsecond)
		id := phone.CallID(random.IntN(12))
		if s := l.State(); len(s.Calls) > 0 && random.IntN(3) > 0 {
			id = s.Calls[random.IntN(len(s.Calls))].ID
		}
		switch in := anything(random, id).(type) {
		case phone.Command:
			_ = l.Do(t.Context(), "ui", in) // a refusal is part of life
		case phone.Event:
			l.Post("lines", in)
		}
	}
	if err := l.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	return *l.State()
}

func anything(random *rand.Rand, id phone.CallID) phone.Input {
	all := []phone.Input{
		phone.LineChanged{State: phone.LineRegistered}, phone.Dial{}, phone.Dial{Number: "200"}, phone.Digit{Digit: '7'}, phone.DialNow{},
		phone.Invited{Ref: 3, Remote: phone.Peer{Name: "Zoë \u2028<&>", Number: "1"}, Conversation: "c"}, phone.Answer{Call: id}, phone.Hold{Call: id},
		phone.Resume{Call: id}, phone.Swap{}, phone.Accepted{Call: id}, phone.Confirmed{Call: id}, phone.Progressed{Call: id}, phone.Hangup{Call: id},
		phone.HookMoved{Off: random.IntN(2) == 0}, phone.SendDTMF{Call: id, Digit: '7'}, phone.Byed{Call: id, Cause: phone.RemoteHangup},
		phone.CallFailed{Call: id, Cause: phone.UserBusy, Reason: "486"}, phone.Noticed{Notice: phone.NoNetwork, Text: "cable"}, phone.SeeMissed{},
	}
	return all[random.IntN(len(all))]
}

func written(t *testing.T, s phone.State) string {
	t.Helper()
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestASessionReplaysBitByBit(t *testing.T) {
	for _, inputs := range []int{1, 200, 1999, 7000} {
		t.Run(fmt.Sprint(inputs), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := NewRecorder()
				end := session(t, r, inputs, uint64(inputs))
				f := r.Flight()
				f.Version, f.Reason, f.At = "test", "because", time.Now()
				var file bytes.Buffer
				if err := f.Write(&file); err != nil {
					t.Fatal(err)
				}
				t.Logf("%d bytes", file.Len())
				back, err := Read(&file)
				if err != nil {
					t.Fatal(err)
				}
				steps := 0
				got, err := back.Replay(func(s Step) {
					if steps++; s.N != steps || s.Panic != nil {
						t.Errorf("step %d is numbered %d, panic %v", steps, s.N, s.Panic)
					}
				})
				if err != nil {
					t.Fatal(err)
				}
				if written(t, got) != written(t, end) {
					t.Errorf("replayed to\n%s\nlived to\n%s", written(t, got), written(t, end))
				}
				if steps < min(inputs, 2000) || steps > segments*segmentLen {
					t.Errorf("%d steps are kept of %d", steps, inputs)
				}
			})
		})
	}
}

func TestARecordThatDiffersIsFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := NewRecorder()
		session(t, r, 1000, 1)
		f := r.Flight()
		f.Stretches[0].Entries = f.Stretches[0].Entries[1:]
		if _, err := f.Replay(func(Step) {}); err == nil {
			t.Error("an input is missing and nobody sees it")
		}
		f = r.Flight()
		f.Stretches[1].Start.Volume[0] = 1
		if _, err := f.Replay(func(Step) {}); err == nil || !strings.Contains(err.Error(), "after step 250: the state is") {
			t.Errorf("another state: %v", err)
		}
	})
}

func TestWhatWasSentIntoACallIsNotInTheRecord(t *testing.T) {
	r := NewRecorder()
	s := phone.New(phone.DefaultConfig())
	r.Record(&s, time.Now(), "ui", phone.SendDTMF{Call: 1, Digit: '7'})
	r.Record(&s, time.Now(), "ui", phone.SendDTMF{Call: 1, Digit: 'x'})
	e := r.Flight().Stretches[0].Entries
	if e[0].In != (phone.SendDTMF{Call: 1, Digit: '0'}) || e[1].In != (phone.SendDTMF{Call: 1, Digit: 'x'}) {
		t.Errorf("%+v", e)
	}
}

func TestAPanicLeavesARecord(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "crash")
	for range keptFiles + 2 {
		r := NewRecorder()
		s := phone.New(phone.DefaultConfig())
		r.Record(&s, time.Now(), "ui", phone.Silence{})
		func() {
			defer func() {
				if p := recover(); fmt.Sprint(p) != "broken" {
					t.Errorf("the panic ended up as %v", p)
				}
			}()
			defer r.OnPanic(dir, "0.1")
			panic("broken")
		}()
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.rec"))
	if err != nil || len(files) == 0 || len(files) > keptFiles {
		t.Fatalf("%v, %v", files, err)
	}
	b, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	f, err := Read(bytes.NewReader(b))
	if err != nil || f.Version != "0.1" || !strings.HasPrefix(f.Reason, "panic: broken\n\ngoroutine") || len(f.Stretches) != 1 {
		t.Errorf("%+v, %v", f, err)
	}
	func() { // nothing to do without a panic
		defer r0.OnPanic(filepath.Join(dir, "none"), "")
	}()
	if _, err := os.Stat(filepath.Join(dir, "none")); err == nil {
		t.Error("a record without a panic")
	}
}

var r0 = NewRecorder()

func TestARecordThatCannotBeSaved(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if p := fmt.Sprint(recover()); !strings.Contains(p, "broken") || !strings.Contains(p, "diag: save record") {
			t.Errorf("the panic ended up as %v", p)
		}
	}()
	defer r0.OnPanic(file, "")
	panic("broken")
}

func TestReadIsStrict(t *testing.T) {
	head := `{"format":"odp-record/1"}` + "\n"
	for name, doc := range map[string]string{
		"empty": "", "other form": `{"format":"odp-record/2"}`, "no state": head + `{"in":"Swap","of":{}}`, "bad state": head + `{"state":{"Path":9}}`,
		"no such input": head + `{"state":{}}` + "\n" + `{"in":"Explode","of":{}}`, "bad input": head + `{"state":{}}` + "\n" + `{"in":"Answer","of":{"Call":"x"}}`,
		"cut in the midst": head + `{"state":{}` + "\n" + `{"state":{}}`, "long": head + strings.Repeat("x", maxLine+1),
	} {
		if f, err := Read(strings.NewReader(doc)); err == nil {
			t.Errorf("%s: %+v", name, f)
		}
	}
	f, err := Read(strings.NewReader(head + `{"state":{}}` + "\n" + `{"in":"Swap","of":{}}` + "\n" + `{"in":"Swap","o`))
	if err != nil || len(f.Stretches) != 1 || len(f.Stretches[0].Entries) != 1 {
		t.Errorf("cut at the end: %+v, %v", f, err)
	}
}

func TestEveryInputIsWrittenAndRead(t *testing.T) {
	s := phone.New(phone.DefaultConfig())
	r := NewRecorder()
	for _, in := range phone.Inputs() {
		r.Record(&s, time.Unix(1, 2).UTC(), "test", in)
	}
	f := r.Flight()
	var file bytes.Buffer
	if err := f.Write(&file); err != nil {
		t.Fatal(err)
	}
	back, err := Read(&file)
	if err != nil || !reflect.DeepEqual(f.Stretches, back.Stretches) {
		t.Errorf("wrote %+v\nread  %+v, %v", f, back, err)
	}
}

func FuzzRead(f *testing.F) {
	head := `{"format":"odp-record/1"}` + "\n"
	f.Add([]byte(head + `{"state":{"Lines":[{}],"NextCall":2,"Calls":[{"ID":1,"State":6},{"ID":2,"State":7}]}}` + "\n" + `{"in":"Swap","of":{}}` + "\n" + `{"seq":2,"in":"Hangup","of":{"Call":2}}`))
	f.Add([]byte(head + `{"state":{"Config":{"DigitMap":"xx.T"}}}` + "\n" + `{"in":"Dial","of":{"Number":"12"}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		flight, err := Read(bytes.NewReader(b))
		if err != nil {
			return
		}
		_, _ = flight.Replay(func(Step) {}) // whatever it says: it must come back
	})
}

func BenchmarkRecord(b *testing.B) {
	r := NewRecorder()
	s := phone.New(phone.DefaultConfig())
	now := time.Now()
	var in phone.Input = phone.Answer{Call: 1}
	b.ReportAllocs()
	for b.Loop() {
		r.Record(&s, now, "ui", in)
	}
}
