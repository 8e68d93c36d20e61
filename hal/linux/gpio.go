package linux

import (
	"fmt"
	"time"

	"periph.io/x/conn/v3/driver/driverreg"
	"periph.io/x/conn/v3/gpio"
	"periph.io/x/host/v3/gpioioctl"

	"opendeskphone/boards"
	"opendeskphone/hal"
)

const (
	// debounce is how long the hook switch must rest before its state counts: a handset bounces in
	// its cradle.
	debounce = 30 * time.Millisecond
	// edgeWait bounds the wait for an edge, so that Close is noticed.
	edgeWait = 500 * time.Millisecond
)

// line finds a GPIO line by its chip and offset.
func line(g boards.GPIO) (gpio.PinIO, error) {
	if len(gpioioctl.Chips) == 0 {
		// Only the driver of the kernel's GPIO device is linked in: none that pokes at memory.
		if _, err := driverreg.Init(); err != nil {
			return nil, fmt.Errorf("linux: GPIO: %w", err)
		}
	}
	for _, c := range gpioioctl.Chips {
		if c.Name() != g.Chip {
			continue
		}
		if l := c.ByNumber(g.Line); l != nil {
			return l, nil
		}
	}
	return nil, fmt.Errorf("linux: no GPIO line %d on %s", g.Line, g.Chip)
}

// watchHook delivers the hook switch of a board that has it on a GPIO line.
func (k *Keys) watchHook() {
	pin, err := line(k.board.Hook)
	if err == nil {
		err = watchSwitch(pin, k.board.Hook.ActiveLow, k.stop, func(on bool) {
			k.send(hal.KeyEvent{Key: hal.Hook, Pressed: on})
		})
	}
	if err != nil {
		k.log.Error("no hook switch", "err", err)
	}
}

// watchSwitch tells each settled change of a switch until stop; the switch counts as off at first.
func watchSwitch(pin gpio.PinIn, activeLow bool, stop <-chan struct{}, tell func(on bool)) error {
	pull := gpio.PullDown
	if activeLow {
		pull = gpio.PullUp
	}
	if err := pin.In(pull, gpio.BothEdges); err != nil {
		return fmt.Errorf("linux: GPIO line %s: %w", pin, err)
	}
	told := false
	for {
		if on := bool(pin.Read()) != activeLow; on != told {
			told = on
			tell(on)
		}
		if pin.WaitForEdge(edgeWait) {
			for pin.WaitForEdge(debounce) { // until it rests
			}
		}
		select {
		case <-stop:
			return nil
		default:
		}
	}
}

// lineLamp is a lamp on a GPIO line.
type lineLamp struct {
	pin       gpio.PinOut
	activeLow bool
}

func (l lineLamp) set(on bool) error {
	if err := l.pin.Out(gpio.Level(on != l.activeLow)); err != nil {
		return fmt.Errorf("linux: lamp on %s: %w", l.pin, err)
	}
	return nil
}
