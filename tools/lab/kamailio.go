package lab

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"text/template"

	"opendeskphone/sip/ua"
)

// PasswordOf is the password the registrar expects of a user: derived, so that no database is
// needed. A wrong one is any other.
func PasswordOf(user string) string { return "secret-" + user }

// TLSAt makes the registrar listen for TLS at an address with a certificate of its own: one
// registrar shows good, expired and wrong-name certificates on several addresses at once.
type TLSAt struct {
	Listen netip.AddrPort
	Pair   KeyPair
	Wants  string // file of the authority that must have signed its clients' certificates; empty: they need none
}

// KamailioConfig describes a registrar and forking proxy.
type KamailioConfig struct {
	Name   string         // of its log and directory
	Domain string         // digest realm and SIP domain
	Listen netip.AddrPort // UDP and TCP
	TLS    []TLSAt
	// Algorithm of the digest challenge, MD5 when empty; SHA-256 is the other one Kamailio knows.
	Algorithm string
	// Outbound makes it a registrar that knows Path (RFC 3327) and flows (RFC 5626): it sends a call by one flow of
	// a phone, and by the next if that is dead.
	Outbound bool
	// Edge makes it an edge proxy before the registrar at this address, which keeps the flows of phones.
	Edge netip.AddrPort
	// Border makes it a border element before an old exchange at this address: it takes calls over TLS alone.
	Border netip.AddrPort
	// NATs has it answer everybody where a request really came from, also in dialogs, as one must
	// whose users sit behind NATs.
	NATs bool
	// Focus is a conference server that has the users beginning with conf; it calls without a password. Who is in its
	// conferences this Kamailio tells, where the server publishes it, and it has a room for the messages of each.
	Focus netip.AddrPort
	// HandsDown has it tell lines what the user server publishes for them of the package ua-profile: each its own, over TLS.
	HandsDown bool
	// Relay is an RTPEngine through which all voice goes: encrypted to and from those who signal over TLS, plain to others.
	Relay netip.AddrPort
	// Presence makes it one that tells who is in a call.
	Presence bool
	// Lists are those of a server of presence, and Mailbox the user there who takes the calls of those who are busy.
	Lists   []List
	Mailbox string
	// Rules makes it a server of the rules of calls that come in, which its users give it ([MS-SIPRE]): of them it acts on those
	// that send every call on. RefuseRules ends that.
	Rules bool
	// PBX is an old exchange beside it: numbers that begin with + or 4 are there, and calls from there need no digest. A
	// call to a user of Twins rings at this extension there, too.
	PBX     netip.AddrPort
	Twins   map[string]string
	Numbers map[string]string // E.164 to the user whose number it is
}

// Kamailio is a running registrar: digest on REGISTER and INVITE, record-routing, parallel forking
// to all bindings of a user.
type Kamailio struct {
	cfg   KamailioConfig
	ns    *Namespace
	dir   string
	proc  *Process
	start int
}

//go:embed kamailio.cfg.tmpl
var registrarTemplate string

//go:embed kamailio-forks.cfg.tmpl
var forksTemplate string

//go:embed kamailio-presence.cfg.tmpl
var presenceTemplate string

//go:embed kamailio-edge.cfg.tmpl
var edgeTemplate string

//go:embed kamailio-border.cfg.tmpl
var borderTemplate string

// StartKamailio starts a registrar in a namespace and waits until it answers.
func StartKamailio(ctx context.Context, ns *Namespace, cfg KamailioConfig) (*Kamailio, error) {
	if err := Require("kamailio", "kamcmd"); err != nil {
		return nil, err
	}
	k := &Kamailio{cfg: cfg, ns: ns, dir: filepath.Join(ns.Dir(), cfg.Name)}
	if err := os.MkdirAll(k.dir, 0o755); err != nil {
		return nil, fmt.Errorf("lab: make directory of %s: %w", cfg.Name, err)
	}
	if err := k.writeConfig(); err != nil {
		return nil, err
	}
	return k, k.Start(ctx)
}

