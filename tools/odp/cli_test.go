package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/firmware/tpcp"
	"opendeskphone/tools/odp/pc"
	"opendeskphone/tools/odp/pc/desk"
	"opendeskphone/tools/odp/pc/keep"
)

// built is the program under test.
var built string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "odp-test-")
	if err != nil {
		panic(err)
	}
	built = filepath.Join(dir, "odp")
	out, err := exec.Command("go", "build", "-buildmode=pie", "-trimpath", "-ldflags=-X main.version=0.1", "-o", built, ".").CombinedOutput()
	if err != nil {
		panic(string(out))
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// person is somebody at a computer with the program installed.
type person struct {
	t    *testing.T
	home string
}

func newPerson(t *testing.T) *person {
	u := &person{t, t.TempDir()}
	if err := os.Mkdir(u.home+"/run", 0o700); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(u.killAgent)
	return u
}

// pid is the agent's.
func (u *person) pid() int {
	text, err := os.ReadFile(u.home + "/run/odp/agent.pid")
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0
	}
	return pid
}

// killAgent is kill -9.
func (u *person) killAgent() {
	if pid := u.pid(); pid > 1 && syscall.Kill(pid, syscall.SIGKILL) == nil {
		for i := 0; syscall.Kill(pid, 0) == nil && i < 500; i++ { // init or the test's reaper takes a moment
			<-time.After(10 * time.Millisecond)
			if stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat"); err != nil || strings.Contains(string(stat), ") Z ") {
				return
			}
		}
	}
}

func (u *person) cmd(args ...string) *exec.Cmd {
	cmd := exec.Command(built, args...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + u.home, "XDG_RUNTIME_DIR=" + u.home + "/run", "XDG_STATE_HOME=" + u.home + "/state", "XDG_DATA_HOME=" + u.home + "/data"}
	return cmd
}

// says runs a command, wants an exit code, and gives what it printed, complaints included.
func (u *person) says(code int, args ...string) string {
	u.t.Helper()
	out, err := u.cmd(args...).CombinedOutput()
	got := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	}
	if got != code {
		u.t.Fatalf("odp %q: exit %d, want %d: %v\n%s", args, got, code, err, out)
	}
	return string(out)
}

func (u *person) view() pc.View {
	u.t.Helper()
	var v pc.View
	if err := json.Unmarshal([]byte(u.says(0, "status", "--json")), &v); err != nil {
		u.t.Fatal(err)
	}
	return v
}

func wants(t *testing.T, got string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(got, w) {
			t.Errorf("%q lacks %q", got, w)
		}
	}
}

func TestWithoutAPhoneEverythingSaysSo(t *testing.T) {
	u := newPerson(t)
	wants(t, u.says(exitNoPhone, "status"), "No phone found", "Connect")
	wants(t, u.says(exitNoPhone, "call", "030"), "No phone found")
	wants(t, u.says(exitNoPhone, "pair"), "No phone found")
	wants(t, u.says(exitUsage, "url", "tel:*21#"), "service codes")
	wants(t, u.says(exitUsage, "frobnicate"), "--help")
	wants(t, u.says(0, "rule"), "hidraw", "uaccess")
	wants(t, u.says(0, "agent"), "running already")
	wants(t, u.says(0, "open", "--print"), "http://127.0.0.1:", "/#")
	u.says(0, "contacts", "add", "Jonas Keller", "--work", "+49 30 5550 142")
	wants(t, u.says(0, "contacts", "kel"), "Jonas Keller", "work +49 30 5550 142")
	u.explains()
	u.says(0, "contacts", "remove", "jonas")
	if out := u.says(0, "contacts"); out != "" {
		t.Errorf("still there: %q", out)
	}
}

func TestPairedPhoneOfAnotherUserIsNotOurs(t *testing.T) {
	u := newPerson(t)
	state := keep.Folder(u.home + "/state/odp")
	if err := state.Save("pairings.json", []any{}); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(state.Path("pairings.json"), 0o644); err != nil {
		t.Fatal(err)
	}
	wants(t, u.says(exitNoAgent, "status"), "cannot be started", "agent.log")
	log, err := os.ReadFile(state.Path("agent.log"))
	if err != nil {
		t.Fatal(err)
	}
	wants(t, string(log), "chmod go-rwx")
}

