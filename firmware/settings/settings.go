// Package settings owns the settings of the phone: one strict TOML file in which every wrong or
// unknown key is named with file and line, laid over the board's defaults and ours; and Store, its
// one writer. The parts are plain data; firmware/device hands each to the adapter it belongs to.
//
// The struct tags below are the one description of a key. Parse checks by them, Manual writes
// docs/SETTINGS.md from them:
//
//	toml   the key            unit   its unit            range  least and greatest number
//	one    its choices        is     its form, see forms eg     an example
//	doc    what it does
package settings

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"opendeskphone/firmware/phone"
)

// Limits of what a file may hold.
const (
	maxFile = 64 << 10 // bytes
	maxText = 255      // bytes of one text
	maxList = 32       // entries of one list
)

// File is the whole of the settings, layers already laid over each other.
type File struct {
	Lines     []Line    `toml:"line" most:"16" doc:"An account, shown as a line of the phone. The first is line 1; at most 16."`
	Phone     Phone     `toml:"phone" doc:"How the phone behaves."`
	Rules     Rules     `toml:"rules" doc:"Who gets the calls that come in. The screen Call rules and computers change them too. Calls are sent on by 302, so that the caller, or the server for him, makes the call anew; beside the phone, others are called by the phone itself."`
	Numbers   Numbers   `toml:"numbers" doc:"Location profiles: what becomes of a number that is typed at this place. They are asked before [phone.plan]; emergency numbers pass them by."`
	Profiles  []Profile `toml:"profile" most:"8" doc:"A location profile; at most 8. Files and the server of [numbers] may have more."`
	SIP       SIP       `toml:"sip" doc:"The SIP user agent, for all lines."`
	STIR      STIR      `toml:"stir" doc:"Verification of callers' numbers (STIR, RFC 8224). A number that fails is shown as not verified; the call rings all the same."`
	Media     Media     `toml:"media" doc:"Voice on the network."`
	Paging    Paging    `toml:"paging" doc:"Announcements to all phones of a multicast group, and from them. They are neither secret nor proof of who speaks: whoever is in the network can listen and speak."`
	Keys      Keys      `toml:"keys" doc:"Keys of other people, and of places to park calls at. They come after the keys of the lines."`
	Presence  Presence  `toml:"presence" doc:"What others are told of the phone's user."`
	Sound     Sound     `toml:"sound" doc:"What is heard."`
	Gateways  Gateways  `toml:"gateways" doc:"Gateways into an old exchange or the telephone network, or other phones, that the phone calls itself, past the servers of its lines (docs/OLD-EXCHANGE.md). They may call the phone, too."`
	Recording Recording `toml:"recording" doc:"Recording of calls, to WAV files on the phone or on a USB stick. In most countries everybody in a call must know of it."`
	Report    Report    `toml:"report" doc:"Reports on how calls sound, and on calls that do not come about, to the collector that a line names. Those that it does not take wait on the phone, at most 64, over a restart too."`
	Trace     Trace     `toml:"trace" doc:"What is kept of calls and sign-ins to look at afterwards."`
	Screen    Screen    `toml:"screen" doc:"What is seen."`
	Lock      Lock      `toml:"lock" doc:"The phone's lock. A phone without a PIN, which is set at the phone, is never locked."`
	TPCP      TPCP      `toml:"tpcp" doc:"Control from paired computers (docs/TPCP.md)."`
	USB       USB       `toml:"usb" doc:"The cable to a PC. A change takes the phone off the PC for a moment."`
	Network   Network   `toml:"network" doc:"The phone in its network. A change is taken up within seconds."`
}

