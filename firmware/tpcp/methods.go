package tpcp

// noPart is why some methods are not served.
const noPart = "this phone has no such part"

// methods is the table of all methods. One without do is part of the protocol, but not served by this phone.
var methods = map[string]method{
	"session.open":  {flags: early, do: on(open)},
	"session.close": {flags: early, do: shut},
	"ping":          {flags: early, do: ping},

	"call.make":             {right: Control, flags: act, do: on(callMake)},
	"call.answer":           {right: Control, flags: act | onCall, do: on(callAnswer)},
	"call.reject":           {right: Control, flags: act | onCall, do: on(callReject)},
	"call.deflect":          {right: Control, flags: act | onCall, do: on(callDeflect)},
	"call.hangup":           {right: Control, flags: act | onCall, do: on(callHangup)},
	"call.hold":             {right: Control, flags: act | onCall, do: on(callHold)},
	"call.resume":           {right: Control, flags: act | onCall, do: on(callResume)},
	"call.swap":             {right: Control, flags: act, do: on(callSwap)},
	"call.consult":          {right: Control, flags: act | onCall, do: on(callConsult)},
	"call.transfer":         {right: Control, flags: act | onCall, do: on(callTransfer)},
	"call.completeTransfer": {right: Control, flags: act | onCall, do: on(callComplete)},
	"call.reconnect":        {right: Control, flags: act, do: on(callReconnect)},
	"call.conference":       {right: Control, flags: act, do: on(callConference)},
	"call.split":            {right: Control, flags: act | onCall, do: on(callSplit)},
	"call.addParticipant":   {right: Control, flags: act, do: on(callAdd)},
	"call.dropParticipant":  {right: Control, flags: act, do: on(callDrop)},
	"call.muteParticipant":  {right: Control, flags: act, do: on(callMuteOther)},
	"call.dtmf":             {right: Control, flags: act | onCall | long, do: on(callDTMF)},
	"call.mute":             {right: Control, flags: act, do: on(callMute)},
	"call.legA":             {right: Control, flags: act | onCall, do: on(callLegA)},
	"call.moveToPC":         {right: Control, flags: act | onCall, do: on(callMoveToPC)},
	"call.pullFromPC":       {right: Control, flags: act, do: on(callPull)},
	"call.pickUp":           {right: Control, flags: act, do: on(callPickUp)},
	"call.list":             {right: Observe, do: callList},
	"call.note":             {right: Control, flags: act | onCall, do: on(callNote), needs: hasLog, why: noPart},

	"appearance.list": {right: Observe, flags: private, do: on(appearanceList)},
	"appearance.take": {right: Control, flags: act, do: on(appearanceTake)},
	"appearance.join": {right: Control, flags: act, do: on(appearanceJoin)},
	"presence.list":   {right: Observe, flags: private, do: on(presenceList)},
	"presence.set":    {right: Control, flags: act, do: on(presenceSet)},

	"line.list":          {right: Observe, do: lineList},
	"line.forward.get":   {right: Observe, flags: private, do: on(forwardGet), needs: hasRules, why: noPart},
	"line.forward.set":   {right: Control, flags: act | private, do: on(forwardSet), needs: hasRules, why: noPart},
	"line.dnd.set":       {right: Control, flags: act | private, do: on(dndSet), needs: hasRules, why: noPart},
	"line.simring.set":   {right: Control, flags: act | private, do: on(simringSet), needs: hasRules, why: noPart},
	"line.team.set":      {right: Control, flags: act | private, do: on(teamSet), needs: hasRules, why: noPart},
	"line.workHours.set": {right: Control, flags: act | private, do: on(workHoursSet), needs: hasRules, why: noPart},
	"rules.get":          {right: Observe, flags: private, do: rulesGet, needs: hasRules, why: noPart},
	"rules.set":          {right: Control, flags: act | private, do: on(rulesSet), needs: hasRules, why: noPart},
	"line.bootstrap":     {right: Provision, flags: act | long | granting, do: on(lineBootstrap), needs: hasAccounts, why: noPart},
	"mwi.get":            {right: Observe, do: on(mwiGet)},
	"voicemail.call":     {right: Control, flags: act, do: on(voicemailCall)},
	"voicemail.list":     {right: Observe, flags: long | private, do: on(voicemailList), needs: hasVoicemail, why: noPart},
	"voicemail.play":     {right: Control, flags: act | private, do: on(voicemailPlay), needs: hasVoicemail, why: noPart},
	"voicemail.pause":    {right: Control, flags: act | private, do: on(voicemailPause), needs: hasVoicemail, why: noPart},
	"voicemail.stop":     {right: Control, flags: act | private, do: voicemailStop, needs: hasVoicemail, why: noPart},

	"device.get":        {right: Observe, do: deviceGet},
	"device.volume.set": {right: DeviceRight, flags: act, do: on(volumeSet)},
	"device.ringer.set": {right: DeviceRight, flags: act, do: on(ringerSet)},
	"device.speaker":    {right: DeviceRight, flags: act, do: on(speakerSet)},
	"device.backlight":  {right: DeviceRight, flags: act, do: on(backlightSet), needs: func(s *Services) bool { return s.Backlight != nil }, why: noPart},
	"device.display":    {right: DeviceRight, flags: act, why: noPart},

	"log.list":        {right: Observe, flags: private, do: on(logList), needs: hasLog, why: noPart},
	"log.note":        {right: Control, flags: act | private, do: on(logNote), needs: hasLog, why: noPart},
	"log.add":         {right: Control, flags: act | private, do: on(logAdd), needs: hasLog, why: noPart},
	"log.delete":      {right: Control, flags: act | private, do: on(logDelete), needs: hasLog, why: noPart},
	"log.import":      {right: Control, flags: act | private, do: on(logImport), needs: hasLog, why: noPart},
	"contacts.list":   {right: Observe, flags: private, do: on(contactsList), needs: hasContacts, why: noPart},
	"contacts.put":    {right: Control, flags: act | private, do: on(contactsPut), needs: hasContacts, why: noPart},
	"contacts.delete": {right: Control, flags: act | private, do: on(contactsDelete), needs: hasContacts, why: noPart},
	"diag.stats":      {right: Observe, do: on(diagStats), needs: func(s *Services) bool { return s.Stats != nil }, why: noPart},

	"number.explain": {right: Observe, do: on(numberExplain)},

	"trace.list": {right: Observe, flags: private, do: on(traceList), needs: hasTraces, why: noPart},
	"trace.get":  {right: Observe, flags: private, do: on(traceGet), needs: hasTraces, why: noPart},

	"cred.capabilities": {right: Provision, flags: granting, do: credCapabilities, needs: hasCredentials, why: noPart},
	"cred.csr":          {right: Provision, why: "this phone signs in by digest, not by certificate"},
	"cred.installCert":  {right: Provision, flags: act, why: "this phone signs in by digest, not by certificate"},
	"cred.install":      {right: Provision, flags: act | long | granting, do: on(credInstall), needs: hasCredentials, why: noPart},
	"cred.status":       {right: Provision, do: on(credStatus), needs: hasCredentials, why: noPart},
	"cred.clear":        {right: Provision, flags: act, do: on(credClear), needs: hasCredentials, why: noPart},
	"lock.hostState":    {right: LockRight, do: on(lockHostState), needs: func(s *Services) bool { return s.Lock != nil }, why: noPart},
}

func hasRules(s *Services) bool       { return s.Rules != nil }
func hasLog(s *Services) bool         { return s.Log != nil }
func hasTraces(s *Services) bool      { return s.Traces != nil }
func hasVoicemail(s *Services) bool   { return s.Voicemail != nil }
func hasContacts(s *Services) bool    { return s.Contacts != nil }
func hasCredentials(s *Services) bool { return s.Credentials != nil }
func hasAccounts(s *Services) bool    { return s.Accounts != nil }