func TestCallsFromTheCommandLine(t *testing.T) {
	d, u := desk.New(t), newPerson(t)
	d.Introduce(keep.Folder(u.home + "/state/odp"))
	wants(t, u.says(0, "status"), "Desk phone", "over the network", "sip:100@odp.test", "registered", "no calls")

	u.says(0, "contacts", "add", "Mira Patel", "101")
	wants(t, u.says(0, "call", "mira"), "->", "Mira Patel")
	desk.Until(t, d.Other.Control(), "rings", desk.In(phone.Ringing))
	desk.Do(t, d.Other.Control(), phone.Answer{Call: d.Other.Control().State().Calls[0].ID})
	desk.Until(t, d.Phone.Control(), "talking", desk.In(phone.Talking))
	wants(t, u.says(0, "hold"), "on hold")
	wants(t, u.says(exitUsage, "hold"), "no call to hold")
	wants(t, u.says(0, "resume"), "Mira Patel")
	wants(t, u.says(0, "mute"), "muted")
	wants(t, u.says(0, "mute", "toggle"), "not muted")
	wants(t, u.says(0, "volume"), "speaker", "ringer")
	wants(t, u.says(exitFailed, "volume", "3"), "the cable must be plugged in")
	u.says(0, "dtmf", "12#")
	wants(t, u.says(exitUsage, "conference"), "needs two calls")
	wants(t, u.says(exitUsage, "conference", "show"), "You are in no conference")
	wants(t, u.says(exitUsage, "conference", "mute", "Mira"), "You are in no conference")
	wants(t, u.says(exitUsage, "answer"), "no call that rings")
	wants(t, u.says(exitUsage, "hold", "--private"), "no call of a shared line")
	wants(t, u.says(exitUsage, "hangup", "c-99"), "no call c-99")

	// kill -9 mid-call: the call goes on, and the next command finds the same one.
	before := u.view().Phones[0].Calls[0]
	old := u.pid()
	u.killAgent()
	if s := d.Phone.Control().State(); s.First(phone.Talking) == nil {
		t.Fatalf("the call ended with the agent: %+v", s.Calls)
	}
	v := u.view()
	if u.pid() == old {
		t.Error("the agent was not killed")
	}
	if len(v.Phones[0].Calls) != 1 || v.Phones[0].Calls[0].CallID != before.CallID || v.Phones[0].Calls[0].State != tpcp.StateConnected {
		t.Errorf("was %+v, is %+v", before, v.Phones[0].Calls)
	}
	u.says(0, "hangup")
	desk.Until(t, d.Other.Control(), "over", desk.Idle)
	u.traces()
	u.rules(d)
	u.log()
	for _, args := range [][]string{{"voicemail"}, {"voicemail", "play"}} {
		wants(t, u.says(exitFailed, args...), "No server gives the phone voice messages", "--help")
	}
	wants(t, u.says(exitFailed, "voicemail", "play", "voicemail:0:1:1"), "There is no such voice message", "lists them")
	wants(t, u.says(exitFailed, "voicemail", "stop"), "No voice message is being played")
	wants(t, u.says(exitFailed, "voicemail", "list", "--line", "l-9"), "no such line")
	wants(t, u.says(0, "explain-number", "+49 (30) 5550142"), "Without separators: +49305550142", "it is complete", "Called: sip:+49305550142@odp.test;user=phone")
	wants(t, u.says(0, "keys"), "no keys but those of the lines")
	wants(t, u.says(exitUsage, "pickup"), "It rings at nobody", "odp keys")
	wants(t, u.says(exitFailed, "pickup", "--group"), "No call rings there")
	wants(t, u.says(exitUsage, "pickup", "Jonas"), "No key of the phone is about Jonas")
	wants(t, u.says(exitUsage, "park"), "No place to park at is free")
	wants(t, u.says(exitUsage, "retrieve"), "Nobody waits")
	wants(t, u.says(exitUsage, "take"), "No line of the phone is shared")
	wants(t, u.says(exitUsage, "join"), "No line of the phone is shared")
	wants(t, u.says(exitUsage, "move", "sip:205@odp.test"), "no call to move")
	wants(t, u.says(exitUsage, "pull", "sip:205@odp.test"), "--dialog")
	wants(t, u.says(0, "unpair"), "forgotten")
	u.says(exitNoPhone, "status")
}

