package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"opendeskphone/tools/odp/pc"
)

type conformanceCmd struct {
	Call string `help:"Number that answers by itself, for the checks of calls." placeholder:"NUMBER"`
}

func (conformanceCmd) Help() string {
	return `Tests the phone against the public description of TPCP, rule by rule, and prints a line for each. It takes a minute or two; with --call it places calls. The exit code is 1 if a rule is broken.`
}

const conformed = "all rules kept\n"

// Run implements the command.
func (c *conformanceCmd) Run(sh *shell) error {
	if _, err := sh.ready(); err != nil {
		return err
	}
	q := url.Values{"phone": {sh.cli.Phone}, "call": {c.Call}}
	res, err := sh.client.Stream(sh.ctx, "POST", "conformance?"+q.Encode())
	if err != nil {
		return err
	}
	defer res.Close()
	last := &tail{to: sh.out}
	if _, err := io.Copy(last, res); err != nil {
		return err
	}
	if !strings.HasSuffix(last.end, conformed) {
		return errors.New("the phone breaks rules of the protocol")
	}
	return nil
}

// tail passes text on and remembers its end.
type tail struct {
	to  io.Writer
	end string
}

func (t *tail) Write(p []byte) (int, error) {
	t.end += string(p)
	t.end = t.end[max(0, len(t.end)-len(conformed)):]
	return t.to.Write(p)
}

// conform serves the test to the command, line by line.
func conform(agent *pc.Agent) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		out := lines{w, http.NewResponseController(w)}
		_, failed, err := agent.Conform(r.Context(), q.Get("phone"), q.Get("call"), out)
		switch {
		case err != nil:
			fmt.Fprintln(out, err)
		case failed == 0:
			fmt.Fprint(out, conformed)
		}
	}
}

// lines sends each write at once.
type lines struct {
	io.Writer
	flush *http.ResponseController
}

func (l lines) Write(p []byte) (int, error) {
	n, err := l.Writer.Write(p)
	if err == nil {
		err = l.flush.Flush()
	}
	return n, err
}
