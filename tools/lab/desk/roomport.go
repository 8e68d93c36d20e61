package desk

import (
	"encoding/binary"
	"sync"

	"opendeskphone/tools/lab"
	"opendeskphone/tools/qemu"
)

// roomPort is a room around a phone in QEMU. What the speaker plays comes back to the microphone sample for sample, so
// that both go by the guest's clock, with what is said in the room.
type roomPort struct {
	room  *room
	heard chan []byte // from the speaker
	odd   []byte      // half a sample of it

	mu  sync.Mutex
	say []byte
}

func newRoomPort() *roomPort { return &roomPort{room: newRoom(), heard: make(chan []byte, 100)} }

// Write takes what the speaker plays, and never waits: what the microphone is seconds behind with is not heard.
func (r *roomPort) Write(b []byte) (int, error) {
	played := append(r.odd, b...)
	whole := len(played) &^ 1
	r.odd = append([]byte(nil), played[whole:]...)
	select {
	case r.heard <- played[:whole:whole]:
	default:
	}
	return len(b), nil
}

// tell has c said in the room, in place of what was.
func (r *roomPort) tell(c lab.Clip) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.say = c.At(qemu.Rate).PCM()
}

// run lets the microphone hear until the machine ends.
func (r *roomPort) run(m *qemu.Machine) {
	for {
		select {
		case played := <-r.heard:
			if _, err := m.Mic().Write(r.back(played)); err != nil {
				return // the machine has ended, which its user notices elsewhere
			}
		case <-m.Done():
			return
		}
	}
}

// back is what the microphone hears while played is.
func (r *roomPort) back(played []byte) []byte {
	spk := make([]int16, len(played)/2)
	mic := make([]int16, len(spk))
	r.mu.Lock()
	said := r.say[:min(len(played), len(r.say))]
	r.say = r.say[len(said):]
	r.mu.Unlock()
	for i := range spk {
		spk[i] = int16(binary.LittleEndian.Uint16(played[2*i:]))
	}
	for i := range len(said) / 2 {
		mic[i] = int16(binary.LittleEndian.Uint16(said[2*i:]))
	}
	r.room.echo(mic, spk)
	out := make([]byte, 0, len(played))
	for _, v := range mic {
		out = binary.LittleEndian.AppendUint16(out, uint16(v))
	}
	return out
}
