package pc

import (
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"opendeskphone/firmware/tpcp"
	"opendeskphone/tools/lab"
	"opendeskphone/tools/odp/pc/api"
	"opendeskphone/tools/odp/pc/keep"
)

// Build builds odp into a folder, and gives its path.
func Build(ctx context.Context, folder string) (string, error) {
	path := filepath.Join(folder, "odp")
	// The test may be another user than the owner of the tree, of which git would then say nothing.
	if out, err := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-o", path, "opendeskphone/tools/odp").CombinedOutput(); err != nil {
		return "", fmt.Errorf("pc: build odp: %w: %s", err, out)
	}
	return path, nil
}

// Program is odp on a host of the lab, as somebody uses it who has a phone on the network.
type Program struct {
	Home string   // of the user
	Env  []string // of the user, as "KEY=value"
	host *lab.Namespace
	path string
	name string
	runs int
	*lab.Process
	agent *api.Client
}

// Install has the computer be a host, for a user by this name, with odp's agent running and connected to a phone that knows it.
func (c *Computer) Install(ctx context.Context, host *lab.Namespace, user, odp string, phone netip.Addr, env ...string) (*Program, error) {
	home := filepath.Join(host.Dir(), "home-"+user)
	p := &Program{Home: home, host: host, path: odp, name: "odp-" + user, agent: api.NewClient(keep.Folder(home + "/run/odp")), Env: append([]string{"HOME=" + home, "XDG_RUNTIME_DIR=" + home + "/run",
		"XDG_STATE_HOME=" + home + "/state", "XDG_DATA_HOME=" + home + "/data", "XDG_CONFIG_HOME=" + home + "/config"}, env...)}
	if err := errors.Join(os.MkdirAll(home+"/run", 0o700), c.introduce(keep.Folder(home+"/state/odp"), phone)); err != nil {
		return nil, fmt.Errorf("pc: %w", err)
	}
	var err error
	if p.Process, err = host.Start(lab.Command{Name: p.name, Argv: []string{odp, "agent"}, Env: p.Env}); err != nil {
		return nil, err
	}
	return p, p.WaitUp(ctx, "the agent of "+user, func(ctx context.Context) (bool, error) {
		said, err := p.Run(ctx, "status")
		return err == nil && strings.Contains(said, " registered"), nil
	})
}

// introduce writes what the agent keeps of the pairing.
func (c *Computer) introduce(state keep.Folder, phone netip.Addr) error {
	return errors.Join(
		state.Save("identity.json", map[string]any{"id": hex.EncodeToString(c.Self.Device[:]), "seed": c.Self.Key.(ed25519.PrivateKey).Seed()}),
		state.Save("pairings.json", []map[string]any{{"phone": "1", "name": "Desk phone", "pairing": c.Record.ID[:], "key": c.Record.Key,
			"linkKey": c.Record.LinkKey[:], "rights": tpcp.AllRights, "addresses": []string{netip.AddrPortFrom(phone, controllers).String()}}}),
	)
}

// Run has a command run to its end, and gives what it said.
func (p *Program) Run(ctx context.Context, args ...string) (said string, err error) {
	p.runs++
	c, err := p.host.Start(lab.Command{Name: fmt.Sprint(p.name, "-", p.runs), Argv: append([]string{p.path}, args...), Env: p.Env})
	if err != nil {
		return "", err
	}
	if err = c.Wait(ctx); err != nil {
		err = fmt.Errorf("odp %s: %w: %s", strings.Join(args, " "), err, c.Log.Since(0))
	}
	return c.Log.Since(0), err
}

// Ask has the agent ask its phone for something without parameters, as a command would. The program is not started for it.
func (p *Program) Ask(ctx context.Context, method string) error {
	return p.agent.Do(ctx, http.MethodPost, "phones/-/"+method, struct{}{}, nil)
}
