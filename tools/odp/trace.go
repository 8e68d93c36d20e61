package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"opendeskphone/firmware/tpcp"
	"opendeskphone/tools/odp/pc"
)

type traceCmd struct {
	What   string `arg:"" optional:"" help:"What to look at: a trace (t-3), a call (c-4), \"last\" for the last call, or the address of an account whose sign-in is meant. Left out: list what there is."`
	Output string `short:"o" help:"Write to this file instead: pcapng for Wireshark and tshark, or words if its name ends in .txt. \"-\" is pcapng on standard output." placeholder:"FILE"`
}

func (traceCmd) Help() string {
	return `Shows what the phone and the network said to each other: the SIP messages of a call or of an account's sign-in, in order, with what each means and, where something failed, what to do. What became of the sound stands between them.

Examples:
  odp trace                              list what the phone has kept
  odp trace last                         the last call, in words
  odp trace last -o call.pcapng          the same for Wireshark
  odp trace c-4 -o - | tshark -r -       straight into tshark
  odp trace sip:100@pbx.example          why the phone does not sign in

The phone keeps its last 64 calls, 256 kB each at most, in memory until it restarts; "keep = false" under [trace] in its settings keeps none. Keys, passwords, their proofs and key presses were overwritten by x when the phone took the messages down, so a file may be given to somebody who is to find a fault. Numbers, names and addresses are in it.

In a pcapng file what went by TLS stands as TCP, its port 5061 as 5060, and the comment of each packet says what it means. What became of the sound is in the words only.`
}

// Run implements the command.
func (c *traceCmd) Run(sh *shell) error {
	if c.What == "" && c.Output != "" {
		return &pc.Refusal{Kind: pc.Usage, Words: "Write what?", Hint: "Say \"odp trace last -o FILE\"; \"odp trace\" lists what there is."}
	}
	all, err := c.list(sh)
	if err != nil {
		return err
	}
	if c.What == "" {
		return sh.print(all, func() {
			for _, t := range all {
				fmt.Fprintln(sh.out, traceLine(t))
			}
		})
	}
	i := slices.IndexFunc(all, c.means)
	if i < 0 {
		return &pc.Refusal{Kind: pc.Usage, Words: fmt.Sprintf("The phone has kept nothing of %q.", c.What), Hint: "\"odp trace\" lists what there is."}
	}
	format := tpcp.TracePCAP
	if c.Output == "" || strings.HasSuffix(strings.ToLower(c.Output), ".txt") {
		format = tpcp.TraceText
	}
	file, err := c.fetch(sh, all[i].TraceID, format)
	if err != nil {
		return err
	}
	if c.Output == "" || c.Output == "-" {
		_, err = sh.out.Write(file)
		return err
	}
	return os.WriteFile(c.Output, file, 0o600) // it names whom one calls
}

// means tells whether a trace is the one that was asked for.
func (c *traceCmd) means(t tpcp.Trace) bool {
	if c.What == "last" {
		return t.AOR == ""
	}
	return t.TraceID == c.What || slices.Contains(t.CallIDs, c.What) || t.AOR != "" && strings.EqualFold(strings.TrimPrefix(t.AOR, "sip:"), strings.TrimPrefix(c.What, "sip:"))
}

func (c *traceCmd) list(sh *shell) (all []tpcp.Trace, err error) {
	if _, err := sh.ready(); err != nil {
		return nil, err
	}
	for more := true; more; {
		var r tpcp.TracesResult
		if err := sh.request("trace.list", params{"skip": len(all)}, &r); err != nil {
			return nil, err
		}
		all = append(all, r.Traces...)
		more = r.More && len(r.Traces) > 0
	}
	return all, nil
}

func (c *traceCmd) fetch(sh *shell, id, format string) (file []byte, err error) {
	for {
		var r tpcp.TraceResult
		if err := sh.request("trace.get", params{"traceId": id, "format": format, "offset": len(file)}, &r); err != nil {
			return nil, err
		}
		file = append(file, r.Data...)
		if !r.More || len(r.Data) == 0 {
			return file, nil
		}
	}
}

func traceLine(t tpcp.Trace) string {
	what := map[string]string{"in": "<- ", "out": "-> "}[t.Dir] + t.URI
	if t.AOR != "" {
		what = "sign-in of " + t.AOR
	}
	return fmt.Sprintf("%-6s %-6s %s  %-40s %3d messages, last %s", t.TraceID, strings.Join(t.CallIDs, " "), t.BeganAt.Local().Format("2006-01-02 15:04:05"), what, t.Messages, t.Last)
}
