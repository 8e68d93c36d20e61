package main

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"opendeskphone/firmware/tpcp"
	"opendeskphone/tools/odp/pc"
	"opendeskphone/tools/odp/pc/calllog"
	"opendeskphone/tools/odp/pc/dial"
)

type logCmd struct {
	List   logListCmd   `cmd:"" default:"withargs" help:"Show the call log."`
	Add    logAddCmd    `cmd:"" help:"Add a call or messages of a program on this computer."`
	Note   logNoteCmd   `cmd:"" help:"Write a note to a call of the log."`
	Remove logRemoveCmd `cmd:"" help:"Delete calls from the log."`
	Export logExportCmd `cmd:"" help:"Write the log into a file."`
	Import logImportCmd `cmd:"" help:"Take calls from such a file into the log."`
}

func (logCmd) Help() string {
	return `Examples:
  odp log                                the last 20 calls
  odp log --conversation ab30317f1a784dc48ff824d0d3715d86
  odp log note 5d1e2c7a90b3f468 "wants the manual"
  odp log export calls.json
  odp log import calls.json

Calls of one conversation have the same ID, whatever device they were on; "odp --json log" shows the IDs. The file is JSON, described by call-log.schema.json; what the log has already is not imported twice.`
}

type logListCmd struct {
	Limit        int    `short:"n" help:"How many calls." default:"20"`
	Missed       bool   `help:"Missed calls only."`
	Conversation string `help:"Calls of this conversation only." placeholder:"ID"`
}

// Run implements the command.
func (c *logListCmd) Run(sh *shell) error {
	if _, err := sh.ready(); err != nil {
		return err
	}
	var r struct{ Log []tpcp.LogEntry }
	q := url.Values{"limit": {strconv.Itoa(c.Limit)}, "conversation": {c.Conversation}, "phone": {sh.cli.Phone}}
	if err := sh.do("GET", "log?"+q.Encode(), nil, &r); err != nil {
		return err
	}
	out := r.Log[:0]
	for _, e := range r.Log {
		if !c.Missed || e.Missed {
			out = append(out, e)
		}
	}
	return sh.print(out, func() {
		for _, e := range out {
			fmt.Fprintln(sh.out, logLine(e))
		}
	})
}

// outcomes say how a call went; one that was answered says how long it lasted.
var outcomes = map[string]string{
	"missed": "missed", "elsewhere": "answered elsewhere", "forwarded": "sent on", "declined": "declined", "unanswered": "not answered", "failed": "failed",
}

func logLine(e tpcp.LogEntry) string {
	number := e.Number
	if number == "" {
		number = dial.Readable(e.URI)
	}
	who := e.Display
	if who == "" {
		who, number = number, ""
	}
	if e.Withheld {
		who, number = pc.Withheld, ""
	}
	how := outcomes[e.Outcome]
	if e.AnsweredAt != nil {
		how = e.EndedAt.Sub(e.AnsweredAt.Time).Truncate(time.Second).String()
	}
	if e.ForwardedTo != nil {
		how += " to " + e.ForwardedTo.Number
	}
	if e.Reason != "" && e.Outcome == "failed" {
		how += ": " + e.Reason
	}
	if e.Mode != "voice" {
		how = e.Mode + " " + how
	}
	if e.PC != "" {
		how += " on " + e.PC
	}
	line := fmt.Sprintf("%s  %s  %-28s %-20s %s", e.BeganAt.Local().Format("2006-01-02 15:04"), map[string]string{"in": "<-", "out": "->"}[e.Dir], who, number, how)
	if e.Note != "" {
		line += "  " + strings.Join(strings.Fields(e.Note), " ")
	}
	return line
}

type logAddCmd struct {
	Who          string        `arg:"" help:"Number, address or contact."`
	Mode         string        `help:"voice, video or im." enum:"voice,video,im" default:"voice"`
	In           bool          `help:"They began it."`
	Conversation string        `help:"Conversation it belongs to." placeholder:"ID"`
	Lasted       time.Duration `help:"How long it lasted, until now." default:"0s"`
	Unanswered   bool          `help:"It was not answered."`
	Note         string        `help:"Note to it."`
	ID           string        `name:"id" help:"Entry of this computer to change." placeholder:"ID"`
}

// Run implements the command.
func (c *logAddCmd) Run(sh *shell) error {
	to, err := sh.target(c.Who)
	if err != nil {
		return err
	}
	if _, err := sh.ready(); err != nil {
		return err
	}
	now := tpcp.Time{Time: time.Now()}
	began := tpcp.Time{Time: now.Add(-c.Lasted)}
	p := params{"uri": to, "number": dial.Readable(to), "mode": c.Mode, "dir": map[bool]string{true: "in", false: "out"}[c.In], "conversationId": c.Conversation, "beganAt": began, "endedAt": now, "note": c.Note, "logId": c.ID}
	if !c.Unanswered {
		p["answeredAt"] = began
	}
	var r tpcp.LogIDResult
	if err := sh.request("log.add", p, &r); err != nil {
		return err
	}
	return sh.print(r, func() { fmt.Fprintln(sh.out, r.LogID) })
}