// Line is an account.
type Line struct {
	AOR            string   `toml:"aor" is:"sip" eg:"sip:100@pbx.example" doc:"Address of record. The one key a line must have."`
	Display        string   `toml:"display" eg:"Anna Berg" doc:"Name shown to those who are called."`
	Label          string   `toml:"label" eg:"100" doc:"Short text beside the line key. Empty: the user part of aor."`
	AuthUser       string   `toml:"auth_user" eg:"100" doc:"User name of the digest. Empty: the user part of aor."`
	Password       Secret   `toml:"password" eg:"correct horse" doc:"Password of the digest. Never shown or logged."`
	Registrar      string   `toml:"registrar" is:"host" eg:"pbx.example:5061" doc:"Where to register, as host or host:port. Empty: the domain of aor. Without a port the DNS is asked (RFC 3263)."`
	OutboundProxy  string   `toml:"outbound_proxy" is:"host" eg:"edge.example" doc:"Where every request goes first, as host or host:port. Empty: straight to its target."`
	Transport      string   `toml:"transport" one:"udp tcp tls" doc:"How requests travel. TLS verifies name, chain and dates of the certificate."`
	Certificate    string   `toml:"certificate" is:"path" eg:"/data/phone.pem" doc:"PEM file with the certificate this phone shows to the line's server where that asks for one (mutual TLS); behind it, those of authorities between. Empty: none."`
	CertificateKey string   `toml:"certificate_key" is:"path" eg:"/data/phone.key" doc:"PEM file with the private key of that certificate."`
	Register       bool     `toml:"register" doc:"Register this line. Without it the line is ready at once, for peers without a registrar."`
	Expires        int      `toml:"expires" unit:"s" range:"60 86400" doc:"Lifetime asked for a registration."`
	GRUU           bool     `toml:"gruu" doc:"Name this phone in calls by the address that the registrar gives it for all networks (RFC 5627), where it gives one. false for a server that gives addresses it cannot route."`
	SRTP           string   `toml:"srtp" one:"off optional required" doc:"Encryption of the voice (SRTP). optional offers it beside plain RTP (RFC 8643); required never agrees to plain RTP, nor to keys in signalling that is not TLS."`
	Keys           string   `toml:"keys" one:"sdes dtls" doc:"Where the keys of an encryption that is insisted on come from: sdes, the signalling (RFC 4568), which needs TLS to be worth something; dtls, a handshake between both ends (RFC 5763). It is what is offered first; the other is offered when that is refused, and both are always taken."`
	Dialect        string   `toml:"dialect" one:"rfc ocs" doc:"How the line speaks to its server: as the RFCs say, or as Office Communications Server and Lync expect (epid, gruu-10, ms- headers); its server is given the rules (see [rules])."`
	Numbers        []string `toml:"numbers" is:"e164" eg:"+493055501420" doc:"Telephone numbers of this line, in E.164. The proof that comes with a call (STIR) must be made out to one of them, or to the number the call names."`
	Collector      string   `toml:"report_to" is:"sip" eg:"sip:collector@pbx.example" doc:"Where this line reports on its calls: how each one sounded and why one has not come about (RFC 6035 by PUBLISH; with dialect = ocs as XML by SERVICE). The report names both sides of the call, nothing of what was said. Empty: nowhere."`
	NumberForm     string   `toml:"number_form" one:"phone sip tel" doc:"How numbers in E.164 and with a phone-context are written for the server: phone, sip:+49...@domain;user=phone (RFC 3261); sip, the same without user=phone; tel, tel:+49..., and others as tel:201;phone-context=domain (RFC 3966)."`
	Voicemail      string   `toml:"voicemail" eg:"*97" doc:"Number or SIP address of this line's mailbox, which the Voicemail key calls and a call declined to voicemail is sent to. Empty: as the server says (RFC 3842), if that is in the domain of aor."`
	VoicemailBy    string   `toml:"voicemail_by" one:"redirect busy" doc:"How a call that rings is sent to voicemail. redirect: the caller is told to call the mailbox (302); busy: he is told busy, for a server that takes a message then."`
	MWI            bool     `toml:"mwi" doc:"Ask the registrar for news of the mailbox (RFC 3842). News that it sends unasked are taken all the same."`
	Mailbox        string   `toml:"mailbox" is:"host" eg:"mail.example" doc:"Server that gives out the voice messages of this line by IMAP over TLS, as host or host:port. Without a port 993. Empty: they are heard by calling the mailbox."`
	MailboxUser    string   `toml:"mailbox_user" eg:"100" doc:"User name at that server."`
	MailboxPass    Secret   `toml:"mailbox_password" eg:"correct horse" doc:"Password at that server. Never shown or logged."`
	MailboxFolder  string   `toml:"mailbox_folder" eg:"INBOX" doc:"Folder the messages lie in."`
	Withhold       bool     `toml:"withhold" doc:"Calls do not tell who calls (RFC 3323, RFC 3325); emergency calls always do."`
	Appearances    int      `toml:"appearances" range:"0 8" doc:"The line is shared with the other phones of the same address, and has so many appearances: keys behind those of the lines that show which calls of any of these phones stand where (RFC 7463, by the dialog package of the server). Pressed, a free one begins a call, and one that another phone holds takes that call over. 0: it is not shared."`
	BargeIn        string   `toml:"barge_in" one:"deny ask allow" doc:"What happens when another phone of a shared line wants to join a call of this one (RFC 3911): deny, it may not; ask, it rings, and answering lets it in; allow, it is in at once, for a server that lets nobody else call by the line's address. Everybody in the call hears a tone. An emergency call is joined by nobody."`
	Peers          []string `toml:"peers" is:"peer" eg:"192.0.2.10" doc:"Addresses, prefixes or hosts that may call besides the registrar and the proxy."`
	NAT            string   `toml:"nat" one:"off stun ice" doc:"How calls get through NATs. off: our own address, answered where voice comes from (symmetric RTP); stun: the address a STUN server sees; ice: all addresses there are, tried in pairs with the far side's, for far sides that can (RFC 8445)."`
	STUN           string   `toml:"stun_server" is:"host" eg:"stun.example" doc:"STUN server of nat, as host or host:port. Without a port 3478. Needed with stun."`
	TURN           string   `toml:"turn_server" is:"turn" eg:"turns:relay.example?transport=tcp" doc:"TURN server of ice (RFC 7065): turn: is plain and turns: is TLS, transport udp or tcp. It carries the voice where nothing else works."`
	TURNUser       string   `toml:"turn_user" eg:"desk-7" doc:"User name at the TURN server."`
	TURNPassword   Secret   `toml:"turn_password" eg:"correct horse" doc:"Password at the TURN server. Never shown or logged."`
	Factory        string   `toml:"conference_factory" is:"sip" eg:"sip:conference@pbx.example" doc:"Address that makes conferences at the server of this line (RFC 4579). Calls that are joined are then moved there; where that does not work they stay joined at the phone. Empty: the phone holds conferences itself."`
	Provisioned    bool     `toml:"provisioned" doc:"Ask the registrar, once the line is registered, for what it hands down to it (RFC 6080, docs/PROVISIONING.md): the TURN server of nat = ice with name and password, where reports go, mailbox, conference factory, dial plan. What is set here goes before it. Needs transport = tls, for it may hold a password."`
	Codecs         []string `toml:"codecs" one:"opus G722 PCMA PCMU L16" eg:"G722" doc:"Codecs of this line in order of preference. Empty: those of [media]."`
}

