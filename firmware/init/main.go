// Command init is the phone's first process. It brings up the machine (modules, system disk, data
// partition, network, clock), starts the phone daemon under its own user, starts it again when it
// ends, and shuts the machine down in order. It runs from the initramfs and stays there.
//
//	modules "boot" -> system disk -> data partition -> modules "net" -> network, clock (beside)
//	               -> modules "panel" -> phoned (beside) -> modules "sound" -> helpers (beside)
//	               -> modules "plug", while nobody else wants the processor
//	phoned asks for its USB port -> modules "usb" -> gadget
//	phoned asks for USB sticks -> modules "stick" -> the stick's folder
//
// Each milestone is one line on the console, `odp: init: data mounted 1.93`, the number being the
// seconds since the kernel started.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"opendeskphone/boards"
	"opendeskphone/firmware/lldp"
)

func main() {
	if os.Getpid() != 1 {
		fmt.Fprintln(os.Stderr, "init: not the first process; nothing to do")
		os.Exit(2)
	}
	m := &machine{con: &console{w: os.Stderr}}
	how := m.run()
	m.con.milestone("shut down")
	stopMachine(how)
}

// machine is the phone's hardware and system software while init runs.
type machine struct {
	con     *console
	log     *slog.Logger
	board   *boards.Board
	early   *moduleLoader // of the initramfs
	modules *moduleLoader // of the system disk
	reaper  *reaper
	out     *output
	release release
	debug   bool
}

// run brings everything up and returns when the machine is to stop.
func (m *machine) run() ending {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if err := m.bootDisks(); err != nil {
		// Without its system there is no phone: say why, and let the next start try again.
		m.con.printf("cannot start: %v", err)
		time.Sleep(5 * time.Second)
		return endReboot
	}
	m.out = &output{dir: logDir, log: newCappedLog(logDir, "phone.log"), con: m.con, all: m.debug}
	m.log = slog.New(slog.NewTextHandler(m.out.log, nil))
	m.log.Info("started", "version", m.release.version, "board", m.board.Name, "uptime", uptime())
	var work sync.WaitGroup
	defer work.Wait()
	defer cancel()
	disks := make(chan struct{}, 1)
	work.Go(func() { watchDevices(ctx, disks, m.log) })
	m.load(m.early, "net")
	n := newNetwork(m.board.NIC, lldp.Phone{Maker: "Open Desk Phone", Model: m.board.Name, Version: m.release.version}, m.con, m.log)
	c := newClock(m.release.built, m.con, m.log)
	work.Go(func() { n.Run(ctx, c.SetServers) })
	work.Go(func() { c.Run(ctx) })
	m.load(m.early, "panel")
	m.early.Free()
	end := make(chan ending, 8)
	watchPowerKey(end)
	ready := make(chan struct{})
	m.serve(ctx, &work, ready, disks)
	allowUrgency()
	m.start(ctx, &work, end, "phoned")
	if m.debug {
		work.Go(func() { runShell(ctx, m.reaper) })
	}
	m.load(m.modules, "sound")
	m.start(ctx, &work, end, m.board.Helpers...)
	unhurried(func() { m.load(m.modules, "plug") })
	m.con.milestone("devices ready")
	close(ready)
	return m.waitForEnd(end)
}

