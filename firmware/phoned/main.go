// Command phoned is the phone: it joins a board's hardware, its sound cards and the settings on the
// data partition to a device, and runs it. Init starts it, as a user of its own, and starts it again
// should it ever end.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"

	"opendeskphone/audio/codec"
	"opendeskphone/audio/codec/opus"
	"opendeskphone/audio/soundcard"
	"opendeskphone/boards"
	"opendeskphone/firmware/credentials"
	"opendeskphone/firmware/device"
	"opendeskphone/firmware/diag"
	"opendeskphone/firmware/lock"
	"opendeskphone/firmware/pairing"
	"opendeskphone/firmware/recording"
	"opendeskphone/firmware/settings"
	"opendeskphone/firmware/store"
	"opendeskphone/firmware/uplink"
	"opendeskphone/hal"
	"opendeskphone/hal/linux"
	"opendeskphone/sip/stack"
)

// version is set by the image's build.
var version = "development"

var cli struct {
	Data, Board, Check string
	Version            bool
}

const about = `The desk phone.

Reads settings.toml in the data folder (docs/SETTINGS.md has every key), opens the hardware that the board
names, registers its lines and is a phone until it is told to stop (SIGTERM). Logs go to standard error.
`

// parse reads the command line by the standard library: a parser that finds methods by their names, as the
// tools use, would have the linker keep every method there is, a fifth of the daemon's memory.
func parse() {
	flag.StringVar(&cli.Data, "data", "/data", "`folder` of settings, contacts, call log and flight records")
	flag.StringVar(&cli.Board, "board", "", "`name` of the board to run on; empty: the one the device tree names")
	flag.StringVar(&cli.Check, "check-settings", "", "check this settings `file`, name everything that is wrong with it, and end: 0 if nothing is, 1 otherwise")
	flag.BoolVar(&cli.Version, "version", false, "print the version and end")
	flag.Usage = func() {
		fmt.Fprint(flag.CommandLine.Output(), about)
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() > 0 {
		exit(fmt.Errorf("what is %q? --help tells what there is", flag.Arg(0)))
	}
}

func main() {
	parse()
	switch {
	case cli.Version:
		fmt.Println(version)
	case cli.Check != "":
		exit(settings.Check(cli.Check))
		fmt.Println(cli.Check, "is good")
	default:
		exit(run())
	}
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "phoned:", err)
		os.Exit(1)
	}
}

// processors of Go's scheduler, also where there are fewer real ones: one for each thread of the sound,
// and one for all the rest. The kernel knows the threads' ranks; Go does not, and on a single
// processor of its own would have the sound card wait for whatever else runs.
const processors = 4

func run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	runtime.GOMAXPROCS(max(processors, runtime.NumCPU()))
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	board, err := findBoard()
	if err != nil {
		return err
	}
	hardware := linux.Open(ctx, board, log)
	defer hardware.Close()
	saved := settings.Open(settings.Paths{User: filepath.Join(cli.Data, "settings.toml")}, log)
	if zone, err := time.LoadLocation(saved.File().Screen.TimeZone); err == nil {
		time.Local = zone // before anything asks for the time
	}
	hardware.Devices.OpenSound, hardware.Devices.Cleaned = soundOf(board, saved, log), board.Sound.Cleaned && !inRoom()
	hardware.Devices.OpenUSB = usbOf(board, log)
	if len(board.Modules.Stick) > 0 {
		hardware.Devices.Sticks = func(ctx context.Context) (<-chan hal.Stick, error) { return askForSticks(ctx, hal.StickSocket) }
	}
	changes, err := linux.WatchNetwork(ctx)
	if err != nil {
		log.Error("changes of the network will be noticed late", "err", err)
	}
	d, err := device.New(hardware.Devices, device.Options{
		DialPlan: filepath.Join(cli.Data, "dialplan.json"), Settings: saved, Store: store.Open(filepath.Join(cli.Data, "phone.db"), log),
		Pairings: pairing.OpenFile(filepath.Join(cli.Data, "pairings"), log), PIN: lock.OpenFile(filepath.Join(cli.Data, "lock"), log), Vault: credentials.Open(cli.Data, log), Recordings: recording.OpenShelves(filepath.Join(cli.Data, "recordings"), free, log), Reports: filepath.Join(cli.Data, "reports"), Recorder: diag.NewRecorder(),
		Codecs: append([]codec.Codec{opus.Codec}, codec.All()...), Network: stack.System{}, Version: version,
		Board: board.Name, Instance: instance(cli.Data, log), About: facts, NetChanged: changes,
		Crashes: filepath.Join(cli.Data, "crash"), Log: log,
	})
	if err != nil {
		return err
	}
	// The heap is small: memory is dearer than a few more collections, but for what starting up takes, which goes at once.
	debug.SetGCPercent(30)
	go milestones(ctx, d.Control())
	return d.Run(ctx)
}

func findBoard() (*boards.Board, error) {
	if cli.Board != "" {
		if b := boards.ByName(cli.Board); b != nil {
			return b, nil
		}
		return nil, fmt.Errorf("no board is called %q", cli.Board)
	}
	tree, err := os.ReadFile("/proc/device-tree/compatible")
	if err != nil {
		return nil, fmt.Errorf("this machine has no device tree; name a board with --board: %w", err)
	}
	names := strings.Split(strings.TrimRight(string(tree), "\x00"), "\x00")
	if b := boards.ByCompatible(names...); b != nil {
		return b, nil
	}
	return nil, fmt.Errorf("no board is known for this device tree %q", names)
}

// soundOf gives the way to the board's cards, or those that the settings name instead.
func soundOf(b *boards.Board, s *settings.Store, log *slog.Logger) func() (hal.Sound, error) {
	var system *soundcard.System
	return func() (hal.Sound, error) {
		if system == nil {
			var err error
			if system, err = soundcard.New(soundcard.ALSA); err != nil {
				return nil, err
			}
		}
		cfg := soundcard.Default()
		cfg.Playback, cfg.Capture = b.Sound.Speaker, b.Sound.Microphone
		if b.Sound.Period > 0 {
			cfg.Period, cfg.Periods, cfg.Reserve = b.Sound.Period, b.Sound.Periods, b.Sound.Reserve
		}
		if f := s.File().Sound; f.Playback != "" {
			cfg.Playback = f.Playback
		}
		if f := s.File().Sound; f.Capture != "" {
			cfg.Capture = f.Capture
		}
		card, err := system.Open(cfg)
		if err != nil {
			return nil, err
		}
		log.Info("sound", "speaker", cfg.Playback, "microphone", cfg.Capture)
		return card, nil
	}
}

// inRoom tells whether the phone in QEMU has a room for its microphone, in place of a browser's.
func inRoom() bool {
	words, _ := os.ReadFile("/proc/cmdline")
	return slices.Contains(strings.Fields(string(words)), "odp.room=1")
}

func facts() device.Facts {
	host, _ := os.Hostname()
	f := device.LocalFacts(host, func() int64 { return free(cli.Data) })
	f.Uplink = uplink.Read(uplink.File)
	return f
}

// free is how many bytes the disk of a folder has room for; negative: not known.
func free(dir string) int64 {
	var st syscall.Statfs_t
	if syscall.Statfs(dir, &st) != nil {
		return -1
	}
	return int64(st.Bavail) * int64(st.Bsize)
}