// log merges what this computer did into the conversation of the call that was just made, and takes the log out and in.
func (u *person) log() {
	t := u.t
	t.Helper()
	list := func(args ...string) (all []tpcp.LogEntry) {
		t.Helper()
		if err := json.Unmarshal([]byte(u.says(0, append([]string{"--json", "log"}, args...)...)), &all); err != nil {
			t.Fatal(err)
		}
		return all
	}
	call := list()[0]
	id := strings.TrimSpace(u.says(0, "log", "add", "sip:101@odp.test", "--mode", "im", "--conversation", call.ConversationID, "--lasted", "5s"))
	u.says(0, "log", "note", call.LogID, "wants the manual")
	both := list("--conversation", call.ConversationID)
	if len(both) != 2 || both[0].LogID != id || both[0].PC == "" || both[0].Mode != "im" || both[1].LogID != call.LogID || both[1].Note != "wants the manual" {
		t.Fatalf("the conversation is %+v", both)
	}
	file := u.home + "/calls.json"
	wants(t, u.says(0, "log", "export", file), " calls are in ")
	before := u.says(0, "log", "export", "-")
	wants(t, before, `"format": "opendeskphone-call-log"`, "wants the manual")
	wants(t, u.says(0, "log", "import", file), "0 calls imported")
	wants(t, u.says(0, "log", "remove", id, call.LogID), "2 of 2")
	if n := len(list("--conversation", call.ConversationID)); n != 0 {
		t.Errorf("%d are left", n)
	}
	wants(t, u.says(0, "log", "import", file), "2 calls imported")
	calls := func(s string) string { return s[strings.Index(s, `"calls"`):] }
	if after := u.says(0, "log", "export", "-"); calls(after) != calls(before) {
		t.Errorf("before\n%s\nafter\n%s", before, after)
	}
	wants(t, u.says(exitUsage, "log", "import", os.Args[0]), "call log")
}