// Report is what is reported of calls.
type Report struct {
	Interval      int `toml:"interval" unit:"s" range:"0 3600" doc:"Report on a call that goes on every so often. 0: at its end alone; else at least 10."`
	MOSWarning    int `toml:"mos_warning" unit:"tenths" range:"0 45" doc:"Warn the collector at once when the estimated opinion of the call (MOS-CQ, 1 to 4.5) falls to this, 35 for 3.5. 0: never. Warnings are for dialect = rfc."`
	MOSCritical   int `toml:"mos_critical" unit:"tenths" range:"0 45" doc:"The same as critical."`
	LossWarning   int `toml:"loss_warning" unit:"%" range:"0 100" doc:"Warn when so much of what should be heard is lost or late. 0: never."`
	LossCritical  int `toml:"loss_critical" unit:"%" range:"0 100" doc:"The same as critical."`
	DelayWarning  int `toml:"delay_warning" unit:"ms" range:"0 5000" doc:"Warn when the way there and back takes so long. 0: never."`
	DelayCritical int `toml:"delay_critical" unit:"ms" range:"0 5000" doc:"The same as critical."`
}

// Phone is the behaviour part, for the centre.
type Phone struct {
	DigitMap    string   `toml:"digit_map" is:"digitmap" eg:"[2-7]xxx|0x.T" doc:"When a typed number is complete (RFC 3435 §2.1.5): x any digit, [1-5] a set, . repeats, T waits for inter_digit, | between alternatives."`
	InterDigit  int      `toml:"inter_digit" unit:"s" range:"1 30" doc:"Pause after which a number that may be complete is called."`
	RingTime    int      `toml:"ring_time" unit:"s" range:"5 600" doc:"How long a call rings here before it counts as missed."`
	CallTime    int      `toml:"call_time" unit:"s" range:"5 600" doc:"How long it may ring there before the phone gives up."`
	HandsFree   string   `toml:"hands_free" one:"speaker headset" doc:"Where a call is heard that begins with the handset down."`
	CallWaiting bool     `toml:"call_waiting" doc:"A second call may ring during a call; else the caller hears busy."`
	Follow      bool     `toml:"follow_transfers" doc:"The far side of a call may send the phone on to somebody else, whom it then calls."`
	Emergency   []string `toml:"emergency" is:"digits" eg:"112" doc:"Numbers that may always be called, on any line that works."`
	Intercom    []string `toml:"intercom" eg:"201" doc:"Numbers or SIP addresses whose calls the phone answers by itself, after a warning tone, if they ask for it (Call-Info, Alert-Info, Answer-Mode) and nobody is using it."`
	OpenMic     bool     `toml:"intercom_open_mic" doc:"Such a call hears the room at once. Else the phone answers muted."`
	Hotline     string   `toml:"hotline" eg:"201" doc:"Number that is called when the handset is lifted, or begun on the loudspeaker or headset by their keys. Numbers typed with the handset down are called as ever. Empty: none."`
	HotlineWait int      `toml:"hotline_wait" unit:"s" range:"0 30" doc:"How long nobody may type before the hotline is called. 0: at once."`

	RefuseAnonymous bool `toml:"refuse_anonymous" doc:"Turn away callers who withhold their number (433, RFC 5079); not for half an hour after an emergency call, and never an emergency service that calls back."`

	Plan Plan `toml:"plan" doc:"How national numbers become international ones (E.164)."`
}

