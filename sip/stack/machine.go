package stack

// The four transaction state machines of RFC 3261 §17 with the corrections of
// RFC 6026, as tables: (state, event) -> (state, actions). They know no time,
// no socket and no message; run.go carries their actions out.
//
//	INVITE client        calling -> proceeding -> accepted | completed -> terminated
//	non-INVITE client    trying  -> proceeding -> completed -> terminated
//	INVITE server        proceeding -> accepted | completed -> confirmed -> terminated
//	non-INVITE server    trying  -> proceeding -> completed -> terminated

type state uint8

const (
	idle state = iota // before the first event
	calling
	trying
	proceeding
	accepted
	completed
	confirmed
	terminated
	states // how many there are
)

var stateNames = [...]string{
	idle: "idle", calling: "calling", trying: "trying", proceeding: "proceeding", accepted: "accepted",
	completed: "completed", confirmed: "confirmed", terminated: "terminated",
}

func (s state) String() string { return stateNames[s] }

type event uint8

const (
	begin     event = iota // the request was given to us, or came in
	provision              // 1xx, from the net or from the user agent
	success                // 2xx
	failure                // 3xx-6xx
	repeat                 // the same request again
	ack                    // an ACK that belongs here
	cancelled              // CANCEL was sent for this INVITE
	retry                  // timer A, E or G
	timeout                // timer B, F or H
	linger                 // timer D, I, J, K, L or M
	quiet                  // 200 ms without an answer by the user agent
	broken                 // the transport failed
	events                 // how many there are
)

type action uint8

const (
	send       action = iota // the request, or the latest response
	sendAck                  // the ACK to a failure
	sendTrying               // 100
	pass                     // message up to the user agent
	failTime                 // tell the user agent: no answer
	failNet                  // tell the user agent: transport
	startRetry               // first interval T1 (timers A, E, G; unreliable only, G always)
	again                    // interval doubled (timer A)
	againT2                  // interval doubled, at most T2 (timers E, G)
	onlyT2                   // interval T2 (timer E in proceeding)
	stopRetry
	startTimeout // 64*T1 (timers B, F, H)
	stopTimeout
	startQuiet // 200 ms (§17.2.1)
	stopQuiet
	lingerD // 64*T1, at least 32 s; reliable: none
	lingerI // T4; reliable: none
	lingerJ // 64*T1; reliable: none
	lingerK // T4; reliable: none
	lingerL // 64*T1 on every transport (RFC 6026 §7.1)
	lingerM // 64*T1 on every transport (RFC 6026 §7.2)
)

type on struct {
	state state
	event event
}

type step struct {
	to state
	do []action
}

type machine map[on]step

// next is the whole semantics: what no row names changes nothing.
func (m machine) next(s state, e event) (state, []action, bool) {
	if st, ok := m[on{s, e}]; ok {
		return st.to, st.do, true
	}
	return s, nil, false
}

// RFC 3261 figure 5 with RFC 6026 figure 1.
var inviteClient = machine{
	{idle, begin}:  {calling, []action{startRetry, startTimeout, send}},
	{idle, broken}: {terminated, []action{failNet}}, // there was no way to send it at all

	{calling, retry}:     {calling, []action{again, send}},
	{calling, timeout}:   {terminated, []action{failTime}},
	{calling, broken}:    {terminated, []action{failNet}},
	{calling, provision}: {proceeding, []action{stopRetry, stopTimeout, pass}},
	{calling, success}:   {accepted, []action{stopRetry, stopTimeout, lingerM, pass}},
	{calling, failure}:   {completed, []action{stopRetry, stopTimeout, lingerD, sendAck, pass}},

	{proceeding, provision}: {proceeding, []action{pass}},
	{proceeding, success}:   {accepted, []action{stopTimeout, lingerM, pass}},
	{proceeding, failure}:   {completed, []action{stopTimeout, lingerD, sendAck, pass}},
	{proceeding, cancelled}: {proceeding, []action{startTimeout}}, // §9.1: give up 64*T1 after CANCEL
	{proceeding, timeout}:   {terminated, []action{failTime}},
	{proceeding, broken}:    {terminated, []action{failNet}},

	{accepted, success}: {accepted, []action{pass}},
	{accepted, linger}:  {terminated, nil},

	{completed, failure}: {completed, []action{sendAck}},
	{completed, linger}:  {terminated, nil},
	{completed, broken}:  {terminated, nil}, // the answer is known already; only the ACK is lost
}

