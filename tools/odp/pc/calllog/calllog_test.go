package calllog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/firmware/tpcp"
)

var noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func calls(n int, note string) []tpcp.LogEntry {
	out := make([]tpcp.LogEntry, n)
	for i := range out {
		out[i] = tpcp.Logged(phone.Record{ID: fmt.Sprint(i), Began: noon, Ended: noon, Note: note})
	}
	return out
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	f := New("d-1", calls(3, "a <b> & c"), noon)
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	if got, err := Read(&b); err != nil || !reflect.DeepEqual(got, f) {
		t.Errorf("%+v %v", got, err)
	}
}

func TestWhatIsNoLog(t *testing.T) {
	for text, want := range map[string]string{
		"":               "no call log",
		"{}":             "format",
		`[1]`:            "no call log",
		`{"format":"x"}`: "format",
		`{"format":"opendeskphone-call-log","version":2}`:                   "version 2",
		`{"format":"opendeskphone-call-log","version":1,"calls":[{}]}`:      "logId",
		`{"format":"opendeskphone-call-log","version":1,"calls":"x"}`:       "no call log",
		`{"format":"opendeskphone-call-log","version":1} {"and":"another"}`: "no call log",
	} {
		if _, err := Read(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
	if _, err := Read(bytes.NewReader(make([]byte, maxBytes+1))); err == nil || !strings.Contains(err.Error(), "larger") {
		t.Error("a file without end is read")
	}
}

// TestBatchesFitARequest: every call is in one, in order, and none is longer than a frame.
func TestBatchesFitARequest(t *testing.T) {
	all := calls(350, "")
	all = append(all, calls(90, strings.Repeat("n", 2000))...)
	batches, err := Batches(all)
	if err != nil {
		t.Fatal(err)
	}
	if got := slices.Concat(batches...); !reflect.DeepEqual(got, all) {
		t.Error("calls are lost or in another order")
	}
	for _, part := range batches {
		b, err := json.Marshal(part)
		if err != nil || len(b) > tpcp.MaxFrame-1024 || len(part) == 0 || len(part) > 100 {
			t.Errorf("%d calls of %d bytes, %v", len(part), len(b), err)
		}
	}
	if _, err := Batches(calls(1, strings.Repeat("n", maxBatch))); err == nil {
		t.Error("a call longer than a frame is sent")
	}
}

// TestTheSchemaTellsAll: the public description has every member of a call, and no other.
func TestTheSchemaTellsAll(t *testing.T) {
	b, err := os.ReadFile("../../../../docs/call-log.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var schema struct {
		Properties map[string]json.RawMessage
		Defs       struct {
			Call struct {
				Properties map[string]json.RawMessage
				Required   []string
			}
		} `json:"$defs"`
	}
	if err := json.Unmarshal(b, &schema); err != nil {
		t.Fatal(err)
	}
	same := func(what string, v any, told map[string]json.RawMessage) {
		for _, f := range reflect.VisibleFields(reflect.TypeOf(v)) {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if _, ok := told[name]; !ok {
				t.Errorf("the schema does not tell of %s.%s", what, name)
			}
			delete(told, name)
		}
		if len(told) > 0 {
			t.Errorf("the schema tells of what %s has not: %v", what, told)
		}
	}
	same("file", File{}, schema.Properties)
	same("call", tpcp.LogEntry{}, schema.Defs.Call.Properties)
	var shown map[string]any
	least, _ := json.Marshal(tpcp.Logged(phone.Record{ID: "1", Began: noon, Ended: noon}))
	if err := json.Unmarshal(least, &shown); err != nil {
		t.Fatal(err)
	}
	for _, name := range schema.Defs.Call.Required {
		if _, ok := shown[name]; !ok {
			t.Errorf("%s is required, and not always there", name)
		}
	}
}

func FuzzRead(f *testing.F) {
	var b bytes.Buffer
	_ = New("d", calls(2, "x"), noon).Write(&b)
	f.Add(b.String())
	f.Add(`{"format":"opendeskphone-call-log","version":1,"calls":[{"logId":"a","beganAt":"x"}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		file, err := Read(strings.NewReader(text))
		if err != nil {
			return
		}
		parts, err := Batches(file.Calls)
		if n := len(slices.Concat(parts...)); err == nil && n != len(file.Calls) {
			t.Fatalf("%d calls of %d", n, len(file.Calls))
		}
	})
}