// Plan is the number plan.
type Plan struct {
	Country       string `toml:"country" is:"code" eg:"49" doc:"Country calling code without +. Empty: numbers stay as typed."`
	International string `toml:"international" is:"code" eg:"00" doc:"Prefix of numbers abroad."`
	National      string `toml:"national" is:"code" eg:"0" doc:"Prefix of numbers elsewhere in the country."`
	Area          string `toml:"area" is:"code" eg:"30" doc:"The own area code, without the national prefix."`
	Extension     int    `toml:"extension" unit:"digits" range:"0 10" doc:"Numbers of up to so many digits are internal."`
	DialE164      bool   `toml:"dial_e164" doc:"Send the international form to the server instead of what was typed."`
}

// Numbers say where location profiles come from, and which is in force.
type Numbers struct {
	Location string   `toml:"location" eg:"Redmond" doc:"Name of the profile in force. Empty: the first there is, of the settings, then of the files, then those handed down to a line, then of the server."`
	Files    []string `toml:"files" is:"path" eg:"/data/redmond.xml" doc:"XML files with a LocationProfileDescription each."`
	URL      string   `toml:"url" is:"https" eg:"https://pbx.example/config" doc:"Where profiles are fetched from: XML with a LocationProfileDescription, or JSON (docs/NUMBERS.md). Who is believed there says [sip]. What was fetched stays in force until the server has something else that is right."`
	Poll     int      `toml:"poll" unit:"min" range:"5 1440" doc:"How often it is asked for changes."`
}

// Profile is a location profile.
type Profile struct {
	Name     string   `toml:"name" eg:"Redmond" doc:"Name of the place."`
	Rules    []string `toml:"rules" is:"rewrite" eg:"^(\\d{4})$ => +1425555$1 internal" doc:"Rules as pattern => translation; the first whose pattern matches the whole number wins. Patterns are regular expressions of RE2, $1 to $9 their groups. The result begins with + or carries ;phone-context=. internal behind it: for extensions, not applied behind the access prefix; wait: what it matches is not dialled by itself."`
	Access   string   `toml:"access_prefix" is:"access" eg:"9" doc:"Digits that lead outside."`
	Optimize bool     `toml:"optimize_dialing" doc:"Dial a number as soon as a rule matches and no more digits can come: extensions, and numbers behind the access prefix, which is taken away before the rules."`
}

// profile makes the profile that the rules are; they were checked when they were read.
func (p *Profile) profile() (*phone.Profile, error) {
	out := &phone.Profile{Name: p.Name, Access: p.Access, Optimize: p.Optimize}
	for _, text := range p.Rules {
		r, err := parseRewrite(text)
		if err != nil {
			return nil, err
		}
		out.Rules = append(out.Rules, r)
	}
	return out, out.Validate()
}

// parseRewrite reads a rule: pattern => translation, and what it is for.
func parseRewrite(s string) (r phone.Rewrite, err error) {
	pattern, rest, ok := strings.Cut(s, "=>")
	words := strings.Fields(rest)
	if !ok || len(words) == 0 {
		return r, errors.New("it lacks => and a translation")
	}
	r.Translation, r.Device = words[0], true
	for _, w := range words[1:] {
		switch w {
		case "internal":
			r.Internal = true
		case "wait":
			r.Device = false
		default:
			return r, fmt.Errorf("%q is neither internal nor wait", shorten(w))
		}
	}
	r.Pattern, err = phone.ParsePattern(strings.TrimSpace(pattern))
	return r, err
}

// profile is the one in force of the settings' own, nil if that is another's.
func (f *File) profile() *phone.Profile {
	for i := range f.Profiles {
		if f.Numbers.Location == "" || f.Profiles[i].Name == f.Numbers.Location {
			if p, err := f.Profiles[i].profile(); err == nil {
				return p
			}
		}
	}
	return nil
}

