package tpcp

// The params of the methods. Where a member may be left out its comment says what then holds; Act stands in
// every method that changes something.
type (
	// Act makes a request safe to repeat and to be late.
	Act struct {
		Idem  string `json:"idem,omitempty"`  // a UUID; the same again within 10 minutes gets the same answer, and nothing is done twice
		IfRev uint64 `json:"ifRev,omitempty"` // of the call; another revision now is CodeConflict. 0: any
	}
	// Terminal names a way of the voice.
	Terminal struct {
		Terminal string `json:"terminal,omitempty"`
	}
	// MakeParams are those of call.make.
	MakeParams struct {
		Act
		To             string    `json:"to"`
		LineID         string    `json:"lineId,omitempty"` // none: the phone's selected line
		LegA           *Terminal `json:"legA,omitempty"`   // none: handset if lifted, else hands-free
		Subject        string    `json:"subject,omitempty"`
		ConversationID string    `json:"conversationId,omitempty"`
		AutoOffHook    *bool     `json:"autoOffHook,omitempty"` // only true is served
		Withhold       bool      `json:"withhold,omitempty"`    // they are not told who calls
	}
	// CallParams are those of methods on one call.
	CallParams struct {
		Act
		CallID string `json:"callId"`
	}
	// HoldParams are those of call.hold.
	HoldParams struct {
		CallParams
		Private bool `json:"private,omitempty"` // of a shared line: no other phone may take the call
	}
	// AnswerParams are those of call.answer.
	AnswerParams struct {
		CallParams
		LegA *Terminal `json:"legA,omitempty"`
	}
	// RejectParams are those of call.reject.
	RejectParams struct {
		CallParams
		How string `json:"how,omitempty"` // busy (default), decline, silent, voicemail
	}
	// ToParams are those of call.deflect, call.transfer and call.consult.
	ToParams struct {
		CallParams
		To string `json:"to"`
	}
	// SwapParams are those of call.swap.
	SwapParams struct {
		Act
		HeldCallID   string `json:"heldCallId"`
		ActiveCallID string `json:"activeCallId"`
	}
	// CompleteParams are those of call.completeTransfer.
	CompleteParams struct {
		CallParams
		ConsultCallID string `json:"consultCallId"`
	}
	// ReconnectParams are those of call.reconnect.
	ReconnectParams struct {
		Act
		ConsultCallID string `json:"consultCallId"`
		HeldCallID    string `json:"heldCallId"`
	}
	// ConferenceParams are those of call.conference.
	ConferenceParams struct {
		Act
		CallIDs []string `json:"callIds"`
		Mode    string   `json:"mode,omitempty"` // local (default), focus
	}
	// ParticipantParams are those of call.addParticipant and call.dropParticipant.
	ParticipantParams struct {
		Act
		ConfID        string `json:"confId"`
		URI           string `json:"uri,omitempty"`
		ParticipantID string `json:"participantId,omitempty"`
	}
	// MuteParticipantParams are those of call.muteParticipant.
	MuteParticipantParams struct {
		Act
		ConfID        string `json:"confId"`
		ParticipantID string `json:"participantId"`
		On            bool   `json:"on"`
	}
	// DTMFParams are those of call.dtmf.
	DTMFParams struct {
		CallParams
		Digits string `json:"digits"`          // 0-9 * # A-D, at most 32
		DurMs  int    `json:"durMs,omitempty"` // 40 to 1000, default 100
		GapMs  int    `json:"gapMs,omitempty"` // 40 to 1000, default 70
	}
	// MuteParams are those of call.mute.
	MuteParams struct {
		Act
		CallID string `json:"callId,omitempty"` // none: the phone; it has one microphone
		On     bool   `json:"on"`
	}
	// LegAParams are those of call.legA.
	LegAParams struct {
		CallParams
		Terminal
	}
	// MoveParams are those of call.moveToPC.
	MoveParams struct {
		CallParams
		PCTarget string `json:"pcTarget"`
	}
	// PullParams are those of call.pullFromPC.
	PullParams struct {
		Act
		LineID   string   `json:"lineId,omitempty"` // none: the phone's selected line
		Replaces Replaces `json:"replaces"`
		Target   string   `json:"target"`
	}
	// Replaces names a dialog of another program (RFC 3891).
	Replaces struct {
		CallID  string `json:"callId"`
		FromTag string `json:"fromTag"`
		ToTag   string `json:"toTag"`
	}
	// NoteParams are those of call.note. The call may have ended.
	NoteParams struct {
		CallParams
		Text       string            `json:"text"` // at most 512 bytes
		ClientData map[string]string `json:"clientData,omitempty"`
	}
	// LineParams are those of methods on one line.
	LineParams struct {
		LineID string `json:"lineId"`
	}
	// VoicemailParams are those of voicemail.call.
	VoicemailParams struct {
		Act
		LineID string `json:"lineId,omitempty"` // of the mailbox; empty: the selected one
	}
	// VolumeParams are those of device.volume.set.
	VolumeParams struct {
		Act
		Terminal
		Level uint8 `json:"level"` // 0 to MaxVolume
	}
	// RingerParams are those of device.ringer.set.
	RingerParams struct {
		Act
		Level uint8 `json:"level"` // 0 (off) to MaxVolume
	}
	// SpeakerParams are those of device.speaker.
	SpeakerParams struct {
		Act
		On bool `json:"on"`
	}
	// PresenceParams are those of presence.set.
	PresenceParams struct {
		Presence string `json:"presence"`
		ForS     int    `json:"forS,omitempty"`
	}
	// PresenceResult is the answer: how the user is, as others may be told.
	PresenceResult struct {
		Presence string `json:"presence"`
	}
	// BacklightParams are those of device.backlight.
	BacklightParams struct {
		Act
		Percent int `json:"percent"` // 10 to 100
	}
	// LogParams are those of log.list.
	LogParams struct {
		Since *Time `json:"since,omitempty"` // calls that ended after
		Limit int   `json:"limit,omitempty"` // 1 to 100, default 50
		Skip  int   `json:"skip,omitempty"`  // of the newest, for the next page

		ConversationID string `json:"conversationId,omitempty"` // of this conversation alone
		Full           bool   `json:"full,omitempty"`           // with sound, so that the entries can be imported again
	}
	// LogAddParams are those of log.add.
	LogAddParams struct {
		Act
		LogID          string `json:"logId,omitempty"` // of an entry of this computer that has gone on; none: a new one
		ConversationID string `json:"conversationId,omitempty"`
		Mode           string `json:"mode"` // voice, video, im
		Dir            string `json:"dir"`
		URI            string `json:"uri,omitempty"`
		Number         string `json:"number,omitempty"`
		Display        string `json:"display,omitempty"`
		BeganAt        Time   `json:"beganAt"`
		AnsweredAt     *Time  `json:"answeredAt,omitempty"`
		EndedAt        Time   `json:"endedAt"`
		Cause          string `json:"cause,omitempty"`
		Note           string `json:"note,omitempty"`
	}
	// LogNoteParams are those of log.note.
	LogNoteParams struct {
		Act
		LogID string `json:"logId"`
		Text  string `json:"text"` // at most 512 bytes; empty: no note
	}
	// LogDeleteParams are those of log.delete.
	LogDeleteParams struct {
		Act
		LogIDs []string `json:"logIds"` // 1 to 100
	}
	// LogImportParams are those of log.import.
	LogImportParams struct {
		Act
		Calls []LogEntry `json:"calls"` // 1 to 100, as log.list gives them with full
	}
	// ContactsParams are those of contacts.list.
	ContactsParams struct {
		Limit int `json:"limit,omitempty"` // 1 to 100, default 50
		Skip  int `json:"skip,omitempty"`
	}
	// ContactParams are those of contacts.put.
	ContactParams struct {
		Act
		Contact Contact `json:"contact"`
	}
	// ContactIDParams are those of contacts.delete.
	ContactIDParams struct {
		Act
		ContactID string `json:"contactId"`
	}
	// StatsParams are those of diag.stats.
	StatsParams struct {
		CallID string `json:"callId,omitempty"` // none: all calls
	}
	// HostState are the params of lock.hostState: the computer's screen was locked or unlocked.
	HostState struct {
		State string `json:"state"` // locked, unlocked
		User  string `json:"user"`
		Ctr   uint64 `json:"ctr"` // strictly increasing
		At    Time   `json:"at"`
	}
	// CredParams are those of cred.install.
	CredParams struct {
		Act
		LineID string `json:"lineId,omitempty"` // none: the first
		User   string `json:"user"`
		Kind   string `json:"kind"`
		Sealed []byte `json:"sealed"` // base64
	}
	// CredLineParams are those of cred.clear.
	CredLineParams struct {
		Act
		LineID string `json:"lineId"`
	}
	// BootstrapParams are those of line.bootstrap: an account without its secret.
	BootstrapParams struct {
		Act
		AOR           string   `json:"aor"`
		Display       string   `json:"display,omitempty"`
		Registrar     []string `json:"registrar,omitempty"`
		Transport     string   `json:"transport,omitempty"` // udp, tcp, tls
		OutboundProxy string   `json:"outboundProxy,omitempty"`
	}
)