// RFC 3261 figure 6.
var requestClient = machine{
	{idle, begin}:  {trying, []action{startRetry, startTimeout, send}},
	{idle, broken}: {terminated, []action{failNet}},

	{trying, retry}:     {trying, []action{againT2, send}},
	{trying, timeout}:   {terminated, []action{failTime}},
	{trying, broken}:    {terminated, []action{failNet}},
	{trying, provision}: {proceeding, []action{pass}},
	{trying, success}:   {completed, []action{stopRetry, stopTimeout, lingerK, pass}},
	{trying, failure}:   {completed, []action{stopRetry, stopTimeout, lingerK, pass}},

	{proceeding, retry}:     {proceeding, []action{onlyT2, send}},
	{proceeding, timeout}:   {terminated, []action{failTime}},
	{proceeding, broken}:    {terminated, []action{failNet}},
	{proceeding, provision}: {proceeding, []action{pass}},
	{proceeding, success}:   {completed, []action{stopRetry, stopTimeout, lingerK, pass}},
	{proceeding, failure}:   {completed, []action{stopRetry, stopTimeout, lingerK, pass}},

	{completed, linger}: {terminated, nil},
	{completed, broken}: {terminated, nil},
}

// RFC 3261 figure 7 with RFC 6026 figure 3.
var inviteServer = machine{
	{idle, begin}: {proceeding, []action{startQuiet, pass}},

	{proceeding, quiet}:     {proceeding, []action{sendTrying}},
	{proceeding, repeat}:    {proceeding, []action{send}},
	{proceeding, provision}: {proceeding, []action{stopQuiet, send}},
	{proceeding, success}:   {accepted, []action{stopQuiet, lingerL, send}},
	{proceeding, failure}:   {completed, []action{stopQuiet, startRetry, startTimeout, send}},

	{accepted, success}: {accepted, []action{send}}, // the user agent repeats its 2xx
	{accepted, ack}:     {accepted, []action{pass}},
	{accepted, broken}:  {accepted, []action{failNet}},
	{accepted, linger}:  {terminated, nil},

	{completed, repeat}:  {completed, []action{send}},
	{completed, retry}:   {completed, []action{againT2, send}},
	{completed, timeout}: {terminated, []action{failTime}},
	{completed, broken}:  {terminated, []action{failNet}},
	{completed, ack}:     {confirmed, []action{stopRetry, stopTimeout, lingerI}},

	{confirmed, linger}: {terminated, nil},
}

// RFC 3261 figure 8. Timer F bounds a user agent that never answers: after
// 64*T1 nobody waits for it any more (RFC 4320 §4.2).
var requestServer = machine{
	{idle, begin}: {trying, []action{startTimeout, pass}},

	{trying, timeout}:   {terminated, nil},
	{trying, provision}: {proceeding, []action{send}},
	{trying, success}:   {completed, []action{stopTimeout, lingerJ, send}},
	{trying, failure}:   {completed, []action{stopTimeout, lingerJ, send}},

	{proceeding, timeout}:   {terminated, nil},
	{proceeding, repeat}:    {proceeding, []action{send}},
	{proceeding, provision}: {proceeding, []action{send}},
	{proceeding, success}:   {completed, []action{stopTimeout, lingerJ, send}},
	{proceeding, failure}:   {completed, []action{stopTimeout, lingerJ, send}},
	{proceeding, broken}:    {terminated, []action{failNet}},

	{completed, repeat}: {completed, []action{send}},
	{completed, linger}: {terminated, nil},
	{completed, broken}: {terminated, []action{failNet}},
}
