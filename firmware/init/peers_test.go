package main

import (
	"context"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"opendeskphone/firmware/lldp"
	"opendeskphone/tools/lab"
)

// aloneEnv makes the test program the phone's network and nothing else: what init is on the phone.
const aloneEnv = "ODP_NETWORK_ALONE"

func TestMain(m *testing.M) {
	if os.Getenv(aloneEnv) == "" {
		os.Exit(m.Run())
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	n := newNetwork("eth0", lldp.Phone{Maker: "Open Desk Phone", Model: "test", Version: "1.0"}, &console{w: os.Stderr}, log)
	n.Run(ctx, func(servers []string) { log.Info("time servers", "servers", servers) })
}

// office is a switch with lldpd and a DHCP server, and a phone plugged into it.
type office struct {
	t    *testing.T
	ctx  context.Context
	lan  *lab.LAN
	host *lab.Namespace // of the phone
	mac  string
	port string // of the switch
	sock string // of lldpd
}

// switchSays is the configuration of lldpd.
const switchSays = `configure system hostname "desk-switch"
configure lldp portidsubtype local "Gi1/0/7" description "desk 7"
configure med policy application voice vlan 60 priority voice dscp 34
`

// startOffice starts both; options are dnsmasq's.
func startOffice(t *testing.T, options ...string) *office {
	t.Helper()
	if testing.Short() {
		t.Skip("short: switch and DHCP server want root")
	}
	if err := lab.Require("ip", "lldpd", "dnsmasq", "tshark"); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, d := range []string{dir, filepath.Dir(dir)} { // lldpd's part without rights comes here, too
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	lan, err := lab.NewLAN(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := lan.Close(); err != nil {
			t.Error(err)
		}
	})
	host, err := lan.Host("phone", 2)
	if err != nil {
		t.Fatal(err)
	}
	o := &office{t: t, ctx: ctx, lan: lan, host: host, port: "p-" + host.Name(), sock: filepath.Join(dir, "lldpd.sock")}
	o.must(host.IP("addr", "flush", "dev", "eth0", "scope", "global"))
	o.must(host.Do(func() error {
		link, err := net.InterfaceByName("eth0")
		if err == nil {
			o.mac = link.HardwareAddr.String()
		}
		return err
	}))
	config := filepath.Join(dir, "lldpd.conf")
	o.must(os.WriteFile(config, []byte(switchSays), 0o644))
	o.start(lan.Core, "dnsmasq", "DHCP, IP range", nil, append([]string{"dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--log-facility=-", "--log-dhcp",
		"--interface=" + lab.LANDevice, "--bind-interfaces", "--no-ping", "--dhcp-leasefile=" + filepath.Join(dir, "leases"), "--dhcp-range=10.77.0.100,10.77.0.150,1h"}, options...)...)
	o.start(lan.Core, "lldpd", "should resume operations", nil, "lldpd", "-d", "-u", o.sock, "-I", o.port, "-M", "4", "-O", config)
	return o
}

func (o *office) must(err error) {
	o.t.Helper()
	if err != nil {
		o.t.Fatal(err)
	}
}

func (o *office) start(in *lab.Namespace, name, until string, env []string, argv ...string) *lab.Process {
	o.t.Helper()
	p, err := in.Start(lab.Command{Name: name, Argv: argv, Env: env})
	o.must(err)
	o.says(p, until)
	return p
}

// says waits until a program has said something.
func (o *office) says(p *lab.Process, text string) {
	o.t.Helper()
	re := regexp.MustCompile(text)
	if err := p.Log.WaitFor(o.ctx, 0, re.MatchString); err != nil {
		o.t.Fatalf("nothing like %q: %v\n%s", text, err, p.Log.Since(0))
	}
}

// phone starts the phone's network in a machine of its own, as far as names and files of the system go.
func (o *office) phone(until string) *lab.Process {
	o.t.Helper()
	return o.start(o.host, "phone", until, []string{aloneEnv + "=1"},
		"unshare", "--uts", "--mount", "sh", "-c", `mount -t tmpfs none /run && exec "$0"`, os.Args[0])
}

// lldpcli asks or orders the switch.
func (o *office) lldpcli(args ...string) string {
	o.t.Helper()
	out, err := exec.CommandContext(o.ctx, "lldpcli", append([]string{"-u", o.sock}, args...)...).CombinedOutput()
	if err != nil {
		o.t.Fatalf("lldpcli %q: %v: %s", args, err, out)
	}
	return string(out)
}

// sees waits until the switch sees all this of the phone.
func (o *office) sees(wants ...string) {
	o.t.Helper()
	for again := time.Tick(100 * time.Millisecond); ; {
		seen := o.lldpcli("-f", "keyvalue", "show", "neighbors", "details")
		missing := slices.DeleteFunc(slices.Clone(wants), func(w string) bool { return strings.Contains(seen, w) })
		if len(missing) == 0 {
			return
		}
		select {
		case <-again:
		case <-o.ctx.Done():
			o.t.Fatalf("the switch does not see %q in\n%s", missing, seen)
		}
	}
}

// TestSwitchAndPhone: lldpd is the switch. Both see each other, the phone follows when the switch has another opinion,
// and says good-bye. The DHCP server knows a phone by its class, and has a time server for phones alone. tshark judges the
// phone's frames.
func TestSwitchAndPhone(t *testing.T) {
	o := startOffice(t, "--dhcp-vendorclass=set:phone,Open Desk Phone", "--dhcp-option=option:ntp-server,10.77.0.8", "--dhcp-option=tag:phone,option:ntp-server,10.77.0.9")
	shark, err := lab.StartShark(o.ctx, o.lan.Core, o.port, "ether proto 0x88cc or udp port 67 or udp port 68", filepath.Join(t.TempDir(), "pcap"))
	o.must(err)
	phone := o.phone(`"switch\\":\\"desk-switch\\",\\"port\\":\\"desk 7\\",\\"dscp\\":34`)
	o.says(phone, `msg=address nic=eth0 address=10\.77\.0\.1`)
	o.says(phone, `msg="time servers" servers=\[10\.77\.0\.9\]`)
	o.sees("chassis.mac="+o.mac, "chassis.name=odp-", "chassis.Tel.enabled=on", "lldp-med.device-type=Communication Device Endpoint (Class III)",
		"lldp-med.policy.apptype=Voice", "lldp-med.policy.dscp=34", "lldp-med.inventory.manufacturer=Open Desk Phone", "lldp-med.inventory.software=1.0")
	o.lldpcli("configure", "med", "policy", "application", "voice", "vlan", "60", "priority", "voice", "dscp", "40")
	o.says(phone, `"dscp\\":40`)
	o.sees("lldp-med.policy.dscp=40")
	o.must(phone.Signal(syscall.SIGTERM))
	o.must(phone.Wait(o.ctx))
	if seen := o.lldpcli("-f", "keyvalue", "show", "neighbors"); strings.Contains(seen, o.mac) {
		t.Errorf("the switch still sees\n%s", seen)
	}
	o.must(shark.Close(o.ctx))
	rows, err := lab.SharkFields(o.ctx, shark.File, "lldp && eth.src == "+o.mac, "lldp.time_to_live", "lldp.media.app_type", "lldp.media.dscp", "_ws.malformed", "_ws.expert.message")
	o.must(err)
	if len(rows) < 2 || rows[0][0] != "121" || rows[0][1] != "1" {
		t.Errorf("frames by tshark: %q", rows)
	}
	for _, r := range rows {
		if r[3] != "" || r[4] != "" {
			t.Errorf("tshark complains: %q", r)
		}
	}
}