// The results of the methods.
type (
	// CallResult is that of the methods on a call.
	CallResult struct {
		Call Call `json:"call"`
	}
	// CallsResult is that of call.list.
	CallsResult struct {
		Calls []Call `json:"calls"`
	}
	// MWIResult is that of mwi.get.
	MWIResult struct {
		LineID string `json:"lineId"`
		MWI    *MWI   `json:"mwi,omitempty"` // none: the server has told nothing
	}
	// LinesResult is that of line.list.
	LinesResult struct {
		Lines []Line `json:"lines"`
	}
	// DeviceResult is that of the methods on the device.
	DeviceResult struct {
		Device Device `json:"device"`
	}
	// LogResult is that of log.list, newest first. More: there are older ones, ask with skip.
	LogResult struct {
		Calls []LogEntry `json:"calls"`
		Total int        `json:"total"`
		More  bool       `json:"more"`
	}
	// LogIDResult is that of log.add and log.note.
	LogIDResult struct {
		LogID string `json:"logId"`
	}
	// LogDeleted is the result of log.delete.
	LogDeleted struct {
		Deleted int `json:"deleted"`
	}
	// LogImported is the result of log.import. Known ones were in the log already, and are as they were.
	LogImported struct {
		Added int `json:"added"`
		Known int `json:"known"`
	}
	// LogEntry is a call of the log.
	LogEntry struct {
		LogID          string `json:"logId"`
		LineID         string `json:"lineId"`
		Dir            string `json:"dir"`
		URI            string `json:"uri"`
		Number         string `json:"number,omitempty"`
		Display        string `json:"display,omitempty"`
		BeganAt        Time   `json:"beganAt"`
		AnsweredAt     *Time  `json:"answeredAt,omitempty"`
		EndedAt        Time   `json:"endedAt"`
		Cause          string `json:"cause"`
		Reason         string `json:"reason,omitempty"` // words of the network
		Outcome        string `json:"outcome"`
		Missed         bool   `json:"missed"`
		ForwardedBy    *Party `json:"forwardedBy,omitempty"`
		ForwardedTo    *Party `json:"forwardedTo,omitempty"`
		Withheld       bool   `json:"withheld,omitempty"`
		Verified       string `json:"verified"`
		Attest         string `json:"attest,omitempty"`
		Doubt          string `json:"doubt,omitempty"`
		ConversationID string `json:"conversationId,omitempty"`
		Note           string `json:"note,omitempty"`
		Mode           string `json:"mode"`         // voice, video, im
		PC             string `json:"pc,omitempty"` // the computer that told of it; none: it was on the phone
		Sound          string `json:"sound,omitempty"`

		MOS   float64 `json:"mosLq,omitempty"` // mean of the call
		Fault string  `json:"fault,omitempty"`
	}
	// ContactsResult is that of contacts.list, by name.
	ContactsResult struct {
		Contacts []Contact `json:"contacts"`
		Total    int       `json:"total"`
		More     bool      `json:"more"`
	}
	// Contact is an entry of the phone's address book.
	Contact struct {
		ContactID    string   `json:"contactId,omitempty"` // none: a new one
		Name         string   `json:"name,omitempty"`
		Organisation string   `json:"organisation,omitempty"`
		Favourite    bool     `json:"favourite,omitempty"`
		Numbers      []Number `json:"numbers,omitempty"`
	}
	// Number is one way to reach a contact.
	Number struct {
		Kind  string `json:"kind"` // mobile, work, home, sip, other
		Value string `json:"value"`
	}
	// ContactResult is that of contacts.put.
	ContactResult struct {
		ContactID string `json:"contactId"`
	}
	// StatsResult is that of diag.stats.
	StatsResult struct {
		Calls []Stats `json:"calls"`
	}
	// Stats is how a call sounds.
	Stats struct {
		CallID      string  `json:"callId"`
		Codec       string  `json:"codec,omitempty"`
		Suite       string  `json:"suite,omitempty"` // of SRTP
		Sent        uint64  `json:"sent"`            // packets
		Received    uint64  `json:"received"`
		LossPercent float64 `json:"lossPercent"`
		JitterMs    float64 `json:"jitterMs"`
		RTTMs       float64 `json:"rttMs"`
		DelayMs     float64 `json:"delayMs"` // mouth to ear as far as known
		MOS         float64 `json:"mosLq"`   // of the last second; 0: nothing was heard

		ConversationalMOS float64 `json:"mosCq"`
		FarLossPercent    float64 `json:"farLossPercent"` // these three as the far side reports of our voice
		FarJitterMs       float64 `json:"farJitterMs"`
		FarMOS            float64 `json:"farMosLq,omitempty"` // if it sends RFC 3611 metrics
		Fault             string  `json:"fault,omitempty"`    // where it lies, see docs/TPCP.md; "" before a verdict
	}
	// CredCapabilities is the result of cred.capabilities.
	CredCapabilities struct {
		Kinds   []string `json:"kinds"`
		SealKey SealKey  `json:"sealKey"`
		User    string   `json:"user,omitempty"` // signed in now
	}
	// SealKey is the phone's HPKE key (RFC 9180).
	SealKey struct {
		KEM string `json:"kem"` // DHKEM-X25519
		Pub []byte `json:"pub"` // base64
	}
	// CredStatus is the result of cred.status. Kind is empty where nothing is installed.
	CredStatus struct {
		LineID      string `json:"lineId"`
		Kind        string `json:"kind"`
		User        string `json:"user,omitempty"`
		Realm       string `json:"realm,omitempty"`
		InstalledAt *Time  `json:"installedAt,omitempty"`
		LastResult  string `json:"lastResult"` // the line's state
	}
	// Pong is the result of ping.
	Pong struct {
		T Time `json:"t"`
	}
)