func (k *Kamailio) writeConfig() error {
	modules, err := filepath.Glob("/usr/lib/*/kamailio/modules/tls.so")
	if err != nil || len(modules) == 0 {
		return fmt.Errorf("lab: no tls.so of Kamailio (apt-get install kamailio-tls-modules)")
	}
	text := registrarTemplate
	switch {
	case k.cfg.Edge.IsValid():
		text = edgeTemplate
	case k.cfg.Border.IsValid():
		text = borderTemplate
	case k.cfg.Presence:
		text = presenceTemplate
	}
	events := k.cfg.HandsDown || k.cfg.Focus.IsValid()
	if k.cfg.Presence || events {
		if err := k.makeDatabase(); err != nil {
			return err
		}
	}
	t := template.Must(template.Must(template.New("kamailio.cfg").Parse(forksTemplate)).Parse(text))
	var b bytes.Buffer
	err = t.Execute(&b, map[string]any{
		"Domain": k.cfg.Domain, "Listen": k.cfg.Listen, "TLS": k.cfg.TLS, "TLSConfig": k.tlsFile(),
		"Modules": filepath.Dir(modules[0]), "Control": k.control(), "Database": k.file("db"), "Lists": k.cfg.Lists, "Mailbox": k.cfg.Mailbox, "Algorithm": k.cfg.Algorithm, "Outbound": k.cfg.Outbound, "Edge": k.cfg.Edge, "Border": k.cfg.Border, "NATs": k.cfg.NATs, "Relay": k.cfg.Relay, "Focus": k.cfg.Focus, "HandsDown": k.cfg.HandsDown, "Events": events, "Rules": k.cfg.Rules,
		"PBX": k.cfg.PBX, "Twins": k.cfg.Twins, "Numbers": k.cfg.Numbers, "DomainID": ua.DomainID(k.cfg.Domain),
	})
	if err != nil {
		return fmt.Errorf("lab: fill kamailio.cfg: %w", err)
	}
	if err := os.WriteFile(k.file("kamailio.cfg"), b.Bytes(), 0o644); err != nil {
		return fmt.Errorf("lab: write kamailio.cfg: %w", err)
	}
	b.Reset()
	for i, at := range k.cfg.TLS {
		if i == 0 { // the default profile is mandatory and serves connections of no other one
			fmt.Fprintf(&b, "[server:default]\nmethod = TLSv1.2+\nverify_certificate = no\nrequire_certificate = no\ncertificate = %s\nprivate_key = %s\n", at.Pair.CertFile, at.Pair.KeyFile)
			fmt.Fprintf(&b, "[client:default]\nverify_certificate = no\nrequire_certificate = no\n")
		}
		wants := "verify_certificate = no\nrequire_certificate = no\n"
		if at.Wants != "" {
			wants = "verify_certificate = yes\nrequire_certificate = yes\nca_list = " + at.Wants + "\n"
		}
		fmt.Fprintf(&b, "[server:%s]\nmethod = TLSv1.2+\n%scertificate = %s\nprivate_key = %s\n", at.Listen, wants, at.Pair.CertFile, at.Pair.KeyFile)
	}
	if err := os.WriteFile(k.tlsFile(), b.Bytes(), 0o644); err != nil {
		return fmt.Errorf("lab: write tls.cfg: %w", err)
	}
	return nil
}

func (k *Kamailio) file(name string) string { return filepath.Join(k.dir, name) }
func (k *Kamailio) tlsFile() string         { return k.file("tls.cfg") }
func (k *Kamailio) control() string         { return k.file("ctl") }