// explains tries rules that no phone has yet.
func (u *person) explains() {
	t := u.t
	t.Helper()
	file := func(name, text string) string {
		if err := os.WriteFile(u.home+"/"+name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return u.home + "/" + name
	}
	const rules = `<LocationProfileDescription xmlns="http://schemas.microsoft.com/2007/03/LocationProfileDescription"><Name>redmond.example</Name>
<Rule><Pattern>^(\d{4})$</Pattern><Translation>+1425555$1</Translation><InternalEnterpriseExtension>true</InternalEnterpriseExtension></Rule>
<Rule><Pattern>^1?(\d{10})$</Pattern><Translation>+1$1</Translation></Rule><ExternalAccessPrefix>9</ExternalAccessPrefix><OptimizeDeviceDialing>true</OptimizeDeviceDialing></LocationProfileDescription>`
	good := file("redmond.xml", rules)
	wants(t, u.says(0, "explain-number", "9 (425) 555-0142", "--profile", good), "Without separators: 94255550142", "9 leads outside; left: 4255550142",
		"Rule 1 is for extensions only", "Rule 2 matches: +14255550142    ^1?(\\d{10})$", "Called: +14255550142")
	wants(t, u.says(0, "explain-number", "911", "--profile", good), "Emergency number: no rule is asked", "Called: 911")
	bad := file("bad.xml", strings.Replace(rules, `^1?(`, `^(?!911)(`, 1))
	wants(t, u.says(exitUsage, "explain-number", "911", "--profile", bad), "bad.xml is refused", `rule 2, ^(?!911)(\d{10})$: look-around, (?!,`)
	wants(t, u.says(exitUsage, "explain-number", "1", "--profile", good, "--location", "berlin"), `no profile "berlin" in it, but redmond.example`)
	toml := file("phone.toml", "[[line]]\naor = \"sip:100@pbx.example\"\nnumber_form = \"tel\"\n[phone.plan]\ncountry = \"49\"\nnational = \"0\"\n[[profile]]\nname = \"Berlin\"\nrules = ['^(7\\d\\d)$ => $1;phone-context=berlin.example']\n")
	wants(t, u.says(0, "explain-number", "712", "--profile", toml), "Rules of the location Berlin", "Called: tel:712;phone-context=berlin.example")
	wants(t, u.says(0, "explain-number", "030 5550142", "--profile", toml), "No rule matches", "Country's plan, National: +49305550142", "Called: tel:0305550142;phone-context=pbx.example")
}

// traces looks at the call that was just made, and at the sign-in before it.
func (u *person) traces() {
	t := u.t
	t.Helper()
	wants(t, u.says(0, "trace"), "sign-in of sip:100@odp.test", "c-1 ", "-> sip:101@odp.test")
	wants(t, u.says(0, "trace", "last"), "Your phone calls", "The other side's phone rings", "The other side answers", "You hear the other side", "Your phone puts the call on hold",
		"Your phone takes the call back", "Your phone hangs up", "BYE sip:")
	wants(t, u.says(0, "trace", "100@odp.test"), "Your phone signs in", "The server has signed you in")
	wants(t, u.says(exitUsage, "trace", "c-77"), "nothing of")
	wants(t, u.says(exitUsage, "trace", "-o", "x"), "odp trace last")
	for name, begins := range map[string]string{"call.pcapng": "\n\r\r\n", "call.txt": "Open Desk Phone: call 1."} {
		u.says(0, "trace", "c-1", "-o", u.home+"/"+name)
		file, err := os.ReadFile(u.home + "/" + name)
		if err != nil || !strings.HasPrefix(string(file), begins) || !strings.Contains(string(file), "INVITE sip:") {
			t.Errorf("%s: %v, %.60q", name, err, file)
		}
	}
}

// rules sets who gets the calls that come in from a file, and gets the same file back.
func (u *person) rules(d *desk.Desk) {
	t := u.t
	t.Helper()
	wants(t, u.says(0, "rules"), "Calls ring here.")
	wants(t, u.says(0, "rules", "dnd", "on"), "Do not disturb is on")
	doc := `<?xml version="1.0" encoding="utf-8"?>
<routing xmlns="http://schemas.microsoft.com/02/2006/sip/routing" name="rtcdefault" version="1" minSupportedClientVersion="2.0.0.0">
  <preamble>
    <list name="forwardto">
      <target uri="sip:+14255550100@odp.test;user=phone"/>
    </list>
    <flags name="clientflags" value="forward_immediate enablecf"/>
    <wait name="total" seconds="18"/>
  </preamble>
</routing>
`
	if err := os.WriteFile(u.home+"/rules.xml", []byte(doc), 0o600); err != nil {
		t.Fatal(err)
	}
	wants(t, u.says(0, "rules", "set", u.home+"/rules.xml"), "Every call goes at once to sip:+14255550100@odp.test;user=phone.", "in 18 s")
	u.says(0, "rules", "get", u.home+"/again.xml")
	if again, err := os.ReadFile(u.home + "/again.xml"); err != nil || string(again) != doc {
		t.Errorf("%v:\n%s", err, again)
	}
	r := d.Phone.Control().State().Config.Rules
	if !r.DND || !r.Always.On || r.RingFor != 18*time.Second {
		t.Errorf("the phone's rules are %+v", r)
	}
	wants(t, u.says(exitFailed, "rules", "set", u.home+"/run/odp/agent.pid"), "Text outside of attributes")
}

func TestConformanceFromTheCommandLine(t *testing.T) {
	d, u := desk.New(t), newPerson(t)
	d.Introduce(keep.Folder(u.home + "/state/odp"))
	wants(t, u.says(0, "conformance"), "pass", "0 failed", conformed)
}

func TestWatchPrintsWhatHappens(t *testing.T) {
	d, u := desk.New(t), newPerson(t)
	d.Introduce(keep.Folder(u.home + "/state/odp"))
	u.says(0, "status")
	cmd := u.cmd("watch")
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	lines := make(chan string)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			lines <- s.Text()
		}
	}()
	until := func(word string) {
		late := time.After(desk.Patience)
		for {
			select {
			case l, ok := <-lines:
				if !ok {
					t.Fatalf("it ended before %q", word)
				}
				if strings.Contains(l, word) {
					return
				}
			case <-late:
				t.Fatalf("no line with %q", word)
			}
		}
	}
	until("connected over the network")
	desk.Do(t, d.Other.Control(), phone.Dial{Number: "100"})
	until("<- Mira Patel (101)  rings")
	u.says(0, "answer")
	until("talking")
	u.says(0, "hangup")
	until("ended")
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	for range lines { // to its end
	}
	if err := cmd.Wait(); err == nil || cmd.ProcessState.ExitCode() != exitFailed {
		t.Errorf("interrupted: %v", err)
	}
}
