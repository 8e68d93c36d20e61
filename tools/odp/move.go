package main

type moveCmd struct {
	Program string `arg:"" help:"SIP address of a program on this computer, like sip:anna-pc@pbx.example."`
	Call    string `help:"Call; the one you speak in if left out." placeholder:"CALL"`
}

func (moveCmd) Help() string {
	return `Moves a call from the phone to a SIP program, to go on with video for example. You speak at the phone until the program has the call; the phone can stay its sound card.

Examples:
  odp move sip:anna-pc@pbx.example`
}

// Run implements the command.
func (c *moveCmd) Run(sh *shell) error {
	return sh.on(c.Call, "to move", can("moveToPC"), "call.moveToPC", params{"pcTarget": c.Program})
}

type pullCmd struct {
	From    string `arg:"" help:"SIP address of the program that has the call, or of the far side."`
	Dialog  string `help:"Call-ID of the call there." required:"" placeholder:"ID"`
	FromTag string `help:"Tag of the other end of that call." required:"" placeholder:"TAG"`
	ToTag   string `help:"Tag of the end that is named here." required:"" placeholder:"TAG"`
}

func (pullCmd) Help() string {
	return `Takes a call to the phone that a SIP program has. The program, or whoever works it, knows the Call-ID and the tags. Where the phone stayed between the two, which "odp status" shows as a held call, "odp resume" takes it back.`
}

// Run implements the command.
func (c *pullCmd) Run(sh *shell) error {
	if _, err := sh.ready(); err != nil {
		return err
	}
	return sh.act("call.pullFromPC", params{"target": c.From, "replaces": params{"callId": c.Dialog, "fromTag": c.FromTag, "toTag": c.ToTag}})
}