// SIP is the user agent as a whole.
type SIP struct {
	Port        int      `toml:"port" range:"0 65535" doc:"Port to listen on, UDP and TCP. 0: any that is free."`
	UDP         bool     `toml:"udp" doc:"Listen on UDP."`
	TCP         bool     `toml:"tcp" doc:"Listen on TCP."`
	SystemRoots bool     `toml:"system_roots" doc:"Believe the certificate authorities of the system image."`
	ExtraRoots  []string `toml:"extra_roots" is:"path" eg:"/data/office-ca.pem" doc:"PEM files with further certificate authorities to believe."`
	DSCP        int      `toml:"dscp" range:"-1 63" doc:"Mark of SIP packets for the network's quality of service. -1: what the switch says by LLDP-MED of voice signaling, else 24, CS3 (RFC 4594)."`
	Strangers   bool     `toml:"strangers" doc:"Take requests from anybody. Else only the registrar, the proxy and the peers of a line get an answer, and a stranger's call does not ring."`
}

// STIR is how the numbers of callers are verified.
type STIR struct {
	Roots        []string `toml:"roots" is:"path" eg:"/data/sti-pa.pem" doc:"PEM files with the authorities trusted to sign for telephone numbers. Empty: the phone verifies nothing itself and shows what its server says."`
	Certificates []string `toml:"certificates" is:"path" eg:"/data/carrier.pem" doc:"PEM files with the certificates of signers, leaf first; of these none has to be fetched."`
	Fetch        bool     `toml:"fetch" doc:"Fetch the certificates of other signers from where a call says they are (x5u): by https, from public addresses, in the background. It tells whoever runs that server, which the caller chose, that the phone rings, and its address."`
}

// Media is voice on the network.
type Media struct {
	Codecs    []string `toml:"codecs" one:"opus G722 PCMA PCMU L16" eg:"opus" doc:"Codecs in order of preference."`
	PortMin   int      `toml:"port_min" range:"1024 65534" doc:"First port of RTP. A call takes two."`
	PortMax   int      `toml:"port_max" range:"1025 65535" doc:"Last port of RTP."`
	DSCP      int      `toml:"dscp" range:"-1 63" doc:"Mark of voice packets for the network's quality of service. -1: what the switch says by LLDP-MED, else 46, EF (RFC 4594)."`
	RTCPMux   bool     `toml:"rtcp_mux" doc:"Offer to have voice and its reports on one port (RFC 5761)."`
	Ptime     int      `toml:"ptime" unit:"ms" one:"10 20 40 60" doc:"Voice in one packet."`
	JitterMin int      `toml:"jitter_min" unit:"ms" range:"0 500" doc:"Least delay of the jitter buffer."`
	JitterMax int      `toml:"jitter_max" unit:"ms" range:"20 1000" doc:"Greatest delay of the jitter buffer."`
}

// Paging is multicast paging.
type Paging struct {
	Groups []string `toml:"groups" is:"page" eg:"700=224.0.1.75:5004" doc:"Groups as number=address:port, at most 31, the most important first: the page of one cuts that of a later one. Dial the number to speak to the group."`
	Over   int      `toml:"over_calls" range:"0 31" doc:"So many groups, from the first, are heard during a call too, which is held meanwhile. None breaks into an emergency call."`
	Codec  string   `toml:"codec" one:"PCMA PCMU G722 opus" doc:"Codec to speak with. All are heard: G.711 and G.722 by their static payload types, Opus as payload type 111."`
	Volume int      `toml:"volume" range:"0 15" doc:"Volume of pages on the loudspeaker. The volume keys change it while one is heard."`
}

// Addresses are those of the groups.
func (p *Paging) Addresses() []netip.AddrPort {
	var out []netip.AddrPort
	for _, g := range p.Groups {
		_, at, _ := strings.Cut(g, "=")
		if a, err := netip.ParseAddrPort(at); err == nil {
			out = append(out, a)
		}
	}
	return out
}

// numbers are those by which the groups are called.
func (p *Paging) numbers() []string {
	var out []string
	for _, g := range p.Groups {
		number, _, _ := strings.Cut(g, "=")
		out = append(out, number)
	}
	return out
}

// Sound is what is heard.
type Sound struct {
	Country       string `toml:"country" one:"us uk de fr" doc:"Whose dial, busy and ringback tones are played."`
	RingTone      string `toml:"ring_tone" eg:"Classic" doc:"Name of the ring tone, as the settings screen lists it. Empty: the first."`
	RingVolume    int    `toml:"ring_volume" range:"0 15" doc:"Volume of the ringer when the phone is new; 0 is off. The volume keys change it later, and the phone remembers."`
	HandsetVolume int    `toml:"handset_volume" range:"0 15" doc:"Volume of the handset when the phone is new."`
	HeadsetVolume int    `toml:"headset_volume" range:"0 15" doc:"Volume of the headset when the phone is new."`
	SpeakerVolume int    `toml:"speaker_volume" range:"0 15" doc:"Volume of the loudspeaker when the phone is new."`
	Sidetone      int    `toml:"sidetone" unit:"dB" range:"0 40" doc:"How loud you hear yourself in handset and headset: the loss from mouth to ear of a handset of nominal loudness (STMR, ITU-T P.79). More is softer, 0 is none. It is as late as the sound card; where that makes an echo of it, set 0 and use the card's own."`
	SuppressNoise bool   `toml:"suppress_noise" doc:"Take the room's noise out of what the far side hears. Without it music may be played to the microphone."`
	LevelVoice    bool   `toml:"level_voice" doc:"Bring every talker to the same loudness, near or far from the microphone (-19 dBm0)."`
	Playback      string `toml:"playback" eg:"hw:0" doc:"Sound card to play on. Empty: the board's."`
	Capture       string `toml:"capture" eg:"hw:1,1" doc:"Sound card to listen to. Empty: the board's."`
}

