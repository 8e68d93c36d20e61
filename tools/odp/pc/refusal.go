package pc

// Kind says what stands in the way, so that a command can tell it by its exit code.
type Kind string

// The kinds.
const (
	Usage        Kind = "usage"        // what was asked for makes no sense
	NoPhone      Kind = "noPhone"      // none is plugged in, and none is known
	NoPermission Kind = "noPermission" // the udev rule is missing
	NotPaired    Kind = "notPaired"
	Unreachable  Kind = "unreachable" // it is known, but neither cable nor network leads to it
	ByPhone      Kind = "phone"       // the phone said no
)

// Refusal is what could not be done, in words for people.
type Refusal struct {
	Kind  Kind   `json:"kind"`
	Words string `json:"message"`
	Hint  string `json:"hint,omitempty"` // what the user can do about it
	Code  int    `json:"code,omitempty"` // TPCP's, for ByPhone
}

// Error gives the words.
func (r *Refusal) Error() string { return r.Words }