// Start starts the registrar again after Stop, with no registrations, and waits until it answers.
func (k *Kamailio) Start(ctx context.Context) error {
	k.start++
	name := fmt.Sprintf("%s-%d", k.cfg.Name, k.start)
	proc, err := k.ns.Start(Command{Name: name, Argv: []string{
		"kamailio", "-f", k.file("kamailio.cfg"), "-DD", "-E", "-w", k.dir, "-Y", k.dir, "-P", k.file("pid"), "-m", "64", "-M", "8"}})
	if err != nil {
		return err
	}
	k.proc = proc
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	return Poll(ctx, name+" ready", func() (bool, error) {
		select {
		case <-proc.Done():
			return false, fmt.Errorf("it has ended: %s", proc.Log.Since(0))
		default:
		}
		conn, err := k.ns.Dial(ctx, "tcp", k.cfg.Listen)
		if err != nil {
			return false, nil
		}
		return true, conn.Close()
	})
}

// Stop ends the registrar at once, as a crash would: connections die, registrations are forgotten.
func (k *Kamailio) Stop() { k.proc.Kill() }

// Log is the registrar's log of its present run. Each request is one line "lab: METHOD from TO code".
func (k *Kamailio) Log() *Log { return k.proc.Log }

// Bindings lists the contact URIs registered for a user.
func (k *Kamailio) Bindings(user string) ([]string, error) {
	out, err := exec.Command("kamcmd", "-s", "unix:"+k.control(), "ul.lookup", "location", "s:"+user).CombinedOutput()
	text := string(out)
	if strings.Contains(text, "AOR not found") {
		return nil, nil
	}
	if err != nil || strings.HasPrefix(text, "error") {
		return nil, fmt.Errorf("lab: ask for bindings of %s: %v: %s", user, err, strings.TrimSpace(text))
	}
	var uris []string
	for line := range strings.Lines(text) {
		if uri, ok := strings.CutPrefix(strings.TrimSpace(line), "Address: "); ok {
			uris = append(uris, uri)
		}
	}
	return uris, nil
}

// Tell has the registrar itself send a NOTIFY of an event package to a contact of a user, as those do that tell of waiting
// messages unasked.
func (k *Kamailio) Tell(user, contact, event, kind, body string) error {
	head := fmt.Sprintf("From: <sip:%s@%s>\r\nTo: <sip:%s@%s>\r\nEvent: %s\r\nSubscription-State: active\r\nContact: <sip:%s>\r\nContent-Type: %s\r\n",
		user, k.cfg.Domain, user, k.cfg.Domain, event, k.cfg.Listen, kind)
	out, err := exec.Command("kamcmd", "-s", "unix:"+k.control(), "tm.t_uac_start", "NOTIFY", contact, ".", ".", head, body).CombinedOutput()
	if err != nil || strings.HasPrefix(string(out), "error") {
		return fmt.Errorf("lab: have the registrar tell of %s: %v: %s", event, err, strings.TrimSpace(string(out)))
	}
	return nil
}

// RefuseRules has it take no more rules, and act on none.
func (k *Kamailio) RefuseRules() error {
	out, err := exec.Command("kamcmd", "-s", "unix:"+k.control(), "htable.seti", "rules", "refused", "1").CombinedOutput()
	if err != nil || strings.HasPrefix(string(out), "error") {
		return fmt.Errorf("lab: have the registrar refuse rules: %v: %s", err, strings.TrimSpace(string(out)))
	}
	return nil
}

// WaitBindings waits until a user has exactly n contacts registered, and gives them.
func (k *Kamailio) WaitBindings(ctx context.Context, user string, n int) (uris []string, err error) {
	err = Poll(ctx, fmt.Sprintf("registration of %s with %d contacts", user, n), func() (bool, error) {
		var err error
		uris, err = k.Bindings(user)
		return len(uris) == n, err
	})
	return uris, err
}

// Requests counts the requests of a method that named this user as their origin in this run.
func (k *Kamailio) Requests(method, user string) int {
	return strings.Count(k.Log().Since(0), fmt.Sprintf("lab: %s %s ", method, user))
}

// namespaces counts made namespaces, so that several of one program do not collide.
var namespaces atomic.Int32

// UniqueName makes a namespace or link name that no other run on this machine has.
func UniqueName(prefix string) string {
	return fmt.Sprintf("%s%d-%d", prefix, os.Getpid()%100000, namespaces.Add(1))
}

func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "; ")
}