// Trace is what is kept to look at afterwards.
type Trace struct {
	Keep bool `toml:"keep" doc:"Keep the SIP messages of the last calls and sign-ins, and what became of their sound, in memory until the phone restarts. Keys, passwords and key presses are removed. Without it nothing is kept, and what there was is forgotten at once."`
}

// OnStick is the value of Recording.On by which recordings go to a USB stick.
const OnStick = "stick"

// Recording is how calls are recorded.
type Recording struct {
	Allowed bool   `toml:"allowed" doc:"Calls may be recorded, by More during a call."`
	Tone    bool   `toml:"tone" doc:"The far side hears a tone every 15 s of a recorded call: half a second of 1400 Hz."`
	On      string `toml:"on" one:"phone stick" doc:"Where recordings go: phone, or stick, a USB stick at the phone (FAT, exFAT or ext4), into its folder recordings, with the phone in its place while there is none. It may be pulled whenever nothing is recorded onto it. The files on it are not encrypted."`
	Quota   int    `toml:"quota" unit:"MB" range:"10 100000" doc:"What all recordings on the phone together may take; a minute takes 3.84 MB. When it is used up nothing more is recorded until some are deleted."`
}

// Screen is what is seen.
type Screen struct {
	LargeText  bool   `toml:"large_text" doc:"Larger text in lists, menus and notes, on displays of 800x480 and more."`
	Theme      string `toml:"theme" one:"auto light dark hc_light hc_dark" doc:"Colours. auto is light by day and dark by night; hc is high contrast."`
	Language   string `toml:"language" one:"en de ar" doc:"Language of the screens."`
	Brightness int    `toml:"brightness" unit:"%" range:"10 100" doc:"Brightness of the display in use."`
	TimeZone   string `toml:"time_zone" is:"zone" eg:"Europe/Berlin" doc:"Zone of all times shown, as in the IANA time zone database."`
}

// Lock is how the phone locks.
type Lock struct {
	Idle         int    `toml:"idle" unit:"min" range:"0 1440" doc:"Lock the phone after so long without use. 0: never by itself."`
	Dial         string `toml:"dial" one:"emergency internal any" doc:"What a locked phone may call besides emergency numbers: nothing, extensions of the plan, or everything."`
	WithPC       bool   `toml:"with_pc" doc:"Lock the phone when the paired computer is locked."`
	UnlockWithPC bool   `toml:"unlock_with_pc" doc:"Unlock it when the user unlocks that computer, with the cable plugged in."`
}

// TPCP is the control port.
type TPCP struct {
	Listen bool `toml:"listen" doc:"Take paired computers from the network. Without it they reach the phone by the cable alone."`
	Port   int  `toml:"port" range:"0 65535" doc:"TCP port for them; it is open only while a computer is paired. 0: any that is free."`
}

// USB is how the phone shows itself to a PC.
type USB struct {
	Enabled bool   `toml:"enabled" doc:"Be seen by a PC at all: as sound card, telephony device and for pairing."`
	Audio   int    `toml:"audio" one:"1 2" doc:"Version of USB Audio. 1 works with every system; 2 needs Windows 10 1703 or later, and follows the phone's clock."`
	Name    string `toml:"name" is:"usbname" eg:"Desk phone 7" doc:"Name of device and sound card on the PC, at most 30 ASCII characters. Empty: the board's."`
	Vendor  int    `toml:"vendor" range:"0 65535" doc:"USB vendor number, for makers of hardware. 0: the board's."`
	Product int    `toml:"product" range:"0 65535" doc:"USB product number of that vendor. Needed with vendor."`
	Wipe    bool   `toml:"wipe_on_unpair" doc:"Forget the sign-in data a PC has handed over when its pairing ends, at either side."`
}