// bootDisks does what must come first and one after the other: kernel file systems, the modules of
// the system disk, the system itself, the data partition.
func (m *machine) bootDisks() error {
	if err := mountKernel(); err != nil {
		return err
	}
	m.con.milestone("up")
	m.debug = hasWord(readLine("/proc/cmdline"), "odp.debug=1")
	m.board = boards.ByCompatible(strings.Split(readLine("/proc/device-tree/compatible"), "\x00")...)
	if m.board == nil {
		return fmt.Errorf("init: no board for device tree %q", readLine("/proc/device-tree/compatible"))
	}
	var err error
	if m.early, err = openModules(earlyModules); err != nil {
		return err
	}
	m.load(m.early, "boot")
	if err := mountRoot(m.board.Root); err != nil {
		return err
	}
	m.con.milestone("system mounted")
	if m.modules, err = openModules(laterModules); err != nil {
		return err
	}
	m.release = readRelease("/etc/os-release")
	m.reaper = newReaper()
	startClock(m.release.built)
	if err := mountData(m.board.Data, m.reaper, m.con); err != nil {
		m.con.printf("no data partition: %v", err) // the phone works, but forgets
	}
	startClock(readStamp(clockFile))
	if err := layOutData(); err != nil {
		m.con.printf("data partition: %v", err) // a full one leaves us without a log, not without a phone
	}
	return nil
}

// load loads a group of modules; a module that fails costs its device, not the phone.
func (m *machine) load(from *moduleLoader, group string) {
	for _, err := range from.Load(group) {
		m.con.printf("%v", err)
	}
	m.con.milestone("modules " + group)
}

// serve has the daemon served with what it asks for, once the devices are ready.
func (m *machine) serve(ctx context.Context, work *sync.WaitGroup, ready <-chan struct{}, disks <-chan struct{}) {
	if m.board.USB.Vendor != 0 {
		work.Go(func() { m.serveUSB(ctx, ready) })
	}
	if len(m.board.Modules.Stick) > 0 {
		work.Go(func() { m.serveSticks(ctx, ready, disks) })
	}
}

// start starts daemons and keeps them running.
func (m *machine) start(ctx context.Context, work *sync.WaitGroup, end chan<- ending, names ...string) {
	env := []string{"PATH=/usr/bin", "HOME=/data", "ODP_DATA=/data", "ODP_BOARD=" + m.board.Name}
	for _, name := range names {
		s := &service{name: name, path: filepath.Join("/usr/bin", name), env: env, reaper: m.reaper,
			out: m.out, con: m.con, log: m.log}
		work.Go(func() {
			if how := s.Run(ctx); how != endNone {
				end <- how
			}
		})
	}
}

// unhurried does work for which nobody waits, on a thread that gets a processor when nobody else wants one: the phone
// registers meanwhile.
func unhurried(work func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // never unlocked: the thread ends with this goroutine
		const last = 19        // nice value; getpriority(2)
		_ = unix.Setpriority(unix.PRIO_PROCESS, 0, last)
		work()
	}()
	<-done
}

// waitForEnd waits for a signal (Ctrl-Alt-Del sends one, too), the power key or the phone's own wish.
func (m *machine) waitForEnd(end chan ending) ending {
	unix.Reboot(unix.LINUX_REBOOT_CMD_CAD_OFF) // make Ctrl-Alt-Del a signal to us
	sig := make(chan os.Signal, 1)
	signal.Notify(sig, unix.SIGINT, unix.SIGTERM, unix.SIGUSR2)
	select {
	case s := <-sig:
		if s == unix.SIGUSR2 {
			return endPowerOff
		}
		return endReboot
	case how := <-end:
		return how
	}
}

// release is what the image says about itself.
type release struct {
	version string
	built   time.Time
}

func readRelease(file string) release {
	var r release
	data, err := os.ReadFile(file)
	if err != nil {
		return r
	}
	for line := range strings.Lines(string(data)) {
		key, v, _ := strings.Cut(strings.TrimSpace(line), "=")
		switch key {
		case "VERSION":
			r.version = strings.Trim(v, `"`)
		case "BUILD_EPOCH":
			if n, err := strconv.ParseInt(v, 10, 64); err == nil {
				r.built = time.Unix(n, 0)
			}
		}
	}
	return r
}

func readLine(file string) string {
	data, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	return strings.TrimRight(string(data), "\n\x00")
}

func hasWord(line, word string) bool {
	for f := range strings.FieldsSeq(line) {
		if f == word {
			return true
		}
	}
	return false
}