type logNoteCmd struct {
	ID   string `arg:"" help:"Call of the log."`
	Text string `arg:"" optional:"" help:"The note; none takes it away."`
}

// Run implements the command.
func (c *logNoteCmd) Run(sh *shell) error {
	if _, err := sh.ready(); err != nil {
		return err
	}
	return sh.request("log.note", params{"logId": c.ID, "text": c.Text}, nil)
}

type logRemoveCmd struct {
	ID []string `arg:"" help:"Calls of the log."`
}

// Run implements the command.
func (c *logRemoveCmd) Run(sh *shell) error {
	if _, err := sh.ready(); err != nil {
		return err
	}
	var r tpcp.LogDeleted
	if err := sh.request("log.delete", params{"logIds": c.ID}, &r); err != nil {
		return err
	}
	return sh.print(r, func() { fmt.Fprintf(sh.out, "%d of %d calls are deleted.\n", r.Deleted, len(c.ID)) })
}

type logExportCmd struct {
	File string `arg:"" help:"File to write, \"-\" for standard output." type:"path"`
}

// Run implements the command.
func (c *logExportCmd) Run(sh *shell) error {
	p, err := sh.ready()
	if err != nil {
		return err
	}
	calls, err := sh.wholeLog()
	if err != nil {
		return err
	}
	f := calllog.New(p.ID, calls, time.Now())
	if c.File == "-" {
		return f.Write(sh.out)
	}
	if err := writeWhole(c.File, f); err != nil {
		return err
	}
	fmt.Fprintf(sh.out, "%d calls are in %s.\n", len(calls), c.File)
	return nil
}

// writeWhole puts a log in the place of a file at once, or leaves that as it is.
func writeWhole(name string, f *calllog.File) error {
	tmp, err := os.CreateTemp(filepath.Dir(name), ".calls-") // for its owner alone: it names whom one calls
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	err = f.Write(tmp)
	if e := tmp.Close(); err == nil {
		err = e
	}
	if err != nil {
		return err
	}
	return os.Rename(tmp.Name(), name)
}

const exportTries = 5 // a log that changes while it is read is read anew

// wholeLog reads the log page by page.
func (sh *shell) wholeLog() ([]tpcp.LogEntry, error) {
	for range exportTries {
		all, steady, err := sh.readLog()
		if err != nil || steady {
			return all, err
		}
	}
	return nil, &pc.Refusal{Kind: pc.ByPhone, Words: "The log changes all the time; try again later."}
}

func (sh *shell) readLog() (all []tpcp.LogEntry, steady bool, err error) {
	total := -1
	for more := true; more; {
		var r tpcp.LogResult
		if err := sh.request("log.list", params{"skip": len(all), "limit": 100, "full": true}, &r); err != nil {
			return nil, false, err
		}
		if total >= 0 && r.Total != total || len(all) > calllog.MaxCalls {
			return nil, false, nil
		}
		all, total, more = append(all, r.Calls...), r.Total, r.More && len(r.Calls) > 0
	}
	return all, len(all) == total, nil
}

type logImportCmd struct {
	File string `arg:"" help:"File that \"odp log export\" has written, \"-\" for standard input." type:"path"`
}

// Run implements the command.
func (c *logImportCmd) Run(sh *shell) error {
	in := sh.in
	if c.File != "-" {
		file, err := os.Open(c.File)
		if err != nil {
			return err
		}
		defer file.Close()
		in = file
	}
	f, err := calllog.Read(in)
	if err != nil {
		return &pc.Refusal{Kind: pc.Usage, Words: c.File + ": " + err.Error()}
	}
	batches, err := calllog.Batches(f.Calls)
	if err != nil {
		return &pc.Refusal{Kind: pc.Usage, Words: c.File + ": " + err.Error()}
	}
	if _, err := sh.ready(); err != nil {
		return err
	}
	var sum tpcp.LogImported
	for _, part := range batches {
		var r tpcp.LogImported
		if err := sh.request("log.import", params{"calls": part}, &r); err != nil {
			return fmt.Errorf("after %d calls that were imported: %w", sum.Added, err)
		}
		sum.Added, sum.Known = sum.Added+r.Added, sum.Known+r.Known
	}
	return sh.print(sum, func() { fmt.Fprintf(sh.out, "%d calls imported, %d were there already.\n", sum.Added, sum.Known) })
}
