package tpcp

import "encoding/json"

// Topics are what a controller may subscribe to.
var Topics = []string{"call", "line", "device", "presence", "lock", "log", "contacts"}

// The names of the notifications.
const (
	NotifyHello         = "hello"
	NotifyPing          = "ping"
	NotifyBye           = "bye"
	NotifyResync        = "resync"
	NotifySessionRights = "session.rights"
	NotifyCallOffered   = "call.offered"
	NotifyCallChanged   = "call.changed"
	NotifyCallEnded     = "call.ended"
	NotifyCallDTMF      = "call.dtmf"
	NotifyLineChanged   = "line.changed"
	NotifyDeviceChanged = "device.changed"
	NotifyLockChanged   = "lock.changed"
	NotifyCredChanged   = "cred.changed"
	NotifyLogChanged    = "log.changed"        // read it anew
	NotifyContacts      = "contacts.changed"   // read them anew
	NotifyAppearance    = "appearance.changed" // read them anew
	NotifyPresence      = "presence.changed"   // read them anew
)

// Stamp stands in every notification but hello and ping. Seq grows by at least 1 with each event of one
// life of the phone (BootID); notifications about the leg itself carry the number of the last event.
type Stamp struct {
	Seq    uint64 `json:"seq"`
	BootID string `json:"bootId"`
	At     Time   `json:"at"`
	By     string `json:"by"` // local, controller:<id>, remote, server, system
}

// The bodies of the notifications.
type (
	// CallOffered: somebody calls.
	CallOffered struct {
		Stamp
		Call Call `json:"call"`
	}
	// CallChanged: a call is new or other than it was.
	CallChanged struct {
		Stamp
		Call  Call   `json:"call"`
		Prev  string `json:"prev"` // state before
		Cause string `json:"cause,omitempty"`
	}
	// CallEnded: a call is over. DurationMs counts from the answer, 0 without one.
	CallEnded struct {
		Stamp
		CallID         string `json:"callId"`
		Prev           string `json:"prev"`
		Cause          string `json:"cause"`
		Reason         string `json:"reason,omitempty"`
		DurationMs     int64  `json:"durationMs"`
		ConversationID string `json:"conversationId,omitempty"`
		Stats          *Stats `json:"stats,omitempty"` // if the phone has them
	}
	// DTMFHeard: the far side pressed a key.
	DTMFHeard struct {
		Stamp
		CallID string `json:"callId"`
		Digit  string `json:"digit"`
	}
	// LineChanged: a registration came, went or failed.
	LineChanged struct {
		Stamp
		Line
	}
	// DeviceChanged: hook, terminal, mute, volumes, ...
	DeviceChanged struct {
		Stamp
		Device
	}
	// LockChanged: the phone was locked or unlocked.
	LockChanged struct {
		Stamp
		LockState
	}
	// SessionRights: the controller may do more or less than before.
	SessionRights struct {
		Stamp
		Rights   Rights `json:"rights"`
		Attached bool   `json:"attached"`
	}
	// Resync: notifications were lost, the controller read too slowly; this is the phone now.
	Resync struct {
		Stamp
		Snapshot Snapshot `json:"snapshot"`
	}
	// Bye is the last frame of a leg.
	Bye struct {
		Stamp
		Reason string `json:"reason"` // replaced, unpaired, shutdown, protocol, timeout
		Detail string `json:"detail,omitempty"`
	}
	// CredChanged: the sign-in data of a line were installed, cleared or rejected.
	CredChanged struct {
		Stamp
		LineID string `json:"lineId"`
		State  string `json:"state"` // installed, cleared, rejected
	}
)

// Notification is a notification as a controller receives it.
type Notification struct {
	Name string
	Stamp
	Params json.RawMessage
}

// Decode reads the body into one of the types above.
func (n Notification) Decode(body any) error { return json.Unmarshal(n.Params, body) }