// Network is the phone in its network; the init process reads it too.
type Network struct {
	DHCP     bool     `toml:"dhcp" doc:"Get the address by DHCP. address and gateway are not used then; dns, hostname and ntp, where set, are preferred to what DHCP says. The server is told that this is a phone by the class (option 60) Open Desk Phone, with board and version behind."`
	Address  string   `toml:"address" is:"prefix" eg:"192.0.2.20/24" doc:"Address and prefix length. Needed without dhcp."`
	Gateway  string   `toml:"gateway" is:"ip" eg:"192.0.2.1" doc:"Address of the default gateway."`
	DNS      []string `toml:"dns" is:"ip" eg:"192.0.2.53" doc:"Addresses of DNS servers."`
	Hostname string   `toml:"hostname" is:"hostname" eg:"desk-7" doc:"Name of the phone. Empty: odp- and the end of its Ethernet address."`
	NTP      []string `toml:"ntp" is:"host" eg:"ntp.example" doc:"Time servers."`
	VLAN     string   `toml:"vlan" is:"vlan" eg:"60" doc:"VLAN of the phone, 1 to 4094. auto: the one that the switch names by LLDP-MED, else the one that DHCP names in the untagged network (option 132), else none. none: none. The Cisco Discovery Protocol is not spoken: its readers have been a way into phones, and its switches know LLDP-MED."`
	Priority int      `toml:"priority" range:"-1 7" doc:"802.1p priority of voice on the VLAN. -1: what the switch says by LLDP-MED, else 5."`
}

// What the VLAN can be besides a number.
const (
	AutoVLAN = "auto"
	NoVLAN   = "none"
)

// VoiceDSCP is the mark of voice: by the setting, which may be negative, else by the switch, if it told one.
func VoiceDSCP(set int, told *int) int { return dscp(set, told, 46) } // EF, RFC 4594 §4.1

// SignalingDSCP is the mark of SIP.
func SignalingDSCP(set int, told *int) int { return dscp(set, told, 24) } // CS3, RFC 4594 §4.2

func dscp(set int, told *int, usual int) int {
	switch {
	case set >= 0:
		return set
	case told != nil:
		return *told
	}
	return usual
}

// Default is a phone as it leaves the factory: no lines, nothing of a country.
func Default() File {
	p := phone.DefaultConfig()
	return File{
		Phone: Phone{
			DigitMap: string(p.DigitMap), InterDigit: int(p.InterDigit / time.Second), RingTime: int(p.RingTime / time.Second),
			CallTime: int(p.CallTime / time.Second), HandsFree: p.HandsFree.String(), CallWaiting: p.CallWaiting, Follow: p.Follow, Emergency: p.Emergency,
		},
		Rules:     NewRules(p.Rules),
		Numbers:   Numbers{Poll: 60},
		SIP:       SIP{Port: 5060, UDP: true, TCP: true, SystemRoots: true, DSCP: -1},
		Media:     Media{Codecs: []string{"opus", "G722", "PCMA", "PCMU"}, PortMin: 16384, PortMax: 16483, DSCP: -1, RTCPMux: true, Ptime: 20, JitterMax: 400},
		Keys:      Keys{Line: 1},
		Presence:  Presence{Away: 15},
		Gateways:  Gateways{Transport: "tcp"},
		Paging:    Paging{Codec: "G722", Volume: 10},
		Sound:     Sound{Country: "us", RingVolume: 10, HandsetVolume: 10, HeadsetVolume: 10, SpeakerVolume: 10, Sidetone: 18, SuppressNoise: true, LevelVoice: true},
		Recording: Recording{Tone: true, On: "phone", Quota: 200},
		Report:    Report{MOSWarning: 35, MOSCritical: 28, LossWarning: 3, LossCritical: 10, DelayWarning: 300, DelayCritical: 600},
		Trace:     Trace{Keep: true},
		Screen:    Screen{Theme: "auto", Language: "en", Brightness: 80, TimeZone: "UTC"},
		Lock:      Lock{Idle: 10, Dial: phone.DialEmergency.String(), WithPC: true, UnlockWithPC: true},
		TPCP:      TPCP{Listen: true, Port: 5588},
		USB:       USB{Enabled: true, Audio: 1},
		Network:   Network{DHCP: true, VLAN: AutoVLAN, Priority: -1},
	}
}

// DefaultLine is a line on which nothing has been set.
func DefaultLine() Line {
	return Line{Transport: "udp", Register: true, Expires: 3600, GRUU: true, SRTP: "optional", Keys: "sdes", NAT: "off", Dialect: "rfc", NumberForm: phone.PhoneURI.String(), VoicemailBy: "redirect", BargeIn: phone.BargeAsk.String(), MWI: true, MailboxFolder: "INBOX"}
}

var lockedDials = map[string]phone.LockedDial{
	phone.DialEmergency.String(): phone.DialEmergency, phone.DialInternal.String(): phone.DialInternal, phone.DialAny.String(): phone.DialAny,
}

// URIs is how the line writes numbers.
func (l *Line) URIs() phone.URIForm {
	forms := map[string]phone.URIForm{phone.PlainURI.String(): phone.PlainURI, phone.TelURI.String(): phone.TelURI}
	return forms[l.NumberForm]
}

// Config is the behaviour part as the centre takes it.
func (f *File) Config() phone.Config {
	c := phone.Config{
		DigitMap:    phone.DigitMap(f.Phone.DigitMap),
		InterDigit:  time.Duration(f.Phone.InterDigit) * time.Second,
		RingTime:    time.Duration(f.Phone.RingTime) * time.Second,
		CallTime:    time.Duration(f.Phone.CallTime) * time.Second,
		HandsFree:   phone.Speaker,
		LockedDial:  lockedDials[f.Lock.Dial],
		Recording:   f.Recording.Allowed,
		CallWaiting: f.Phone.CallWaiting,
		Follow:      f.Phone.Follow,
		Emergency:   f.Phone.Emergency,
		Intercom:    f.Phone.Intercom,
		OpenMic:     f.Phone.OpenMic,
		Hotline:     f.Phone.Hotline,
		HotlineWait: time.Duration(f.Phone.HotlineWait) * time.Second,
		Pages:       f.Paging.numbers(),
		PagesOver:   f.Paging.Over,
		Gateways:    f.Gateways.beginnings(),
		PageVolume:  uint8(f.Paging.Volume),
		Location:    f.Numbers.Location,
		Numbering:   phone.Numbering{Plan: phone.NumberPlan(f.Phone.Plan), Profile: f.profile()},
	}
	c.RefuseAnonymous, c.Rules = f.Phone.RefuseAnonymous, f.Rules.config()
	c.Watch, c.WatchLine = f.Keys.watch(), phone.LineID(f.Keys.Line-1)
	c.Pickup, c.GroupPickup = f.Keys.Pickup, f.Keys.GroupPickup
	c.Publish, c.AwayAfter = f.Presence.Publish, time.Duration(f.Presence.Away)*time.Minute
	if f.Phone.HandsFree == phone.Headset.String() {
		c.HandsFree = phone.Headset
	}
	for _, l := range f.Lines {
		c.Lines = append(c.Lines, phone.LineConfig{AOR: l.AOR, Label: l.ShownLabel(), Display: l.Display, Withhold: l.Withhold, Factory: l.Factory, URIs: l.URIs(), Appearances: uint8(l.Appearances), BargeIn: phone.ParseBargeIn(l.BargeIn),
			Mailbox: l.Voicemail, MailboxOnBusy: l.VoicemailBy == "busy"})
	}
	return c
}

// User is the user part of the line's address, "100" of sip:100@pbx.example.
func (l *Line) User() string {
	user, _ := splitAOR(l.AOR)
	return user
}

// Domain is the domain of the line's address, "pbx.example" of sip:100@pbx.example.
func (l *Line) Domain() string {
	_, domain := splitAOR(l.AOR)
	return domain
}

// ShownLabel is Label, or what stands for it.
func (l *Line) ShownLabel() string {
	if l.Label != "" {
		return l.Label
	}
	return l.User()
}

// clone copies the lists too, so that a patch cannot reach the settings in force.
func (f *File) clone() File {
	c := *f
	c.Lines = slices.Clone(f.Lines)
	for i := range c.Lines {
		l := &c.Lines[i]
		l.Peers, l.Codecs, l.Numbers = slices.Clone(l.Peers), slices.Clone(l.Codecs), slices.Clone(l.Numbers)
	}
	c.Profiles = slices.Clone(f.Profiles)
	for i := range c.Profiles {
		c.Profiles[i].Rules = slices.Clone(c.Profiles[i].Rules)
	}
	c.Numbers.Files = slices.Clone(f.Numbers.Files)
	c.Phone.Emergency, c.Phone.Intercom = slices.Clone(f.Phone.Emergency), slices.Clone(f.Phone.Intercom)
	c.Rules = f.Rules.clone()
	c.Keys.People, c.Keys.Places = slices.Clone(f.Keys.People), slices.Clone(f.Keys.Places)
	c.Gateways.Routes = slices.Clone(f.Gateways.Routes)
	c.Paging.Groups = slices.Clone(f.Paging.Groups)
	c.SIP.ExtraRoots = slices.Clone(f.SIP.ExtraRoots)
	c.STIR.Roots, c.STIR.Certificates = slices.Clone(f.STIR.Roots), slices.Clone(f.STIR.Certificates)
	c.Media.Codecs = slices.Clone(f.Media.Codecs)
	c.Network.DNS, c.Network.NTP = slices.Clone(f.Network.DNS), slices.Clone(f.Network.NTP)
	return c
}
